"""Decides whether judged outputs may leave by themselves, or why and by how many people they must be seen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from saferoom.disclosure.verdict import Verdict
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.policies.models import ReleaseRoute
from saferoom.projects.airlock.model import Lane, Route
from saferoom.projects.policies import effective
from saferoom.projects.registry import Registry


@dataclass(frozen=True)
class Judged:
    """What the route depends on, of one output."""

    verdict: Verdict
    obstacles: tuple[str, ...]
    """Why this output may not leave without a person, whatever its verdict."""
    lane: Lane = Lane.DECLARED


@dataclass(frozen=True)
class Circumstances:
    """What the route depends on besides the outputs.

    Attributes
    ----------
    policy : ReleaseRoute
        The effective one: the strictest of platform, data owners and project.
    origin : str
        Who decided whether outputs may leave by themselves, e.g. ``data owner of htv``.
    used_today : int
        Outputs the project has released automatically since midnight (UTC), those with a privacy budget left out.
    """

    policy: ReleaseRoute
    origin: str
    used_today: int


def decide(outputs: Sequence[Judged], circumstances: Circumstances) -> Route:
    """Return the route of `outputs`: automatic only when nothing at all speaks against it.

    What is differentially private leaves by itself wherever a data owner has set a budget for it: what leaves by other
    ways, and how much of it in a day, says nothing about it.
    """
    counted = sum(1 for output in outputs if output.lane is not Lane.PRIVACY)
    reasons = tuple(dict.fromkeys([*_of_outputs(outputs), *_of_circumstances(counted, circumstances)]))
    if reasons or not outputs:
        needed = checkers((output.lane for output in outputs), circumstances.policy)
        return Route(False, reasons or ("there is no output",), needed)
    return Route(True, (), 0)


def checkers(lanes: Iterable[Lane], policy: ReleaseRoute) -> int:
    """Return how many output checkers must approve outputs of `lanes` when a person is needed."""
    return max(1, policy.checkers_declared, *(policy.checkers_file for lane in lanes if lane in _LOOKED_AT), 0)


def _of_outputs(outputs: Sequence[Judged]) -> list[str]:
    several = len(outputs) > 1
    reasons = []
    for number, output in enumerate(outputs, start=1):
        which = f"output {number}" if several else "the output"
        if output.lane not in (Lane.DECLARED, Lane.PRIVACY):
            # What leaves would be the researcher's own bytes: never without a person, whatever the verdict.
            reasons.append(f"{which} is {_BYTES[output.lane]}")
        if output.verdict is not Verdict.PASS and output.lane not in _LOOKED_AT:
            reasons.append(f"{which} was not proven safe (verdict: {output.verdict.value})")
        reasons += [f"{which}: {_clause(obstacle)}" for obstacle in output.obstacles]
    return reasons


def _clause(sentence: str) -> str:
    """Return a sentence as a part of another one."""
    return sentence[:1].lower() + sentence[1:].rstrip(".")


_LOOKED_AT = frozenset({Lane.FILE, Lane.RECORDS})
"""Lanes of which two output checkers look at everything, whatever was found."""
_BYTES = {
    Lane.FILE: "a file: the records behind it are not known, so output checkers look at every file",
    Lane.RECORDS: "a file of records: output checkers look at every one, and then the data owner signs",
    Lane.LIFTED: "a file whose numbers were computed again; an output checker looks at everything else in it",
}


def _of_circumstances(outputs: int, circumstances: Circumstances) -> list[str]:
    policy = circumstances.policy
    if outputs and not policy.automatic:
        by = f" ({circumstances.origin})" if circumstances.origin else ""
        return [f"automatic release is not allowed here{by}"]
    reasons = ["a data owner signs what leaves"] if policy.owner_signs else []
    if outputs and circumstances.used_today + outputs > policy.automatic_per_day:
        reasons.append(
            f"the project has used {circumstances.used_today} of its {policy.automatic_per_day} automatic releases "
            "of today"
        )
    return reasons


def signing(registry: Registry, project: ProjectSlug, names: Collection[DatasetName]) -> tuple[DatasetName, ...]:
    """Return the datasets among `names` whose owners sign what leaves.

    Where the platform or the project asks for it these are all of them; where one owner asks, it is their own.
    """
    return tuple(name for name in sorted(names) if effective(registry, project, [name])[1].policy.owner_signs)
