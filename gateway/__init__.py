"""The imaging-sharing gateway: reports and image manifests to a document registry, images to who may see them.

Read ``flow/share.py`` first, then ``model/``, then whichever adapter you need.
"""

__version__ = "0.1.0"
