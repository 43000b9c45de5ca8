"""Keeps files that were brought from a workspace as they were screened, and gives them back only unaltered.

A file is never proven safe: its best verdict is `review`, and output checkers look at every one. Only a file whose
numbers are, one by one, those of a declared statistic takes that statistic's verdict and number of checkers; its bytes
are still a researcher's, so a person looks at what else is in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from saferoom.audit import Event
from saferoom.disclosure.files.model import FileReport
from saferoom.disclosure.files.view import View
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.errors import BadInputError, IntegrityError, NotFoundError, SaferoomError, WrongStateError
from saferoom.ids import DatasetName, Digest, EvaluationId, OutputId, ProjectSlug, Username
from saferoom.policies.models import RiskAppetite
from saferoom.projects.airlock import evaluations, routing, seals
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.model import EvaluationRecord, Lane, Output, UploadedFile
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.store import Reading
from saferoom.projects.airlock.uploads import (
    LARGEST_BYTES,
    Screened,
    Upload,
    check_size,
    may_leave,
    suffix_of,
    tidy_name,
)
from saferoom.projects.people.entitlement import may_enter
from saferoom.projects.policies import effective

MOST_LISTED = 100
"""Most uploads that a list of one's own files names."""


@dataclass(frozen=True)
class FileJudgement:
    """A screened file with the rules that it was judged by and where each of them came from.

    Attributes
    ----------
    view : Digest
        Where the vault keeps what pages show of the file; it can be large, so it is read when a page is made.
    records : mapping or None
        Of a record-level file: the ``plan``, what is ``told`` of it here, and what of that is ``public``.
    """

    report: FileReport
    view: Digest
    datasets: tuple[DatasetName, ...]
    rules: RiskAppetite
    origins: Mapping[str, str]
    records: Mapping[str, Any] | None = None

    def to_bytes(self) -> bytes:
        """Write the judgement for the vault."""
        document = {
            "report": self.report.document(),
            "view": self.view,
            "datasets": list(self.datasets),
            "rules": evaluations.rules_document(self.rules),
            "origins": dict(self.origins),
            "records": None if self.records is None else dict(self.records),
        }
        return json.dumps(document, sort_keys=True, allow_nan=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> FileJudgement:
        """Read what `to_bytes` wrote; anything else is an `IntegrityError`."""
        try:
            document = json.loads(data)
            return cls(
                report=read_report(document["report"]),
                view=Digest(str(document["view"])),
                datasets=tuple(DatasetName(name) for name in document["datasets"]),
                rules=RiskAppetite.model_validate_json(json.dumps(document["rules"])),
                origins=document["origins"],
                records=document.get("records"),
            )
        except (ValueError, KeyError, TypeError, AttributeError, ValidationError, SaferoomError):
            raise IntegrityError("a stored file's judgement cannot be read; nothing is released") from None


def read_report(document: Mapping[str, Any]) -> FileReport:
    """Return the report that `FileReport.document` wrote."""
    findings = tuple(
        Finding(
            rule=item["rule"],
            risk=Risk(item["risk"]),
            severity=Verdict(item["severity"]),
            cells=tuple(tuple(cell) for cell in item["cells"]),
            message=item["message"],
            remedy=item["remedy"],
        )
        for item in document["findings"]
    )
    return FileReport(document["file"], document["type"], Verdict(document["verdict"]), findings)


def datasets_of(parts: Parts, project: ProjectSlug) -> tuple[DatasetName, ...]:
    """Return the datasets that a file from `project` may hold something of: all that it may use today."""
    now = parts.clock.now()
    live = sorted({approval.dataset for approval in parts.registry.approvals(project) if approval.live(now)})
    if not live:
        raise BadInputError("no approval of data for this project holds today")
    return tuple(DatasetName(name) for name in live)


def record(parts: Parts, upload: Upload, screened: Screened) -> EvaluationRecord:
    """Store an uploaded file and what was found in it, for its author and project."""
    now = parts.clock.now()
    may_enter(parts.registry, upload.author, upload.project, now).enforce()
    name = tidy_name(upload.name)
    check_size(upload.data)
    names = datasets_of(parts, upload.project)
    declared = _declared(parts, upload, screened)
    appetite, route = effective(parts.registry, upload.project, names)
    verdict = _verdict(screened, declared)
    report = replace(screened.report, file=name, verdict=verdict)
    shown = parts.vault.put(json.dumps(screened.view.to_json(), allow_nan=False).encode())
    judgement = FileJudgement(report, shown, names, appetite.policy, appetite.origins)
    digest = parts.vault.put(judgement.to_bytes())
    file = _keep(parts, upload, replace(screened, report=report), declared)
    with parts.store.transaction() as tx:
        lane = lane_of(file)
        unsealed = EvaluationRecord(
            id=EvaluationId(parts.ids("file")),
            author=upload.author,
            project=upload.project,
            title=name,
            verdict=verdict,
            digest=digest,
            rules=evaluations.rules_digest(appetite.policy),
            datasets=evaluations.versions(parts, upload.project, names, now),
            route=evaluations.route_of(
                tx, upload.project, [routing.Judged(verdict, (), lane)], (route.policy, route.origins), now
            ),
            created_at=now,
            expires_at=now + evaluations.VALID_FOR,
            file=file,
        )
        found = replace(unsealed, seal=seals.seal_evaluation(unsealed, parts.signing_key))
        tx.add_evaluation(found, Event(upload.author, "file.screened", found.id, seals.evaluation_claims(found)))
    return found


def _declared(parts: Parts, upload: Upload, screened: Screened) -> EvaluationRecord | None:
    """Return the declared statistic that an upload's numbers are those of, None when they are not."""
    if upload.query_of is None or not screened.matched:
        return None
    declared = statistic(parts, upload.author, upload.project, upload.query_of)
    evaluations.check_current(parts, declared, parts.clock.now())
    return declared


def statistic(parts: Parts, author: Username, project: ProjectSlug, id_: EvaluationId) -> EvaluationRecord:
    """Return the declared statistic of `author` in `project` with the id `id_`."""
    with parts.store.reading() as tx:
        found = tx.evaluation(id_)
    if found is None or found.file is not None or (found.author, found.project) != (author, project):
        raise NotFoundError("there is no such evaluation of yours in this project")
    if evaluations.load(parts, found).evaluation.privacy is not None:
        raise BadInputError(
            "a file is not compared with numbers that noise is added to: submit the statistic itself, which leaves "
            "with its certificate"
        )
    return found


def _verdict(screened: Screened, declared: EvaluationRecord | None) -> Verdict:
    """Return the verdict on a file: at best `review`, unless each of its numbers is one that was proven safe."""
    best = Verdict.REVIEW if declared is None else declared.verdict
    worst_finding = Verdict.worst([Verdict.PASS, *(finding.severity for finding in screened.report.findings)])
    return Verdict.worst([best, screened.report.verdict, worst_finding])


def _keep(parts: Parts, upload: Upload, screened: Screened, declared: EvaluationRecord | None) -> UploadedFile:
    leaving = upload.data if screened.clean is None else screened.clean
    if len(leaving) > LARGEST_BYTES:
        raise BadInputError(
            f"drawn anew, the picture is larger than {LARGEST_BYTES // 2**20} MiB; save it with fewer pixels"
        )
    kind = screened.report.type
    return UploadedFile(
        name=screened.report.file,
        type=kind,
        size=len(upload.data),
        content=parts.vault.put(upload.data),
        leaving=parts.vault.put(leaving),
        leaving_size=len(leaving),
        suffix="png" if screened.clean is not None else suffix_of(kind),
        declared=declared.id if declared else None,
    )


def output(parts: Parts, found: EvaluationRecord, number: int) -> Output:
    """Return the file `found` as the output `number` of a request."""
    if found.file is None:
        raise ValueError(f"{found.id} is no file")
    return Output(
        id=OutputId(parts.ids("output")),
        round=0,
        position=number,
        evaluation=found.id,
        title=found.title,
        verdict=found.verdict,
        judged=found.digest,
        files={found.file.suffix: found.file.leaving},
        lane=lane_of(found.file),
    )


def lane_of(file: UploadedFile) -> Lane:
    """Return what is known of a file's numbers."""
    if file.by_plan is not None:
        return Lane.RECORDS
    return Lane.FILE if file.declared is None else Lane.LIFTED


def load(parts: Parts, found: EvaluationRecord) -> FileJudgement:
    """Return the judgement behind the file `found`.

    Raises
    ------
    IntegrityError
        A byte of it, or of its record, is not what was judged.
    """
    seals.check_evaluation(found, parts.signing_key.verifying_key)
    judgement = FileJudgement.from_bytes(parts.vault.get(found.digest))
    report = judgement.report
    if (
        found.file is None
        or (report.verdict, report.file, report.type) != (found.verdict, found.file.name, found.file.type)
        or evaluations.rules_digest(judgement.rules) != found.rules
    ):
        raise IntegrityError(f"file {found.id} is not the one that was judged; nothing is released")
    return judgement


def view(parts: Parts, judgement: FileJudgement) -> View:
    """Return what pages show of a file; raise `IntegrityError` when it is not what the check made."""
    try:
        return View.from_json(json.loads(parts.vault.get(judgement.view)))
    except (ValueError, RecursionError):
        raise IntegrityError("what is shown of a file cannot be read; nothing is released") from None


def known(parts: Parts, tx: Reading, found: EvaluationRecord) -> Judgement | None:
    """Return what is known of the records behind `found`: nothing of a file that is not a declared statistic's.

    Of a record-level file it is the table of its key combinations, which leaves with it in so many words.
    """
    if found.file is None:
        return evaluations.load(parts, found)
    if found.file.by_plan is not None:
        seals.check_evaluation(found, parts.signing_key.verifying_key)
        return evaluations.opened(parts, found.id, found.file.by_plan.known)
    if found.file.declared is None:
        return None
    declared = tx.evaluation(found.file.declared)
    if declared is None:
        raise IntegrityError(f"the statistic behind file {found.id} is missing; nothing is released")
    return evaluations.load(parts, declared)


def check_submittable(found: EvaluationRecord, judgement: FileJudgement, which: str) -> None:
    """Raise unless the file `found` may be part of a request; `which` is what the message calls it."""
    if found.verdict is Verdict.FAIL:
        failing = [finding for finding in judgement.report.findings if finding.severity is Verdict.FAIL]
        why = failing[0].message if failing else "it was judged unsafe"
        remedies = dict.fromkeys(finding.remedy for finding in failing if finding.remedy)
        advice = " ".join(remedies) or "Change the file and upload it again."
        raise BadInputError(f"{which} must not leave as it is (verdict: fail): {why}. {advice}")
    if found.file is None or not may_leave(found.file.suffix):
        raise WrongStateError(f"{which} is of a type that does not leave; export it as CSV, PDF or PNG and upload that")
