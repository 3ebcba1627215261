"""A PACS in memory that can be away, lie, or fill up while it is looked at."""

from __future__ import annotations

from dataclasses import replace

from gateway.errors import GatewayError
from gateway.model.exam import Exam, Instance


class FakePacs:
    """``failures`` are raised one a look before anything is answered; ``growing`` adds an instance at each look."""

    def __init__(self, *exams: Exam) -> None:
        self.exams = {exam.study_uid: exam for exam in exams}
        self.failures: list[GatewayError] = []
        self.growing = False
        self.looks = 0

    def study(self, study_uid: str) -> Exam | None:
        self.looks += 1
        if self.failures:
            raise self.failures.pop(0)
        exam = self.exams.get(study_uid)
        if exam is not None and self.growing:
            first, *others = exam.series
            more = Instance(first.instances[0].sop_class_uid, f"{exam.study_uid}.9.{self.looks}", 100 + self.looks)
            exam = replace(exam, series=(replace(first, instances=(*first.instances, more)), *others))
            self.exams[study_uid] = exam
        return exam

    def echo(self) -> None:
        if self.failures:
            raise self.failures[0]
