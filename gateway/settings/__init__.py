"""The settings: one TOML file, every key typed, none unknown.

A value that is missing, unknown or impossible stops the start with the name of its key. Secrets are never values:
a setting names the file that holds one. Relative paths are taken from the folder of the settings file.
"""

from gateway.settings.file import load
from gateway.settings.whole import Settings

__all__ = ["Settings", "load"]
