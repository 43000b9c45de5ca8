"""What output checkers see of a request, in its groups; the evidence in it goes to nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.files.view import View
from saferoom.hub.web.airlock import present, present_files
from saferoom.hub.web.airlock.present_changes import ChangesView, changes
from saferoom.hub.web.airlock.present_combinations import Earlier, combinations, wanted
from saferoom.hub.web.airlock.present_files import FileView
from saferoom.hub.web.airlock.present_protection import protection
from saferoom.hub.wiring import Instance
from saferoom.ids import EvaluationId, OutputId, RequestId, Username
from saferoom.projects.airlock import model, review
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.model import Lane

_WITH_QUERY = frozenset({Lane.DECLARED, Lane.LIFTED})
_Judged = Mapping[OutputId, Evaluation]
OutputViews = list[tuple[model.Output, present.OutputView | FileView]]


@dataclass(frozen=True)
class GroupView:
    """A group as a page shows it, from 1."""

    number: int
    group: model.Group
    outputs: OutputViews
    supporting: tuple[FileView, ...]


def values(instance: Instance, viewer: Username, item: model.Request) -> dict[str, Any]:
    """Return everything that an output checker judges by."""
    airlock = instance.airlock
    votes = review.counting(item)
    others: dict[str, list[model.Vote]] = {}
    for (by, output), vote in votes.items():
        if by != viewer:
            others.setdefault(output, []).append(vote)
    judged = _judged(instance, viewer, item)
    shown = outputs(instance, viewer, item, judged)
    ids = {OutputId(id_) for found in judged.values() for id_ in wanted(found)}
    earlier = {id_: Earlier(r, j.evaluation) for id_, (r, j) in airlock.released_outputs(viewer, ids).items()}
    return {
        "groups": _groups(instance, viewer, item, shown),
        "abouts": abouts(item),
        "protections": {id_: protection(found) for id_, found in judged.items()},
        "combinations": {
            id_: combinations(found, lambda one: earlier.get(OutputId(one))) for id_, found in judged.items()
        },
        "suggestions": airlock.suggestions(viewer, item.id),
        "changes": _changes(instance, viewer, item),
        "my_votes": {output: vote for (by, output), vote in votes.items() if by == viewer},
        "other_votes": others,
        "blind": review.needed(item) > 1 and not review.is_complete(item),
        "needed": review.needed(item),
        "disputed": review.disputed(item),
        "my_claim": any(claim.by == viewer and claim.holds(instance.clock.now()) for claim in item.claims),
        "earlier": airlock.earlier_page(viewer, item.id),
    }


def outputs(instance: Instance, viewer: Username, item: model.Request, judged: _Judged | None = None) -> OutputViews:
    """Return each output as a page shows it to those who may see the whole request."""
    known = _judged(instance, viewer, item) if judged is None else judged
    return [(output, _output(instance, viewer, item.id, (output, known.get(output.id)))) for output in item.outputs]


def _judged(instance: Instance, viewer: Username, item: model.Request) -> _Judged:
    """Return the statistics that outputs are, or whose numbers they hold."""
    asked = [output.id for output in item.outputs if output.lane in _WITH_QUERY]
    return {id_: instance.airlock.judgement(viewer, item.id, id_).evaluation for id_ in asked}


def _output(
    instance: Instance, viewer: Username, request: RequestId, asked: tuple[model.Output, Evaluation | None]
) -> present.OutputView | FileView:
    output, judged = asked
    if output.lane is Lane.DECLARED and judged is not None:
        return present.output(judged)
    return present_files.file(*instance.airlock.file(viewer, request, output.evaluation), judged)


def _groups(instance: Instance, viewer: Username, item: model.Request, shown: OutputViews) -> list[GroupView]:
    return [
        GroupView(
            number,
            group,
            [(output, view) for output, view in shown if output.group == number],
            tuple(
                present_files.file(*instance.airlock.file(viewer, item.id, kept.evaluation))
                for kept in group.supporting
            ),
        )
        for number, group in enumerate(item.groups, start=1)
    ]


def abouts(item: model.Request) -> list[tuple[str, str]]:
    """Return what a comment can be about, as choices of a form."""
    several = len(item.groups) > 1
    groups = [(f"group:{number}", f"group {group.name}") for number, group in enumerate(item.groups, start=1)]
    named = [(f"output:{output.id}", f"output {output.position}: {output.title}") for output in item.outputs]
    return [*(groups if several else []), *named]


def _changes(instance: Instance, viewer: Username, item: model.Request) -> ChangesView | None:
    airlock = instance.airlock
    before = airlock.last_version(viewer, item.id)
    if before is None:
        return None

    def now(id_: EvaluationId) -> tuple[Judgement | None, View]:
        output = next((output for output in item.outputs if output.evaluation == id_), None)
        known = airlock.judgement(viewer, item.id, output.id) if output and output.lane in _WITH_QUERY else None
        is_file = output is None or output.lane is not Lane.DECLARED
        return known, airlock.file(viewer, item.id, id_)[2] if is_file else View()

    def earlier(id_: EvaluationId) -> tuple[Judgement | None, View]:
        return airlock.earlier_content(viewer, item.id, id_)

    return changes(item, before, now, earlier)
