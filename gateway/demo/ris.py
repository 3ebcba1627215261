"""The demo's RIS: writes two reports and sends them over MLLP as a RIS does."""

from __future__ import annotations

import time
from pathlib import Path

from gateway.demo import identity, reports
from gateway.demo.identity import CHEST, CT, DemoStudy
from gateway.demo.world import World
from gateway.errors import PeerRefused
from gateway.hl7 import er7
from gateway.hl7.build import PatientIdentifier, SenderPerson, Transmission, mdm_t02, oru_r01
from gateway.hl7.sender import send
from gateway.model.identifiers import INS_OIDS

TIMEOUT_S = 30.0


class Ris:
    """Sends; with *keep* the acknowledgements are kept there."""

    def __init__(self, world: World, keep: Path | None) -> None:
        self._port = world.ports["mllp"]
        self._keep = keep

    def send_level_3(self) -> float:
        """An ORU^R01 (v2.5) with the level-3 report of the CT; returns the milliseconds to its AA."""
        return self._send(oru_r01(reports.level3(reports.Draft(study=CT)), transmission(CT, "CT-1")), "ORU^R01")

    def send_level_1(self) -> float:
        """An MDM^T02 (v2.6) with the level-1 report (PDF) of the chest radiograph; returns as the other."""
        return self._send(mdm_t02(reports.level1(reports.Draft(study=CHEST)), transmission(CHEST, "RX-1")), "MDM^T02")

    def _send(self, message: bytes, name: str) -> float:
        began = time.perf_counter()
        answer = send("127.0.0.1", self._port, message, TIMEOUT_S)
        elapsed_ms = (time.perf_counter() - began) * 1000
        if self._keep:
            self._keep.mkdir(parents=True, exist_ok=True)
            (self._keep / f"ack-{name.replace('^', '-')}.hl7").write_bytes(answer)
        verdict = er7.parse(answer).first("MSA")
        if verdict is None or verdict.text(1) != "AA":
            raise PeerRefused("demo_not_acknowledged", message=name, answer=answer.decode("utf-8", "replace"))
        return elapsed_ms


def transmission(study: DemoStudy, control_id: str) -> Transmission:
    """Everything of the message that carries the report of *study* but the report."""
    patient, radiologist = identity.PATIENT, identity.RADIOLOGIST
    return Transmission(
        control_id=control_id,
        identifiers=tuple(
            PatientIdentifier(
                value=i.extension or "",
                authority="ASIP-SANTE-INS-NIR" if i.root in INS_OIDS else "PRESQUILE",
                oid=i.root,
                type_code="INS" if i.root in INS_OIDS else "PI",
            )
            for i in patient.identifiers
        ),
        family=patient.birth_family,
        given=patient.birth_given,
        given_names=patient.given_names,
        birth_date=patient.birth_date,
        sex=patient.sex,
        birth_place=patient.birth_place,
        document_id=study.report,
        sender_person=SenderPerson(
            professional_id=radiologist.identifiers[0].extension or "",
            family=radiologist.family,
            given=radiologist.given,
            structure_id=identity.ORGANIZATION.identifiers[0].extension or "",
            structure_name=identity.ORGANIZATION.name,
        ),
        visit_class="O",
        visit_number=f"V-{study.key}"[:20],
        sending=("RIS-DEMO", "PRESQUILE"),
    )
