"""Draws the state diagram from the transition table, for the reference pages."""

from __future__ import annotations

from saferoom.projects.airlock.states import OWNER, TRANSITIONS, Party, State, Transition, words

_OWNS = {Party.AUTHOR: "the author", Party.CHECKERS: "the output checkers", Party.SYSTEM: "the system"}


def mermaid() -> str:
    """Return the state diagram in Mermaid's language; steps that stay in a state are left to the table."""
    lines = ["stateDiagram-v2"]
    lines += [f"    {state.value} : {words(state)}<br/>({_OWNS[OWNER[state]]})" for state in State]
    lines += [_arrow(row) for row in TRANSITIONS if row.from_ is not row.to]
    ends = {row.from_ for row in TRANSITIONS}
    lines += [f"    {state.value} --> [*]" for state in State if state not in ends]
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
        ]
    )
