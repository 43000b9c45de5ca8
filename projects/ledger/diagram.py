"""The reference page of privacy budgets: kinds, who sees and sets them, and the states of a charge."""

from __future__ import annotations

from saferoom.projects.ledger.alerts import LEVELS
from saferoom.projects.ledger.model import NEED_LIMIT, AccountKind, ChargeState
from saferoom.projects.ledger.permissions import PERMITTED, Action, Standing
from saferoom.projects.ledger.states import FINAL, TRANSITIONS

ABOUT = {
    AccountKind.LINEAGE: "a dataset: all its versions, all projects, and whatever is linked from it",
    AccountKind.OWNER: "all data of a data owner",
    AccountKind.PROJECT: "everything that a project releases",
    AccountKind.APPROVAL: "one project's use of one dataset; its limit is part of the approval's terms",
}


def mermaid() -> str:
    """Return the states of a charge in Mermaid's language."""
    lines = ["stateDiagram-v2", f"    [*] --> {ChargeState.CHARGED.value}"]
    lines += [f"    {row.from_.value} --> {row.to.value} : {row.step.value}" for row in TRANSITIONS]
    lines += [f"    {state.value} --> [*]" for state in ChargeState if state in FINAL]
    return "\n".join(lines)


def page() -> str:
    """Return the reference page."""
    head = " | ".join(standing.value for standing in Standing)
    levels = ", ".join(f"{level} %" for level in LEVELS)
    return "\n".join(
        [
            "# Privacy budgets",
            "",
            "Made from the tables in `projects/ledger`; a test compares this page with them.",
            "",
            "## Kinds of budget",
            "",
            "A release with differential privacy is debited to every budget that it concerns, or to none.",
            "",
            "| kind | of | without a limit |",
            "|---|---|---|",
            *(f"| `{kind.value}` | {ABOUT[kind]} | {_without(kind)} |" for kind in AccountKind),
            "",
            f"People are told once when {levels} of a limit are spent.",
            "",
            "## Who may do what",
            "",
            "Whoever is neither of these is not told whether there is such a budget.",
            "",
            f"| action | {head} |",
            "|---|" + "---|" * len(Standing),
            *(_permission(kind, action) for kind in AccountKind for action in Action),
            "",
            "## A charge",
            "",
            "```mermaid",
            mermaid(),
            "```",
            "",
            "No step gives a loss back.",
            "",
            "| from | step | to | audit action |",
            "|---|---|---|---|",
            *(f"| {row.from_.value} | {row.step.value} | {row.to.value} | `{row.audit}` |" for row in TRANSITIONS),
            "",
        ]
    )


def _without(kind: AccountKind) -> str:
    return "nothing may be spent" if kind in NEED_LIMIT else "other budgets still count"


def _permission(kind: AccountKind, action: Action) -> str:
    cells = ["yes" if standing in PERMITTED[kind][action] else "" for standing in Standing]
    return f"| {kind.value}: {action.value.replace('_', ' ')} | {' | '.join(cells)} |"
