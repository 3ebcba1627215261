"""What the DICOMweb door can do, as WADL (DICOM PS3.18 section 8.9 and annex H)."""

from __future__ import annotations

from lxml import etree

_WADL = "http://wadl.dev.java.net/2009/02"
_DICOM = 'multipart/related; type="application/dicom"'
_PICTURES = ('multipart/related; type="image/jpeg"', 'multipart/related; type="image/png"')
_RESOURCES = (
    ("studies", ("application/dicom+json",)),
    ("studies/{study}", (_DICOM,)),
    ("studies/{study}/metadata", ("application/dicom+json",)),
    ("studies/{study}/rendered", _PICTURES),
    ("studies/{study}/thumbnail", ("image/jpeg", "image/png")),
    ("studies/{study}/series", ("application/dicom+json",)),
    ("studies/{study}/instances", ("application/dicom+json",)),
    ("studies/{study}/series/{series}", (_DICOM,)),
    ("studies/{study}/series/{series}/metadata", ("application/dicom+json",)),
    ("studies/{study}/series/{series}/rendered", _PICTURES),
    ("studies/{study}/series/{series}/instances", ("application/dicom+json",)),
    ("studies/{study}/series/{series}/thumbnail", ("image/jpeg", "image/png")),
    ("studies/{study}/series/{series}/instances/{instance}", (_DICOM, "application/dicom")),
    ("studies/{study}/series/{series}/instances/{instance}/metadata", ("application/dicom+json",)),
    ("studies/{study}/series/{series}/instances/{instance}/rendered", ("image/jpeg", "image/png")),
    (
        "studies/{study}/series/{series}/instances/{instance}/frames/{frames}",
        ('multipart/related; type="application/octet-stream"', 'multipart/related; type="image/jls"'),
    ),
    ("studies/{study}/series/{series}/instances/{instance}/frames/{frame}/rendered", ("image/jpeg", "image/png")),
    (
        "studies/{study}/series/{series}/instances/{instance}/bulkdata/{tag}",
        ('multipart/related; type="application/octet-stream"',),
    ),
)
_HEADERS = (("Accept", False), ("Authorization", False), ("KOS-SOPInstanceUID", False))


def wadl(public_url: str) -> bytes:
    """The description of the door of the gateway at *public_url*."""
    root = etree.Element(f"{{{_WADL}}}application", nsmap={None: _WADL})  # type: ignore[dict-item]
    resources = etree.SubElement(root, f"{{{_WADL}}}resources", base=f"{public_url}/dicom-web")
    for path, media_types in _RESOURCES:
        one = etree.SubElement(resources, f"{{{_WADL}}}resource", path=path)
        method = etree.SubElement(one, f"{{{_WADL}}}method", name="GET")
        request = etree.SubElement(method, f"{{{_WADL}}}request")
        for name, required in _HEADERS:
            attributes = {"name": name, "style": "header", "required": str(required).lower()}
            etree.SubElement(request, f"{{{_WADL}}}param", attributes)
        response = etree.SubElement(method, f"{{{_WADL}}}response", status="200 206")
        for media_type in media_types:
            etree.SubElement(response, f"{{{_WADL}}}representation", mediaType=media_type)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
