"""The reference page of notices: what is told, to whom, who chooses, and where a letter goes."""

from __future__ import annotations

from saferoom.projects.airlock import states as airlock
from saferoom.projects.life import states as life
from saferoom.projects.notices import kinds
from saferoom.projects.notices.model import SETTLED, Category, LetterState
from saferoom.projects.notices.patience import LONGEST, PAUSES
from saferoom.projects.notices.permissions import PERMITTED, Action, Standing
from saferoom.projects.notices.states import TRANSITIONS


def mermaid() -> str:
    """Return the states of a letter in Mermaid's language."""
    lines = ["stateDiagram-v2", f"    [*] --> {_name(LetterState.WAITING)}"]
    lines += [f"    {_name(row.from_)} --> {_name(row.to)} : {row.step.value} ({row.by})" for row in TRANSITIONS]
    lines.append(f"    {_name(LetterState.SENT)} --> [*]")
    return "\n".join(lines)


def page() -> str:
    """Return the reference page."""
    head = " | ".join(standing.value for standing in Standing)
    minutes = ", ".join(str(int(pause.total_seconds() // 60)) for pause in PAUSES)
    return "\n".join(
        [
            "# Notices and letters",
            "",
            "Made from the tables in `projects/notices`, `projects/airlock` and `projects/life`; a test compares this",
            "page with them.",
            "",
            "## What is told",
            "",
            "| kind | told | category | by e-mail, unless chosen otherwise |",
            "|---|---|---|---|",
            *(_kind(kind) for kind in sorted(kinds.all_kinds())),
            "",
            "A notice names its kind and ids. Nothing of an output, and no word that anybody wrote, is in it.",
            "",
            "## A letter",
            "",
            "```mermaid",
            mermaid(),
            "```",
            "",
            f"It is tried again after {minutes} minutes, for {LONGEST.days} days at most.",
            "",
            "## Who may do what",
            "",
            f"| action | {head} |",
            "|---|" + "---|" * len(Standing),
            *(_permission(action) for action in Action),
            "",
        ]
    )


def _kind(kind: str) -> str:
    told = sorted(_told(kind))
    categories = sorted({_category(kind, side) for side in told})
    fixed = all(category in SETTLED for category in categories)
    how = "always at once" if fixed else ", ".join(sorted({kinds.DEFAULTS[one].value for one in categories}))
    return f"| `{kind}` | {', '.join(told)} | {', '.join(categories)} | {how.replace('-', ' ')} |"


def _told(kind: str) -> set[str]:
    if kind in kinds.BREAK_GLASS:
        return {"administrators", "data owners", "whoever has the power"}
    if kind in kinds.TOKENS:
        return {"whose token it is"}
    if kind in kinds.FACTORS:
        return {"whose second factor it is"}
    if kind in (kinds.REFRESHED, kinds.IDS_CHANGED):
        return {"members"}
    if kind in (kinds.REMINDER, kinds.BUDGET):
        return {"whom it concerns"}
    parties = {row.notify.value for row in airlock.TRANSITIONS if row.audit == kind and row.notify}
    parties |= {row.notify.value for row in life.TRANSITIONS if row.audit == kind and row.notify}
    if kind == "release.withdrawn":
        return parties | {"data owners", "who took the bundle"}
    return parties or {_WAITS[kind]}


def _category(kind: str, side: str) -> Category:
    if kind == kinds.REMINDER:
        return Category.ENDS
    if kind in kinds.SECURITY:
        return Category.SECURITY
    return kinds.of_project(kind) if kind.startswith(("project.", "budget.")) else kinds.of_request(kind, side)


def _permission(action: Action) -> str:
    cells = ["yes" if standing in PERMITTED[action] else "" for standing in Standing]
    return f"| {action.value.replace('_', ' ')} | {' | '.join(cells)} |"


def _name(state: LetterState) -> str:
    return state.value.replace("-", "_")


_WAITS = {kinds.WAITS: life.Party.ADMINISTRATORS.value, kinds.HELD: life.Party.OWNERS.value}
