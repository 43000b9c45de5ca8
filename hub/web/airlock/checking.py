"""What output checkers see of a request, in its groups; the evidence in it goes to nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.files.view import View
from saferoom.disclosure.remedies.model import Suggestion
from saferoom.hub.web.airlock import present, present_files
from saferoom.hub.web.airlock.present_changes import ChangesView, changes
from saferoom.hub.web.airlock.present_combinations import Combinations, Earlier, combinations, wanted
from saferoom.hub.web.airlock.present_files import FileView
from saferoom.hub.web.airlock.present_protection import ProtectionView, protection
from saferoom.hub.wiring import Instance
from saferoom.ids import EvaluationId, OutputId, Username
from saferoom.projects.airlock import advising, model, review
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.model import FILES, Lane
from saferoom.projects.airlock.service import Airlock
from saferoom.projects.airlock.sheets import Content, Contents, Sheet

OutputViews = list[tuple[model.Output, present.OutputView | FileView]]


@dataclass(frozen=True)
class GroupView:
    """A group as a page shows it, from 1."""

    number: int
    group: model.Group
    outputs: OutputViews
    supporting: tuple[FileView, ...]


@dataclass(frozen=True)
class Grounds:
    """What an output checker judges by, beside the outputs themselves; each by the ids of the outputs.

    Attributes
    ----------
    changes : ChangesView or None
        What has changed since the last submission; None of a first one.
    blind : bool
        Whether checkers see nobody else's votes now.
    needed : int
        How many checkers have to approve.
    disputed : tuple of int
        The places of the outputs about which the checkers disagree.
    """

    protections: Mapping[OutputId, ProtectionView | None]
    combinations: Mapping[OutputId, Combinations]
    suggestions: Mapping[OutputId, Suggestion]
    changes: ChangesView | None
    blind: bool
    needed: int
    disputed: tuple[int, ...]


def grounds(instance: Instance, viewer: Username, sheet: Sheet) -> Grounds:
    """Return what `viewer`, an output checker, judges the outputs of `sheet` by."""
    airlock, item = instance.airlock, sheet.request
    judged = _judged(sheet)
    ids = {OutputId(id_) for found in judged.values() for id_ in wanted(found)}
    earlier = {id_: Earlier(r, j.evaluation) for id_, (r, j) in airlock.released_outputs(viewer, ids).items()}
    # Outputs of one request leave together, so that each stands beside the others.
    earlier |= {id_: Earlier(item, found) for id_, found in judged.items() if id_ in ids}
    return Grounds(
        protections={id_: protection(found) for id_, found in judged.items()},
        combinations={
            id_: combinations(found, lambda one: earlier.get(OutputId(one))) for id_, found in judged.items()
        },
        suggestions=advising.best(sheet),
        changes=_changes(airlock, sheet),
        blind=review.needed(item) > 1 and not review.is_complete(item),
        needed=review.needed(item),
        disputed=review.disputed(item),
    )


def values(instance: Instance, viewer: Username, sheet: Sheet) -> dict[str, Any]:
    """Return everything that an output checker judges by, as the page takes it."""
    airlock, item = instance.airlock, sheet.request
    votes = review.counting(item)
    others: dict[str, list[model.Vote]] = {}
    for (by, output), vote in votes.items():
        if by != viewer:
            others.setdefault(output, []).append(vote)
    found = grounds(instance, viewer, sheet)
    return {
        **{one.name: getattr(found, one.name) for one in fields(found)},
        "groups": _groups(sheet),
        "abouts": abouts(item),
        "my_votes": {output: vote for (by, output), vote in votes.items() if by == viewer},
        "other_votes": others,
        "my_claim": any(claim.by == viewer and claim.holds(instance.clock.now()) for claim in item.claims),
        "earlier": airlock.earlier_page(viewer, item.id),
    }


def outputs(sheet: Sheet) -> OutputViews:
    """Return each output as a page shows it to those who may see the whole request."""
    return [(output, _shown(sheet.contents[output.evaluation], output.lane)) for output in sheet.request.outputs]


def _judged(sheet: Sheet) -> Mapping[OutputId, Evaluation]:
    """Return the statistics that outputs are, or whose numbers they hold."""
    known = {output.id: sheet.contents[output.evaluation].statistic for output in sheet.request.outputs}
    return {id_: found.evaluation for id_, found in known.items() if found is not None}


def _shown(content: Content, lane: Lane) -> present.OutputView | FileView:
    judged = content.statistic.evaluation if content.statistic else None
    if lane not in FILES and judged is not None:
        return present.output(judged)
    # Of records it is the table that they are remembered by, and no statistic that anybody asked for.
    return _file(content, None if lane is Lane.RECORDS else judged)


def _file(content: Content, judged: Evaluation | None = None) -> FileView:
    if content.file is None:
        raise ValueError(f"{content.record.id} is no file")
    return present_files.file(content.record, content.file, content.shown, judged)


def _groups(sheet: Sheet) -> list[GroupView]:
    shown = outputs(sheet)
    return [
        GroupView(
            number,
            group,
            [(output, view) for output, view in shown if output.group == number],
            tuple(_file(sheet.contents[kept.evaluation]) for kept in group.supporting),
        )
        for number, group in enumerate(sheet.request.groups, start=1)
    ]


def _changes(airlock: Airlock, sheet: Sheet) -> ChangesView | None:
    if sheet.before is None:
        return None

    def content(of: Contents, id_: EvaluationId) -> tuple[Judgement | None, View]:
        return of[id_].statistic, airlock.view_of(of[id_])

    return changes(sheet.request, sheet.before, partial(content, sheet.contents), partial(content, sheet.earlier))


def abouts(item: model.Request) -> list[tuple[str, str]]:
    """Return what a comment can be about, as choices of a form."""
    several = len(item.groups) > 1
    groups = [(f"group:{number}", f"group {group.name}") for number, group in enumerate(item.groups, start=1)]
    named = [(f"output:{output.id}", f"output {output.position}: {output.title}") for output in item.outputs]
    return [*(groups if several else []), *named]
