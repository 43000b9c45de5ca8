"""What the rooms' API answers, as JSON-ready documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from saferoom.clock import isoformat
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.files.model import FileReport
from saferoom.errors import NotFoundError
from saferoom.hub.web.texts import airlock as words
from saferoom.ids import RequestId
from saferoom.projects.airlock.model import Comment, EvaluationRecord, Output, Request
from saferoom.projects.airlock.outbox import Outcome
from saferoom.projects.approvals.model import Approval
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.extracts.manifest import ExtractFile
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import NEED_LIMIT, Account
from saferoom.projects.record_plans.model import RecordPlan


def no_such_request() -> NotFoundError:
    """Return the one answer for requests that do not exist and for those of others."""
    return NotFoundError("there is no such request of yours in this project")


def dataset(found: Dataset, approval: Approval, versions: Sequence[str] = ()) -> dict[str, Any]:
    """Describe an extract: where it is in the room, its approved columns, and the versions that there are."""
    approved = approval.columns(found)
    variables = [variable for name in approved if (variable := found.variable(name))]
    return {
        "name": found.name,
        "title": found.title,
        "path": f"/data/{found.name}.parquet",
        "versions": list(versions),
        "units": list(found.units),
        "columns": [
            {"name": v.name, "type": v.type.value, "role": v.role.value, "label": v.label or ""} for v in variables
        ],
        "owner": found.owner,
        "version": found.version,
        "approved_until": approval.until.isoformat(),
        "rows": approval.rows or "",
    }


def extract(file: ExtractFile, owner: str, until: str) -> dict[str, Any]:
    """Describe one version of an extract, as it is open in the room."""
    return {
        "name": file.dataset,
        "title": file.title,
        "path": f"/data/{file.file}",
        "versions": [file.version],
        "units": list(file.units),
        "columns": [
            {"name": c.name, "type": c.type.value, "role": c.role.value, "label": c.label or ""} for c in file.columns
        ],
        "owner": owner,
        "version": file.version,
        "approved_until": until,
        "rows": file.where or "",
    }


def evaluation(record: EvaluationRecord, judged: Evaluation, budget: str | None = None) -> dict[str, Any]:
    """Describe a judged query to its author; `budget` says why a quote could not be paid for, empty when it could."""
    route = record.route
    return {
        "id": record.id,
        "title": record.title,
        **judged.document(),
        "labels": judged.label_columns,
        "blanks": _blanks(judged),
        "picture": None if judged.picture is None else judged.picture.to_json(),
        "route": {"automatic": route.automatic, "reasons": list(route.reasons), "checkers": route.checkers},
        **({} if budget is None else {"budget": budget}),
    }


def account(found: Account) -> dict[str, Any]:
    """Describe a privacy budget: what may be lost, what was and what is left, in rho and delta as decimals."""
    return {
        "account": found.id.words,
        "limit": None if found.limit is None else _loss(found.limit),
        "spent": _loss(found.spent),
        "left": None if found.left is None else _loss(found.left),
        "closed": found.limit is None and found.id.kind in NEED_LIMIT,
    }


def _loss(loss: Loss) -> dict[str, str]:
    return {"rho": f"{loss.rho_value.normalize():f}", "delta": f"{loss.delta_value.normalize():f}"}


def trial(drawn: Evaluation) -> dict[str, Any]:
    """Describe a trial on made-up data, which is kept nowhere and can never leave."""
    return {
        "id": "",
        "title": drawn.title,
        **drawn.document(),
        "labels": drawn.label_columns,
        "route": {"automatic": False, "reasons": [], "checkers": 0},
    }


def _blanks(judged: Evaluation) -> list[list[Any]]:
    """Return the hidden cells with why they are: in the room, where their numbers are known too."""
    audit = judged.evidence.get("audit") or {}
    return [[cell["cell"], cell["status"]] for cell in audit.get("cells", ()) if cell.get("status")]


def file(record: EvaluationRecord, report: FileReport) -> dict[str, Any]:
    """Describe a screened file to its author."""
    route, kept = record.route, record.file
    if kept is None:
        raise ValueError(f"{record.id} is no file")
    return {
        "id": record.id,
        "file": kept.name,
        "type": kept.type,
        "verdict": record.verdict.value,
        "findings": [finding.document() for finding in report.findings],
        "size": kept.size,
        "sha256": kept.content,
        "evaluation": kept.declared,
        "expires_at": isoformat(record.expires_at),
        "route": {"automatic": route.automatic, "reasons": list(route.reasons), "checkers": route.checkers},
    }


def record_plan(found: RecordPlan) -> dict[str, Any]:
    """Describe a plan by which record-level files may leave from the room's project."""
    return {
        "dataset": found.dataset,
        "name": found.name,
        "until": found.until.isoformat(),
        "columns": list(found.plan["columns"]),
        "plan": found.plan,
    }


def request(found: Request, page_url: str) -> dict[str, Any]:
    """Describe a request to its author; `page_url` is the pages' address."""
    waiting = found.waiting_for
    return {
        "id": found.id,
        "title": found.title,
        "state": found.state.value,
        "message": words.MEANS[found.state],
        "reason": found.blocked or found.reason or words.MEANS[found.state],
        "waits_because": list(found.waits_because),
        "waiting_for": words.WAITING_FOR[waiting] if waiting else "",
        "created_at": isoformat(found.created_at),
        "updated_at": isoformat(found.updated_at),
        "outputs": [_output(output) for output in found.outputs],
        "supporting": [{"id": kept.evaluation, "file": kept.title} for kept in found.supporting],
        "comments": [_comment(comment) for comment in found.comments],
        "url": page_of(found.id, page_url),
    }


def outcome(found: Outcome, page_url: str) -> dict[str, Any]:
    """Describe what became of a file of the outbox."""
    return {
        "folder": found.folder,
        "name": found.name,
        "became": found.became.value,
        "message": found.message,
        "request": found.request or "",
        "url": page_of(found.request, page_url) if found.request else "",
    }


def page_of(id_: RequestId, page_url: str) -> str:
    """Return the address of a request's page."""
    return f"{page_url}requests/{id_}"


def _output(output: Output) -> dict[str, Any]:
    return {
        "id": output.id,
        "evaluation": output.evaluation,
        "title": output.title,
        "verdict": output.verdict.value,
        "lane": output.lane.value,
    }


def _comment(comment: Comment) -> dict[str, Any]:
    return {"author": comment.by, "text": comment.body, "at": isoformat(comment.at)}
