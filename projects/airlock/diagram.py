"""Draws the state diagram from the transition table, for the reference pages."""

from __future__ import annotations

from saferoom.projects.airlock.permissions import INDEPENDENT, PERMITTED, Standing
from saferoom.projects.airlock.states import (
    OWNER,
    READS,
    TRANSITIONS,
    Action,
    Party,
    State,
    Transition,
    readable,
    words,
)

_OWNS = {
    Party.AUTHOR: "the author",
    Party.CHECKERS: "the output checkers",
    Party.OWNERS: "the data owners",
    Party.SYSTEM: "the system",
}
_STANDINGS = {
    Standing.AUTHOR: "author",
    Standing.MEMBER: "member of the project",
    Standing.CHECKER: "output checker outside the project",
    Standing.DATA_OWNER: "data owner",
}


def mermaid() -> str:
    """Return the state diagram in Mermaid's language; steps that stay in a state are left to the table."""
    lines = ["stateDiagram-v2"]
    lines += [f"    {state.value} : {words(state)}<br/>({_OWNS[OWNER[state]]})" for state in State]
    lines += [_arrow(row) for row in TRANSITIONS if row.from_ is not row.to]
    left = {row.from_ for row in TRANSITIONS if row.from_ is not row.to}
    lines += [f"    {state.value} --> [*]" for state in State if state not in left]
    return "\n".join(lines) + "\n"


def _arrow(row: Transition) -> str:
    return f"    {row.from_.value if row.from_ else '[*]'} --> {row.to.value} : {row.action.value.replace('_', ' ')}"


def page() -> str:
    """Return the reference page: the diagram, who owns each state, and every transition."""
    owners = [f"| {words(state)} | {_OWNS[OWNER[state]]} |" for state in State]
    rows = [
        f"| {words(row.from_) if row.from_ else '(none)'} | {row.action.value.replace('_', ' ')} | {_OWNS[row.by]} "
        f"| {words(row.to)} | `{row.audit}` | {_OWNS[row.notify] if row.notify else ''} |"
        for row in TRANSITIONS
    ]
    return "\n".join(
        [
            "# States of a release request",
            "",
            "Made from the transition table in `projects/airlock/states.py`; a test compares this page with it.",
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
            "## Transitions",
            "",
            "| from | action | by | to | audit action | told |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            *_roles(),
            "",
            *_reads(),
            "",
        ]
    )


def _roles() -> list[str]:
    """Return the table of who may do what, leaving the state aside."""
    people = [action for action in Action if PERMITTED[action]]
    return [
        "## Who may do what",
        "",
        "Whoever is none of these is not told that the request exists. Until it is submitted for the first time, only",
        "the author's side knows of it. Actions marked * are for those who decide: nobody on the author's side takes",
        "them, whatever else they are. Where a data owner has to sign, that owner does not vote as an output checker.",
        "",
        f"| action | {' | '.join(_STANDINGS[standing] for standing in Standing)} |",
        "|---|" + "---|" * len(Standing),
        *(_permissions(action) for action in people),
    ]


def _reads() -> list[str]:
    """Return the table of the states in which something can be read."""
    shown = [(action, [words(state) for state in readable(action)]) for action in Action if action in READS]
    return [
        "## What may be read when",
        "",
        "| read | while it is |",
        "|---|---|",
        *(f"| {action.value.replace('_', ' ')} | {', '.join(names)} |" for action, names in shown),
    ]


def _permissions(action: Action) -> str:
    marks = " | ".join("yes" if standing in PERMITTED[action] else "" for standing in Standing)
    return f"| {action.value.replace('_', ' ')}{'*' if action in INDEPENDENT else ''} | {marks} |"
