"""The rooms' API for record-level files: by name of a data owner's plan alone, and no byte of a researcher's."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from saferoom.hub.recordfiles.runner import make
from saferoom.hub.web.room import answers
from saferoom.hub.web.room.api import Living, read_body
from saferoom.hub.web.shell.bodies import read_json
from saferoom.hub.web.shell.hub_auth import Resident
from saferoom.hub.web.shell.parts import Parts, parts_of
from saferoom.hub.web.shell.rates import Rate
from saferoom.ids import DatasetName

router = APIRouter(prefix="/api/room")


class RecordFileBody(BaseModel):
    """Asks for the project's records of a dataset to be protected by one of its owner's plans."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    dataset: str = Field(max_length=100)
    plan: str = Field(max_length=100)


@router.get("/record-plans")
async def plans(request: Request, who: Living) -> list[dict[str, Any]]:
    """List the plans by which record-level files may leave from the room's project today."""
    parts = parts_of(request)
    parts.rates.spend(Rate.CALLS, who.username)
    found = await run_in_threadpool(parts.instance.airlock.record_plans, who.username, who.project)
    return [answers.record_plan(plan) for plan in found]


@router.post("/record-files", status_code=201)
async def record_file(request: Request, who: Living) -> dict[str, Any]:
    """Have a record-level file made by a plan, and keep it with what was found; nothing leaves by this."""
    parts = parts_of(request)
    parts.rates.spend(Rate.EVALUATIONS, who.username)
    body = read_body(RecordFileBody, await read_json(request))
    return await run_in_threadpool(_made, parts, who, body)


def _made(parts: Parts, who: Resident, body: RecordFileBody) -> dict[str, Any]:
    airlock = parts.instance.airlock
    order = airlock.record_plan(who.username, who.project, DatasetName(body.dataset), body.plan)
    made = make(parts.instance, parts.evaluator, who.username, who.project, order)
    return answers.file(*airlock.keep_records(who.username, who.project, order, made))
