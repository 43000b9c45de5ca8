"""The author's side: drafts are begun, put together, submitted, discarded; requests are taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from saferoom.hub.web.airlock.commands import (
    AddForm,
    DraftForm,
    GroupRow,
    Nothing,
    OutputRow,
    Part,
    StartForm,
    SubmitForm,
    placed,
)
from saferoom.hub.web.airlock.evaluating import evaluating
from saferoom.hub.web.airlock.lists import STATE_WORDS, Someone, own_projects
from saferoom.hub.web.airlock.present_privacy import quotes
from saferoom.hub.web.shell.fields import Typed, rows_of
from saferoom.hub.web.shell.forms import Form, attempt, blank, filled, read
from saferoom.hub.web.shell.identity import Sent, Visitor, sender
from saferoom.hub.web.shell.navigation import REQUESTS
from saferoom.hub.web.shell.parts import Parts, parts_of
from saferoom.hub.web.shell.rendering import page, see
from saferoom.hub.web.texts import airlock as words
from saferoom.hub.web.texts.common import sentence
from saferoom.ids import EvaluationId, ProjectSlug, RequestId, Username
from saferoom.projects.airlock import drafts, model
from saferoom.projects.airlock.model import EvaluationRecord
from saferoom.projects.airlock.service import Airlock
from saferoom.projects.airlock.states import Action, State
from saferoom.projects.airlock.wanted import Wanted, WantedGroup, unfinished

router = APIRouter(prefix="/requests")
Sender = Annotated[Sent, Depends(sender)]
_ADDED = frozenset(AddForm.model_fields) - {"version"}
_Parts = Mapping[EvaluationId, EvaluationRecord]


@router.post("/new")
async def begin(request: Request, sent: Sender) -> Response:
    """Begin a draft in a project."""
    instance, who = parts_of(request).instance, sent.who.username
    form = read(StartForm, sent.fields, words.DRAFT)

    def act(command: StartForm) -> model.Request:
        return instance.airlock.draft_groups(who, ProjectSlug(command.project), command.title, [WantedGroup()])

    form, made = await attempt(form, act)
    if made is None:
        projects = await run_in_threadpool(own_projects, instance, who)
        values = {"form": form, "projects": projects}
        return page(request, "airlock/start.html", sent.who, status=form.status, here=REQUESTS.path, **values)
    return see(request, f"requests/{made.id}/edit", "drafted")


@router.get("/{request_id}/edit")
def edit(request: Request, request_id: str, who: Someone) -> Response:
    """Show what the author works on, with everything that could be added."""
    parts = parts_of(request)
    item = parts.instance.airlock.allowed(who.username, RequestId(request_id), Action.EDIT)
    return _sheet(request, who, item, _filled(item))


@router.post("/{request_id}/edit")
async def save(request: Request, request_id: str, sent: Sender) -> Response:
    """Save what was put together."""
    airlock, who, id_ = parts_of(request).instance.airlock, sent.who, RequestId(request_id)
    item = await run_in_threadpool(airlock.allowed, who.username, id_, Action.EDIT)
    form, saved = await _keep(airlock, who.username, id_, _typed(sent)[0])
    if saved is None:
        return await run_in_threadpool(_sheet, request, who, item, form)
    return see(request, f"requests/{id_}/edit", "saved")


@router.post("/{request_id}/add")
async def add(request: Request, request_id: str, sent: Sender) -> Response:
    """Add one statistic or file, after what was typed into the draft is saved."""
    airlock, who, id_ = parts_of(request).instance.airlock, sent.who, RequestId(request_id)
    item = await run_in_threadpool(airlock.allowed, who.username, id_, Action.EDIT)
    draft, adding = _typed(sent)
    if _of_page(draft):
        wrong, saved = await _keep(airlock, who.username, id_, draft)
        if saved is None:
            return await run_in_threadpool(_sheet, request, who, item, wrong)
        item, adding = saved, {**adding, "version": (str(saved.version),)}
    form = read(AddForm, adding, words.DRAFT)

    def act(command: AddForm) -> model.Request:
        evaluation = EvaluationId(command.evaluation)
        return airlock.add(who.username, id_, command.version, evaluation, command.group, command.supporting)

    form, added = await attempt(form, act)
    if added is None:
        return await run_in_threadpool(_sheet, request, who, item, _filled(item), form)
    return see(request, f"requests/{id_}/edit", "added")


@router.post("/{request_id}/submit")
async def submit(request: Request, request_id: str, sent: Sender) -> Response:
    """Submit a draft, or a returned request, as its author has seen it; what was typed is saved first."""
    airlock, who, id_ = parts_of(request).instance.airlock, sent.who, RequestId(request_id)
    item = await run_in_threadpool(airlock.allowed, who.username, id_, Action.SUBMIT)
    draft, version = _typed(sent)[0], sent.fields
    if _of_page(draft):
        wrong, saved = await _keep(airlock, who.username, id_, draft)
        if saved is None:
            return await run_in_threadpool(_sheet, request, who, item, wrong)
        item, version = saved, {"version": (str(saved.version),)}
    form = read(SubmitForm, version, words.DRAFT)
    form, after = await attempt(form, lambda command: airlock.submit_draft(who.username, id_, command.version))
    if after is None:
        return await run_in_threadpool(_sheet, request, who, item, _unfinished(item, form))
    return see(request, f"requests/{id_}", "released" if after.state is State.RELEASED else "submitted")


@router.post("/{request_id}/accept")
async def accept(request: Request, request_id: str, sent: Sender) -> Response:
    """Accept the safe variants that came with a return, and submit them."""
    parts, who, id_ = parts_of(request), sent.who, RequestId(request_id)
    airlock = parts.instance.airlock
    item = await run_in_threadpool(airlock.allowed, who.username, id_, Action.EDIT)
    form = read(Nothing, sent.fields, words.DRAFT)
    evaluate = evaluating(parts, who.username, item.project)
    form, after = await attempt(form, lambda _: airlock.accept_advice(who.username, id_, evaluate))
    if after is None:
        now = await run_in_threadpool(airlock.allowed, who.username, id_, Action.EDIT)
        refused = replace(_filled(now), notes=form.notes, status=form.status)
        return await run_in_threadpool(_sheet, request, who, now, refused)
    return see(request, f"requests/{id_}", "released" if after.state is State.RELEASED else "submitted")


@router.post("/{request_id}/discard")
async def discard(request: Request, request_id: str, sent: Sender) -> Response:
    """Discard a draft, or what was changed of a returned request."""
    airlock, who, id_ = parts_of(request).instance.airlock, sent.who, RequestId(request_id)
    await run_in_threadpool(airlock.allowed, who.username, id_, Action.EDIT)
    read(Nothing, sent.fields, words.DRAFT)
    after = await run_in_threadpool(airlock.discard, who.username, id_)
    return see(request, f"requests/{id_}", "discarded" if after.round == 0 else "put-back")


@router.post("/{request_id}/withdraw")
async def withdraw(request: Request, request_id: str, sent: Sender) -> Response:
    """Take one's own request back."""
    airlock, who, id_ = parts_of(request).instance.airlock, sent.who, RequestId(request_id)
    await run_in_threadpool(airlock.allowed, who.username, id_, Action.WITHDRAW)
    read(Nothing, sent.fields, words.DRAFT)
    await run_in_threadpool(airlock.withdraw, who.username, id_)
    return see(request, f"requests/{id_}", "withdrawn")


async def _keep(
    airlock: Airlock, author: Username, id_: RequestId, typed: Typed
) -> tuple[Form[DraftForm], model.Request | None]:
    """Save what was typed into a draft; None when it could not be."""
    form = read(DraftForm, typed, words.DRAFT)

    def act(command: DraftForm) -> model.Request:
        return airlock.save(author, id_, command.version, command.title, _groups(command))

    return await attempt(form, act, lambda: _filled(airlock.allowed(author, id_, Action.EDIT)))


def _typed(sent: Sent) -> tuple[Typed, Typed]:
    """Return what was typed into the draft, and what is to be added to it: the page sends both, whatever the button."""
    draft = {name: values for name, values in sent.fields.items() if name not in _ADDED}
    adding = {name: values for name, values in sent.fields.items() if name in _ADDED or name == "version"}
    return draft, adding


def _of_page(draft: Typed) -> bool:
    return draft.keys() != {"version"}


def _unfinished(item: model.Request, form: Form[SubmitForm]) -> Form[DraftForm]:
    """Return the draft's form with what keeps it from being submitted, beside the fields where it is about one."""
    refused = replace(_filled(item), status=form.status)
    lacking = unfinished(drafts.content_of(item))
    for error in lacking:
        refused = refused.refused(error)
    said = {sentence(error.message) for error in lacking}
    return replace(refused, notes=tuple(note for note in form.notes if note not in said), status=form.status)


def _sheet(
    request: Request, who: Visitor, item: model.Request, form: Form[DraftForm], adding: Form[AddForm] | None = None
) -> Response:
    """Return the page on which a draft is put together; `item` is as the author may change it."""
    parts = parts_of(request)
    records = _records(parts, who.username, item)
    wanted = drafts.content_of(item)
    used = {*wanted.evaluations, *wanted.supporting}
    values = {
        "item": item,
        "form": form,
        "adding": placed(adding or blank(AddForm, words.DRAFT), "add"),
        "records": {id_: record for id_, record in records.items() if id_ in used},
        "addable": [record for id_, record in records.items() if id_ not in used and _lives(parts, record)],
        "quotes": quotes(parts.instance.airlock, who.username, records, wanted.evaluations),
        "group_names": [group.name for group in wanted.groups if group.name],
        "group_options": _group_options(form),
        "part_words": list(words.PARTS.items()),
        "verdicts": words.VERDICTS,
        "can_submit": parts.instance.airlock.can(who.username, Action.SUBMIT, item),
        "changed": item.draft is not None and item.round > 0,
        **STATE_WORDS,
    }
    status = adding.status if adding else form.status
    return page(request, "airlock/edit.html", who, status=status, here=REQUESTS.path, **values)


def _records(parts: Parts, author: Username, item: model.Request) -> _Parts:
    """Return everything the author has had judged in the project lately, and what is part of the draft already."""
    airlock = parts.instance.airlock
    statistics = airlock.statistics_of(author, item.project)
    uploads = [record for record, _ in airlock.files_of(author, item.project)]
    found = {record.id: record for record in (*statistics, *uploads)}
    wanted = drafts.content_of(item)
    missing = [id_ for id_ in (*wanted.evaluations, *wanted.supporting) if id_ not in found]
    return found | {id_: airlock.record_of(id_) for id_ in missing}


def _lives(parts: Parts, record: EvaluationRecord) -> bool:
    return record.expires_at > parts.instance.clock.now()


def _filled(item: model.Request) -> Form[DraftForm]:
    """Return the form of what would be submitted now."""
    wanted = drafts.content_of(item)
    rows = list(_rows(wanted))
    values = {
        "version": item.version,
        "title": wanted.title,
        "groups": [
            GroupRow(number=number, name=group.name, context=group.context, controls=group.controls).model_dump()
            for number, group in enumerate(wanted.groups)
        ],
        "outputs": [row.model_dump(mode="json") for row in rows],
    }
    return filled(values, DraftForm, words.DRAFT)


def _rows(wanted: Wanted) -> Iterable[OutputRow]:
    for number, group in enumerate(wanted.groups):
        for part, ids in ((Part.LEAVES, group.evaluations), (Part.SUPPORTS, group.supporting)):
            for id_ in ids:
                yield OutputRow(evaluation=id_, group=number, part=part)


def _group_options(form: Form[DraftForm]) -> list[tuple[str, str]]:
    """Return the groups that the form shows, as choices: by their rows' numbers, named by their order."""
    numbers = [row.prefix.split(".")[1] for row in form.rows("groups")]
    named = {str(number): row.get("name", ("",))[0] for number, row in rows_of(form.typed, "groups").items()}
    return [
        (number, f"{place}: {named[number]}" if named.get(number) else f"group {place}")
        for place, number in enumerate(numbers, start=1)
    ]


def _groups(command: DraftForm) -> Sequence[WantedGroup]:
    """Return what the form asks for; a group with nothing in it is none, and its outputs never get lost."""
    rows = command.groups or (GroupRow(number=0),)
    numbers = [row.number for row in rows]

    def of(row: GroupRow, part: Part) -> tuple[EvaluationId, ...]:
        # What stood in a group that was taken away comes into the first one.
        return tuple(
            EvaluationId(output.evaluation)
            for output in command.outputs
            if output.part is part and (output.group if output.group in numbers else numbers[0]) == row.number
        )

    groups = [
        WantedGroup(of(row, Part.LEAVES), row.context, row.controls, row.name, of(row, Part.SUPPORTS)) for row in rows
    ]
    return [group for group in groups if group != WantedGroup()] or [WantedGroup()]
