"""The page for integrators, from the profiles: ``python -m gateway.hl7.profiles.page > docs/hl7-profiles.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from gateway import valuesets
from gateway.hl7.profiles import EARLIER_NAMES
from gateway.hl7.profiles.dictionary import field_name
from gateway.hl7.profiles.document import STATEMENTS
from gateway.hl7.profiles.grammar import Field, Profile, Section
from gateway.hl7.profiles.routing import all_profiles
from gateway.model.finding import Severity

_INTRODUCTION = """# HL7 v2 messages, profile by profile

For those who connect a radiology information system, a remote reading platform or an identity manager. This page is
written from the tables by which the gateway judges (`python -m gateway.hl7.profiles.page`); a test keeps both equal.

`gateway hl7 check FILE...` says everything that is wrong with a message: the place (`PID^1^3^1^4`: segment, which of
its name, field, repetition, component), the rule, the code of table 0357 for ERR-3 and, where the national table has
one, for ERR-5. Errors make a message invalid; what official examples get wrong is a warning. `gateway hl7 show FILE`
names every field; `gateway hl7 send FILE --to HOST:PORT` tells the acknowledgement in words.

The listener itself asks for less than the checker: it takes what it can take without guessing.

## Which profile

MSH-21 decides first (`2.1^CISIS_CDA_HL7_V2`, `1.0^CISIS_TLR_HL7_V2`), then MSH-9, then what the message says:

| message | MSH-21 | profile |
|---|---|---|
| ORU^R01 | CDA, an earlier version of it, or empty | `cda-oru-r01` |
| ORU^R01 | teleradiology | `tlr-3-answer` |
| MDM^T02, T10, T04 | CDA | `cda-mdm-t02`, `cda-mdm-t10`, `cda-mdm-t04` |
| ORM^O01 | teleradiology | `tlr-1-request`; `tlr-2-cancel` when OBR-4 or ORC-1 say so |
| ORM^O01 | else | `lb-d` when it names a study, an accession number or a dose; `lb-c` with a protocol; or `lb-a` |
| OMI^O23 | teleradiology, or OBR-4 `COMPLEMENT_POST_ACTE` | `tlr-4-complement` |
| OMI^O23 | anything else | `drim-omi-o23` |
| ACK, ZAM^Z01 to Z03, ADT^A08, A31, A40, A47, A01, A03, A04 | | `ack`, `zam-z01` … , `adt-a08` … |

`CISIS_CDA_HL7_LPS`, the way back from an exchange platform to its system, is named and not judged. A message that
states an earlier version of its profile is judged as that version wrote it: other names of observations
({earlier}), no coding system beside a code before 2.1, neither sender nor recipients (PRT) before 2.0; each such thing
is a warning.

The flows B and E of the white paper are document transmissions (`cda-oru-r01`).

## What becomes of each

| message | in the gateway |
|---|---|
| ORU^R01, MDM (CDA) | a share; two documents in one ORU (level 1 and level 3) are two reports, each by its identifier |
| OMI^O23 of DRIM-M | the study of each IPC-3 is looked at again |
| ADT^A08, A31 | the identity of PID-3 changed |
| ADT^A40, A47 | MRG-1 is now PID-3, authority by authority |
| ADT^A01, A03, A04 | events of the stay, judged and not read: the listener answers AE with 201, as to any other ADT |
| teleradiology, white paper | relayed |
| ACK, ZAM | read and judged, never acknowledged |

## Rules between fields

* ORC-1, OBX-11 and the event agree: NW, F, T02; RO, C, T10; CA, D, T04.
* The document can be decoded, is a CDA, has a legal authenticator; its patient is the one of PID (identifiers of PID-3,
  birth and given name, birth date, sex, place of birth); TXA-12 is its identifier, TXA-13 what it replaces
  (relatedDocument RPLC), OBX-3, OBR-4 and TXA-2 its type (value set J07). A replacement replaces, a first version does
  not. An identifier that only the document has is a warning.
* The metadata observations stand once each and in order: {statements}. `DESTDMP` Y asks for the sender (PRT `SB`) and a
  national identity; `DESTMSSANTE…` Y for a recipient (PRT `RCT`); a document that the patient may not see is not
  sent to them. The guide's matrix of combinations gives warnings where its own examples leave it. With `DESTDMP` Y the
  type of the document (OBR-4) is one that the DMP takes (JDV_J66-TypeCode-DMP, which has all of J07 but {not_taken}).
* A national identity (INS) has 15 characters and a right key, its OID and type, and comes with its traits: birth name,
  first and all given names, birth date, sex, place of birth (PID-11 `BDL`), PID-32 `VALI`.
* PV1-19 is filled when PV1-2 is E, I, O or R. Dates are real and in order.
* Teleradiology: the modality is of JDV_ModaliteDemandeActeImagerie-CISIS (`MG`, `CT`, `MR`, `NM`, `PT`, `OT` of DICOM;
  `MED-1126` to `MED-1129` of `terminologie-cisis-fr` for radiography and ultrasound; `258174001` of SNOMED CT), any
  other modality of DICOM is a warning; OBR-2 repeats ORC-2, OBR-16 repeats ORC-12; OBX-4 is `n.m`; a topographic
  modifier goes with its region, a product with its lot; an accepted request has a protocol; each examination of flow 4
  has a study of its own, and the viewer's address names the study and accession number of its IPC.
* White paper, flow D: order number, accession number, study, modality, region, requester, responsible doctor and
  structure; a dose (OBX `NM` with its unit) when the modality irradiates.
* An acknowledgement has ERR with AE and AR and only with them; a ZAM when, and only when, its answer is N.

R is required, RE required if known, C by a rule, O optional, X absent; (w) only warns.
"""


def page() -> str:
    """The whole page."""
    taken = valuesets.load(valuesets.DMP_TYPE)
    told = {
        "statements": STATEMENTS,
        "earlier": EARLIER_NAMES,
        "not_taken": [one.code for one in valuesets.load(valuesets.TYPE).codes if one.code not in taken],
    }
    lines = [_INTRODUCTION]
    for name, codes in told.items():
        lines[0] = lines[0].replace(f"{{{name}}}", ", ".join(f"`{code}`" for code in codes))
    for profile in all_profiles().values():
        lines += _profile(profile)
    return "\n".join(lines).rstrip() + "\n"


def _profile(profile: Profile) -> Iterator[str]:
    yield f"## `{profile.name}`: {profile.title_en}"
    yield ""
    yield f"{profile.title_fr}. Source: {profile.source}."
    yield ""
    yield f"    {profile.structure}"
    if profile.older:
        yield ""
        yield f"Earlier versions that are read with a warning: {', '.join(f'`{each}`' for each in profile.older)}."
    yield ""
    yield "| field | use | name | values |"
    yield "|---|---|---|---|"
    for section in profile.sections:
        if section.when is not None:
            yield f"| **{section.segment}** where {section.segment}-{_when(section)} | | | |"
        for field in section.fields:
            yield f"| {section.segment}-{field.path} | {_use(field)} | {_name(section, field)} | {_values(field)} |"
    yield ""


def _when(section: Section) -> str:
    words = str(section.when)
    return (
        "2 = ED, and no metadata" if "is_document" in words else "3.1 = metadata" if "is_statement" in words else words
    )


def _use(field: Field) -> str:
    return f"{field.usage.value}{' (w)' if field.severity is Severity.WARNING else ''}"


def _name(section: Section, field: Field) -> str:
    return field_name(section.segment, field.number, "en") if not field.component else ""


def _values(field: Field) -> str:
    values = ", ".join(f"`{value}`" for value in field.values).replace("|", "\\|")
    tolerated = f" (read: {', '.join(field.tolerated)})" if field.tolerated else ""
    older = f" (earlier versions: {', '.join(value or 'empty' for value in field.older)})" if field.older else ""
    like = f"`{field.like}`".replace("|", "\\|") if field.like else ""
    return values + tolerated + older + like


if __name__ == "__main__":
    sys.stdout.write(page())
