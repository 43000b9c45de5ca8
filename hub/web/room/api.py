"""The rooms' API: what the notebook client talks to, over the airlock's own socket.

Person and project come from the hub's answer about the room's token. A body names neither, and says nothing about a
verdict: what is unknown in a body is refused, not ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from saferoom.errors import BadInputError, NotFoundError
from saferoom.hub.evaluator.trials import trial
from saferoom.hub.web.room import answers, rooms_extracts
from saferoom.hub.web.shell.bodies import read_json
from saferoom.hub.web.shell.hub_auth import Resident
from saferoom.hub.web.shell.identity import resident
from saferoom.hub.web.shell.padded import PaddedJson
from saferoom.hub.web.shell.parts import Parts, parts_of
from saferoom.hub.web.shell.rates import Rate
from saferoom.ids import DatasetName, EvaluationId, RequestId
from saferoom.projects.airlock.screening import LONGEST
from saferoom.projects.airlock.service import Airlock
from saferoom.projects.extracts.coverage import in_force
from saferoom.projects.people.permissions import Actor

router = APIRouter(prefix="/api/room", default_response_class=PaddedJson)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class EvaluationBody(_Body):
    """Asks for a query to be computed and judged."""

    query: dict[str, Any]


class StepsBody(_Body):
    """Asks for steps of post-processing; they are read by the trusted side, which says what is wrong with them."""

    steps: list[Any]


_MOST_REQUESTS = 100
_Ids = Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=50)]


class RequestBody(_Body):
    """Asks for judged outputs to be released together."""

    title: str = ""
    context: str
    controls: str
    outputs: _Ids = []
    files: _Ids = []
    """Uploads that would leave."""
    supporting: _Ids = []
    """Uploads that output checkers see and that stay."""


Living = Annotated[Resident, Depends(resident)]


@router.get("/datasets")
async def datasets(request: Request, who: Living) -> list[dict[str, Any]]:
    """List the extracts of the room's project."""
    parts = parts_of(request)
    parts.rates.spend(Rate.CALLS, who.username)
    return await run_in_threadpool(_datasets, parts, who)


def _datasets(parts: Parts, who: Resident) -> list[dict[str, Any]]:
    registry, now = parts.instance.registry, parts.instance.clock.now()
    live = [approval for approval in registry.approvals(who.project) if approval.live(now)]
    versions = rooms_extracts.versions(parts.instance, who.project)
    return [
        answers.dataset(in_force(registry, approval), approval, versions.get(approval.dataset, ())) for approval in live
    ]


class VersionBody(_Body):
    """Asks for a version of an extract to be opened in the room."""

    version: str = Field(max_length=40)


@router.post("/datasets/{name}/versions")
async def open_version(request: Request, name: str, who: Living) -> dict[str, Any]:
    """Open another version of an extract than the newest, for as long as the project's rooms run."""
    parts = parts_of(request)
    parts.rates.spend(Rate.CALLS, who.username)
    body = read_body(VersionBody, await read_json(request))
    return await run_in_threadpool(
        rooms_extracts.open_version, parts.instance, who.project, DatasetName(name[:100]), body.version
    )


@router.get("/ids")
async def changed_ids(request: Request, who: Living) -> list[dict[str, Any]]:
    """List the tables of old and new ids that are open in the project's rooms."""
    parts = parts_of(request)
    parts.rates.spend(Rate.CALLS, who.username)
    return await run_in_threadpool(rooms_extracts.changes, parts.instance, who.project)


@router.post("/evaluations")
async def evaluate(request: Request, who: Living) -> dict[str, Any]:
    """Compute and judge a query on the trusted side."""
    parts = parts_of(request)
    parts.rates.spend(Rate.EVALUATIONS, who.username)
    body = read_body(EvaluationBody, await read_json(request))
    return await run_in_threadpool(evaluated, parts, who, body.query)


def evaluated(parts: Parts, who: Resident, query: Mapping[str, Any], snapshot: bytes | None = None) -> dict[str, Any]:
    """Have a query judged, over a table from the room where one comes with it, and answer with what was found."""
    evaluation = parts.evaluator.evaluate(who.username, who.project, query, snapshot)
    airlock = parts.instance.airlock
    record = airlock.record_evaluation(who.username, who.project, evaluation, snapshot)
    return answers.evaluation(record, evaluation, airlock.refusal(record, evaluation))


@router.get("/budgets")
async def budgets(request: Request, who: Living) -> list[dict[str, Any]]:
    """List the privacy budgets that a release of the room's project would be debited to, as far as the person sees."""
    parts = parts_of(request)
    parts.rates.spend(Rate.CALLS, who.username)
    seen = parts.instance.budgets.of_project
    found = await run_in_threadpool(seen, Actor.person(who.username), who.project)
    return [answers.account(account) for account in found]


@router.post("/trials")
async def try_out(request: Request, who: Living) -> dict[str, Any]:
    """Draw a query with differential privacy on made-up data; nothing is debited, and nothing is kept."""
    parts = parts_of(request)
    parts.rates.spend(Rate.EVALUATIONS, who.username)
    body = read_body(EvaluationBody, await read_json(request))
    return answers.trial(await run_in_threadpool(trial, parts.evaluator, who.username, who.project, body.query))


@router.get("/evaluations/{evaluation_id}")
async def one_evaluation(request: Request, evaluation_id: str, who: Living) -> dict[str, Any]:
    """Show one of the person's own evaluations in this project, such as the numbers that were drawn for a request."""
    parts = parts_of(request)
    parts.rates.spend(Rate.CALLS, who.username)
    return await run_in_threadpool(_one_evaluation, parts, who, EvaluationId(evaluation_id[:100]))


def _one_evaluation(parts: Parts, who: Resident, evaluation_id: EvaluationId) -> dict[str, Any]:
    record, judgement = parts.instance.airlock.evaluated(who.username, who.project, evaluation_id)
    return {**answers.evaluation(record, judgement.evaluation), "query": judgement.evaluation.query.document()}


@router.post("/evaluations/{evaluation_id}/processed", status_code=201)
async def process(request: Request, evaluation_id: str, who: Living) -> dict[str, Any]:
    """Do declared steps to released numbers with differential privacy; nothing is computed from data, nor debited."""
    parts = parts_of(request)
    parts.rates.spend(Rate.EVALUATIONS, who.username)
    body = read_body(StepsBody, await read_json(request))
    return await run_in_threadpool(_processed, parts, who, EvaluationId(evaluation_id[:100]), body.steps)


def _processed(parts: Parts, who: Resident, source: EvaluationId, steps: list[Any]) -> dict[str, Any]:
    record, made = parts.instance.airlock.process(who.username, who.project, source, steps)
    return {**answers.evaluation(record, made), "query": made.query.document()}


@router.post("/requests", status_code=201)
async def submit(request: Request, who: Living) -> dict[str, Any]:
    """Ask for the release of outputs; what may leave by itself has left when this answers."""
    parts = parts_of(request)
    parts.rates.spend(Rate.REQUESTS, who.username)
    body = read_body(RequestBody, await read_json(request))
    return await run_in_threadpool(_submit, parts, who, body)


def _submit(parts: Parts, who: Resident, body: RequestBody) -> dict[str, Any]:
    airlock = parts.instance.airlock
    ids = [EvaluationId(id_) for id_ in (*body.outputs, *body.files)]
    if not ids:
        raise BadInputError("a request needs at least one output, in outputs or in files")
    title = body.title.strip() or _title(airlock, who, ids)
    supporting = [EvaluationId(id_) for id_ in body.supporting]
    made = airlock.submit(who.username, who.project, ids, title, body.context, body.controls, supporting)
    return answers.request(made, parts.page_url)


def _title(airlock: Airlock, who: Resident, ids: Sequence[EvaluationId]) -> str:
    """Return a title made of the outputs' own, for requests that come without."""
    first = airlock.title(who.username, who.project, ids[0])
    title = first if len(ids) == 1 else f"{first} (and {len(ids) - 1} more)"
    return title if len(title) <= LONGEST["title"] else title[: LONGEST["title"] - 1] + "…"


@router.get("/requests")
async def requests(request: Request, who: Living) -> list[dict[str, Any]]:
    """List the person's latest requests in this project, newest first."""
    parts = parts_of(request)
    parts.rates.spend(Rate.CALLS, who.username)
    found = await run_in_threadpool(parts.instance.airlock.requests_of, who.username, who.project, _MOST_REQUESTS)
    return [answers.request(item, parts.page_url) for item in found]


@router.get("/requests/{request_id}")
async def one_request(request: Request, request_id: str, who: Living) -> dict[str, Any]:
    """Show one of the person's own requests in this project."""
    parts = parts_of(request)
    parts.rates.spend(Rate.CALLS, who.username)
    return await run_in_threadpool(_one_request, parts, who, RequestId(request_id))


def _one_request(parts: Parts, who: Resident, request_id: RequestId) -> dict[str, Any]:
    try:
        found = parts.instance.airlock.request(who.username, request_id)
    except NotFoundError:
        raise answers.no_such_request() from None
    if (found.author, found.project) != (who.username, who.project):
        raise answers.no_such_request()
    return answers.request(found, parts.page_url)


_BodyType = TypeVar("_BodyType", bound=BaseModel)


def read_body(model: type[_BodyType], document: Mapping[str, Any]) -> _BodyType:
    """Return `document` as a body of the kind `model`; anything else is a `BadInputError`."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        # Names of our own fields only: a value or a key that was sent is not repeated.
        known = sorted({str(e["loc"][0]) for e in error.errors() if e["loc"] and e["loc"][0] in model.model_fields})
        wanted = ", ".join(model.model_fields)
        wrong = f"; wrong or missing: {', '.join(known)}" if known else ""
        raise BadInputError(f"the request's body takes exactly these keys: {wanted}{wrong}") from None
