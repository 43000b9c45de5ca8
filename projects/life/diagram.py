"""Draws a project's states, and who may do what, from the two tables, for the reference pages."""

from __future__ import annotations

from saferoom.projects.life.permissions import PERMITTED, Standing
from saferoom.projects.life.states import OWNER, TRANSITIONS, Action, Party, State, Transition, words

_PARTIES = {
    Party.LEAD: "the lead",
    Party.OWNERS: "the data owners",
    Party.ADMINISTRATORS: "the administrators",
    Party.SYSTEM: "the system",
}
_STANDINGS = {
    Standing.LEAD: "lead",
    Standing.MEMBER: "member",
    Standing.OWNER: "data owner",
    Standing.ADMINISTRATOR: "administrator",
    Standing.CHECKER: "output checker",
}


def mermaid() -> str:
    """Return the state diagram in Mermaid's language; steps that stay in a state are left to the table."""
    lines = ["stateDiagram-v2"]
    lines += [f"    {state.value} : {words(state)}<br/>({_PARTIES[OWNER[state]]})" for state in State]
    lines += [_arrow(row) for row in TRANSITIONS if row.from_ is not row.to]
    ends = {row.from_ for row in TRANSITIONS}
    lines += [f"    {state.value} --> [*]" for state in State if state not in ends]
    return "\n".join(lines) + "\n"


def _arrow(row: Transition) -> str:
    return f"    {row.from_.value if row.from_ else '[*]'} --> {row.to.value} : {_said(row.action)}"


def _said(action: Action) -> str:
    return action.value.replace("_", " ")


def _parties(row: Transition) -> str:
    return " or ".join(_PARTIES[party] for party in Party if party in row.by)


def page() -> str:
    """Return the reference page: the diagram, who owns each state, every transition, and who may do what."""
    owners = [f"| {words(state)} | {_PARTIES[OWNER[state]]} |" for state in State]
    rows = [
        f"| {words(row.from_) if row.from_ else '(none)'} | {_said(row.action)} | {_parties(row)} | {words(row.to)} "
        f"| `{row.audit}` | {_PARTIES[row.notify] if row.notify else ''} |"
        for row in TRANSITIONS
    ]
    permitted = [
        f"| {_said(action)} | " + " | ".join("yes" if one in PERMITTED[action] else "" for one in _STANDINGS) + " |"
        for action in Action
    ]
    return "\n".join(
        [
            "# States of a project",
            "",
            "Made from the tables in `projects/life/states.py` and `projects/life/permissions.py`; a test compares",
            "this page with them.",
            "",
            "```mermaid",
            mermaid().rstrip("\n"),
            "```",
            "",
            "## Who acts next",
            "",
            "| state | owner |",
            "|---|---|",
            *owners,
            "",
            "A paused project waits for whoever placed a hold; a running one for the data owners while an amendment or",
            "a changed dataset waits for them.",
            "",
            "## Who may do what",
            "",
            "Whoever has no standing is not told that the project exists (404); other standings are refused (403).",
            "",
            f"| action | {' | '.join(_STANDINGS.values())} |",
            "|---|" + "---|" * len(_STANDINGS),
            *permitted,
            "",
            "A data owner decides on own datasets only. Nobody stands on both sides: who is in a project, or proposed",
            "for it, is no data owner of it. What nobody may do is done by the system.",
            "",
            "## Transitions",
            "",
            "| from | action | by | to | audit action | told |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )
