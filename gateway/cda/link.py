"""The link to the images, put into a level-3 report and read back from it.

The link stands twice: for machines as ``text/reference/@value`` of the SOP-instance-observation, for people as
``linkHtml/@href`` in the catalog's narrative. The specification's table reads as if the URL were the text itself; the
official rules refuse that and take the reference (IMG-CR-IMG 2024.01 section 4.2.4.5.1.1.1), so it is the reference.
A level-1 report is left alone: its link is in its PDF, written by whoever made it (``gateway.cda.pdf_links``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, urlsplit

from lxml import etree

from gateway.cda import acts, catalog
from gateway.cda.elements import attribute, find, has_template, path, text_of
from gateway.cda.splice import Changes
from gateway.model.link import PATH
from gateway.model.report import Act

_MEDIA_TYPE = "application/dicom"
_SCHEME = re.compile(r"https?://\S+")
_UID = re.compile(r"(?<![0-9.])[0-9]+(?:\.[0-9]+)*")


def linked(content: bytes, root: etree._Element, links: Mapping[str, str], *, missing_only: bool = False) -> bytes:
    """The document *content*, parsed as *root*, with *links* (Study Instance UID to URL) in its object catalogs.

    Nothing else of it changes: outside the elements that hold the link, or are added for it, the bytes are those of
    *content*; when nothing had to change, it is *content*. With *missing_only* a study keeps the link to a display of
    that study (Invoke Image Display) that it has, whoever put it there. *root* is changed in the same way. A study
    that no catalog names gets an entry, in the section of its act where that can be told; an act's section without a
    catalog gets one. Raises InputRejected as :func:`gateway.cda.read.read` for unreadable acts.
    """
    return _inserted(root, links, missing_only=missing_only).applied(content)


def shows(url: str, study_uid: str) -> bool:
    """Whether *url* asks for a display of this study (IHE RAD-106, requestType STUDY), wherever that is."""
    try:
        parts = urlsplit(url.strip())
        asked = parse_qs(parts.query)
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and parts.path.endswith(PATH)
        and asked.get("requestType") == ["STUDY"]
        and asked.get("studyUID") == [study_uid]
    )


def _inserted(root: etree._Element, links: Mapping[str, str], *, missing_only: bool) -> Changes:
    changes = Changes(root)
    if find(root, "component/structuredBody") is None:
        return changes
    for study_uid, url in links.items():
        for section, study in list(_places(root, study_uid)) or [_add_study(root, study_uid, changes)]:
            if not (missing_only and any(shows(_url(one), study_uid) for one in catalog.instances(study))):
                _link_study(root, section, study, study_uid, url, changes)
    return changes


def links_of(root: etree._Element) -> dict[str, str]:
    """Study Instance UID to URL, as the catalogs say it; a URL that is the text itself is read too."""
    found: dict[str, str] = {}
    for section in _catalogs(root):
        for study, uids in catalog.studies(section):
            for observation in catalog.instances(study):
                url = _url(observation)
                for uid in uids if _SCHEME.fullmatch(url) else ():
                    found.setdefault(uid, url)
    return found


def _url(observation: etree._Element) -> str:
    text = find(observation, "text")
    return attribute(find(text, "reference"), "value") or text_of(text)


def _catalogs(root: etree._Element) -> Iterator[etree._Element]:
    return (section for section in catalog.sections(root) if has_template(section, catalog.CATALOG_TEMPLATES))


def _places(root: etree._Element, study_uid: str) -> Iterator[tuple[etree._Element, etree._Element]]:
    for section in _catalogs(root):
        for study, uids in catalog.studies(section):
            if study_uid in uids:
                yield section, study


# .. the link of a study that is there


def _link_study(
    root: etree._Element,
    section: etree._Element,
    study: etree._Element,
    study_uid: str,
    url: str,
    changes: Changes,
) -> None:
    observation = next(catalog.instances(study), None)
    if observation is None:
        observation = _add_instance(root, study, study_uid, changes)
    _set_reference(observation, url, changes)
    _set_narrative(section, observation, study_uid, url, changes)


def _add_instance(root: etree._Element, study: etree._Element, study_uid: str, changes: Changes) -> etree._Element:
    """Complete a study act that has no series, or whose series has no instance."""
    act = _act_of(root, study_uid)
    for series in study.iterfind(path("entryRelationship/act")):
        if has_template(series, catalog.SERIES_TEMPLATES):
            observation = catalog.new_instance(act)
            relation = catalog.element("entryRelationship", observation, typeCode="COMP")
            changes.insert(series, relation, catalog.ORDER["act"])
            return observation
    relation = catalog.element("entryRelationship", catalog.new_series(act), typeCode="COMP")
    changes.insert(study, relation, catalog.ORDER["act"])
    return next(catalog.instances(study))


def _set_reference(observation: etree._Element, url: str, changes: Changes) -> None:
    text = find(observation, "text")
    if text is None:
        text = catalog.element("text", catalog.element("reference", value=url), mediaType=_MEDIA_TYPE)
        changes.insert(observation, text, catalog.ORDER["observation"])
        return
    references = text.findall(path("reference"))
    if len(references) == 1 and text.get("mediaType") == _MEDIA_TYPE and not text_of(text):
        if references[0].get("value") != url:
            changes.set(references[0], "value", url)
        return
    changes.rewrite(text, {"mediaType": _MEDIA_TYPE}, catalog.element("reference", value=url))


def _set_narrative(
    section: etree._Element, observation: etree._Element, study_uid: str, url: str, changes: Changes
) -> None:
    """The link a person clicks; added where the narrative has none for the study."""
    text = find(section, "text")
    if text is None:
        text = catalog.element("text")
        changes.insert(section, text, catalog.ORDER["section"])
    anchors = [a for a in text.iter(path("linkHtml")) if not attribute(a, "href").startswith("#")]
    wanted = _anchors_of(text, anchors, observation, study_uid, alone=len(list(catalog.studies(section))) == 1)
    for anchor in wanted:
        if anchor.get("href") != url:
            changes.set(anchor, "href", url)
    if wanted:
        return
    anchor = catalog.element("linkHtml", "Voir les images", href=url)
    place = _referred(text, observation)
    changes.append(*((text, catalog.element("paragraph", anchor)) if place is None else (place, anchor)))


def _anchors_of(
    text: etree._Element,
    anchors: list[etree._Element],
    observation: etree._Element,
    study_uid: str,
    *,
    alone: bool,
) -> list[etree._Element]:
    """The links of the narrative that belong to the study, by the first of four signs that tells.

    The entry refers to the words around it; its address names the study; its table row names the study; it is the
    only link and the study the only one.
    """
    target = _referred(text, observation)
    if target is not None:
        inside = list(target.iter(path("linkHtml")))
        if inside:
            return inside[:1]
    by_address = [anchor for anchor in anchors if study_uid in _UID.findall(attribute(anchor, "href"))]
    if by_address:
        return by_address
    for anchor in anchors:
        row = next(anchor.iterancestors(path("tr")), None)
        if row is not None and study_uid in _UID.findall(text_of(row)):
            return [anchor]
    return anchors if alone and len(anchors) == 1 else []


def _referred(text: etree._Element, observation: etree._Element) -> etree._Element | None:
    reference = attribute(find(observation, "code/originalText/reference"), "value")
    if not reference.startswith("#"):
        return None
    return next((e for e in text.iter(path("content")) if e.get("ID") == reference[1:]), None)


# .. a study that no catalog names


def _add_study(root: etree._Element, study_uid: str, changes: Changes) -> tuple[etree._Element, etree._Element]:
    act = _act_of(root, study_uid)
    event = _event_of(root, study_uid)
    time = find(event, "effectiveTime")
    effective_time = (
        attribute(find(time, "low"), "value")
        or attribute(time, "value")
        or attribute(find(root, "effectiveTime"), "value")
    )
    section = _catalog_for(root, act, changes)
    entry = catalog.new_study(act, effective_time)
    changes.insert(section, entry, catalog.ORDER["section"])
    return section, entry[0]


def _catalog_for(root: etree._Element, act: Act, changes: Changes) -> etree._Element:
    """The catalog of the act's own section, made where it lacks; without such a section the document's own."""
    parent = _procedure_section(root, act)
    own = _catalogs(root) if parent is None else (s for s in parent.iterfind(path("component/section")))
    for section in own:
        if has_template(section, catalog.CATALOG_TEMPLATES):
            return section
    made = catalog.new_catalog(f"{attribute(find(root, 'id'), 'root')}/{act.study_uid}")
    component = catalog.element("component", made)
    if parent is not None:
        changes.insert(parent, component, catalog.ORDER["section"])
    else:
        body = find(root, "component/structuredBody")
        if body is not None:
            changes.append(body, component)
    return made


def _procedure_section(root: etree._Element, act: Act) -> etree._Element | None:
    """The section that describes the act: by its code when one section has it, else by its place among the acts.

    Nothing in the document ties the two otherwise.
    """
    described = [s for s in catalog.sections(root) if has_template(s, catalog.PROCEDURE_TEMPLATES)]
    if act.code is not None:
        coded = [s for s in described if catalog.procedure_code(s) == act.code.code]
        if len(coded) == 1:
            return coded[0]
    documented, _ = acts.acts(root.findall(path("documentationOf")))
    uids = [known.study_uid for known in documented]
    if len(described) == len(uids) and act.study_uid in uids:
        return described[uids.index(act.study_uid)]
    return described[0] if described else None


def _act_of(root: etree._Element, study_uid: str) -> Act:
    """The act of a study as the header documents it; a study the header does not name has its UID alone."""
    documented, _ = acts.acts(root.findall(path("documentationOf")))
    return next((act for act in documented if act.study_uid == study_uid), Act(study_uid=study_uid))


def _event_of(root: etree._Element, study_uid: str) -> etree._Element | None:
    for event in root.iterfind(path("documentationOf/serviceEvent")):
        if any(attribute(element, "root") == study_uid for element in event.findall(path("id"))):
            return event
    return None
