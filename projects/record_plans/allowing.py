"""A record plan as its data owner types it into a form, or sends it in one call, and what it says in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from saferoom.errors import BadInputError
from saferoom.policies.models import PolicyModel
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.record_plans.checks import problems
from saferoom.projects.record_plans.model import PlanNameField, RecordPlan

if TYPE_CHECKING:
    from saferoom.projects.registry import Platform

LONGEST_PLAN = 100_000
_BETWEEN = re.compile(r"[\s,]+")


class PlanForm(PolicyModel):
    """What a data owner allows; a plan of the same name is replaced, and what was made by it before stays here."""

    name: PlanNameField
    plan: Annotated[str, Field(min_length=1, max_length=LONGEST_PLAN)]
    """The plan, in YAML."""
    since: date | None = None
    until: date
    projects: Annotated[str, Field(max_length=2000)] = ""
    """Names of projects, with spaces or commas between them; empty for every project with an approval."""
    releases: Annotated[int, Field(ge=1, le=1000)] = 1
    repeats: bool = False


def document_of(form: PlanForm, dataset: Dataset, platform: Platform) -> dict[str, Any]:
    """Return the document of ``saferoom admin apply`` that a form stands for.

    Raises
    ------
    BadInputError
        The plan cannot be read, or its limits do not bite.
    """
    from saferoom.disclosure.microdata.plans.plan import read_plan

    try:
        plan = read_plan(form.plan, "the plan")
    except BadInputError as error:
        raise BadInputError(error.message, field="plan") from None
    if wrong := [said for _, said in problems(plan, dataset, platform)]:
        raise BadInputError("; ".join(wrong), field="plan")
    named = [name for name in _BETWEEN.split(form.projects.strip()) if name]
    return {
        "kind": "record_plan",
        "dataset": dataset.name,
        "name": form.name,
        "allowed_by": dataset.owner,
        "plan": plan.document(),
        **({} if form.since is None else {"since": form.since.isoformat()}),
        "until": form.until.isoformat(),
        **({"projects": named} if named else {}),
        "releases": form.releases,
        "repeats": form.repeats,
        "ended": False,
    }


def in_words(allowed: RecordPlan) -> tuple[str, ...]:
    """Return what a plan does, one sentence each."""
    return tuple(_sentences(allowed))


def _sentences(allowed: RecordPlan) -> Iterator[str]:
    plan = allowed.plan
    yield f"The file has the columns {', '.join(plan['columns'])}, and no others."
    yield f"Known of a person from elsewhere may be: {', '.join(plan['keys'])}."
    for number, step in enumerate(plan["steps"], start=1):
        about = {name: value for name, value in step.items() if name != "method"}
        named = about.pop("columns", None) or about.pop("column", None) or ()
        what = ", ".join([named] if isinstance(named, str) else named)
        more = "; ".join(f"{name}: {_shown(value)}" for name, value in about.items())
        yield (
            f"Step {number}: {step['method'].replace('_', ' ')}"
            + (f" of {what}" if what else "")
            + (f" ({more})." if more else ".")
        )
    yield from _limits(plan["limits"], ", ".join(plan.get("sensitive", ())))
    files = "one file leaves" if allowed.releases == 1 else f"{allowed.releases} files leave"
    yield f"At most {files} by it, over all projects and versions."
    if allowed.draws:
        again = "may leave again" if allowed.repeats else "leaves once"
        yield f"It draws random numbers; of one version of the data a file that does {again}."


def _limits(limits: dict[str, Any], sensitive: str) -> Iterator[str]:
    yield f"At least {limits['k']} records share each combination, and no risk is above {limits['max_risk']:g}."
    if "max_household_risk" in limits:
        yield f"The risk that somebody of a household is found is at most {limits['max_household_risk']:g}."
    if "expected_reidentifications" in limits:
        yield f"At most {limits['expected_reidentifications']:g} re-identifications are expected."
    if "l_diversity" in limits:
        yield f"Those who share a combination have at least {limits['l_diversity']} different values of {sensitive}."
    if "t_closeness" in limits:
        yield f"Their values of {sensitive} are at most {limits['t_closeness']:g} from the whole file's (0 to 1)."


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(
            f"{name} ({_shown(one)})" if isinstance(one, list | dict) else f"{name} {one}"
            for name, one in value.items()
        )
    return ", ".join(map(_shown, value)) if isinstance(value, list) else str(value)
