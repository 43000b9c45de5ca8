"""The reference page of people: who may do what, what roles need, and how a break-glass act goes on."""

from __future__ import annotations

from saferoom.projects.people.emergencies import LONGEST_HOURS, LONGEST_LAPSE, OWNER, TRANSITIONS, State, Transition
from saferoom.projects.people.model import NEED_ACCREDITATION, NEED_TRAINING, Role
from saferoom.projects.people.permissions import BY_ANOTHER, PERMITTED, REFUSED_OPENLY, Action, Standing
from saferoom.projects.people.reminders import STAGES_DAYS


def mermaid() -> str:
    """Return the states of a break-glass act in Mermaid's language."""
    lines = ["stateDiagram-v2"]
    lines += [f"    {state.value} : {state.value}<br/>({_owner(state)})" for state in State]
    lines += [
        f"    {row.from_.value if row.from_ else '[*]'} --> {row.to.value} : {row.step.value}" for row in TRANSITIONS
    ]
    lines.append(f"    {State.REVIEWED.value} --> [*]")
    return "\n".join(lines)


def page() -> str:
    """Return the reference page."""
    head = " | ".join(standing.value for standing in Standing)
    return "\n".join(
        [
            "# People: roles, permissions, break-glass",
            "",
            "Made from the tables in `projects/people`; a test compares this page with them.",
            "",
            "## What a role needs",
            "",
            "| role | accreditation | training |",
            "|---|---|---|",
            *(_needs(role) for role in Role),
            "",
            "Who holds several roles needs what each of them needs. Reminders are sent "
            f"{', '.join(str(days) for days in STAGES_DAYS)} days before the last day, and once after it.",
            "",
            "## Who may do what",
            "",
            f"| action | {head} | not to oneself | others get |",
            "|---|" + "---|" * (len(Standing) + 2),
            *(_permission(action) for action in Action),
            "",
            "## A break-glass act",
            "",
            f"It lasts {LONGEST_HOURS} hours at most. A lapsed record can be bridged for {LONGEST_LAPSE.days} days "
            "after its last day, never one that was withdrawn.",
            "",
            "```mermaid",
            mermaid(),
            "```",
            "",
            "| from | step | by | to | audit action | told |",
            "|---|---|---|---|---|---|",
            *(_transition(row) for row in TRANSITIONS),
            "",
        ]
    )


def _needs(role: Role) -> str:
    accreditation = "yes" if role in NEED_ACCREDITATION else ""
    training = NEED_TRAINING[role].value.replace("-", " ") if role in NEED_TRAINING else ""
    return f"| {role.value} | {accreditation} | {training} |"


def _permission(action: Action) -> str:
    cells = ["yes" if standing in PERMITTED[action] else "" for standing in Standing]
    others = "403" if action in REFUSED_OPENLY else "404"
    own = "yes" if action in BY_ANOTHER else ""
    return f"| {action.value.replace('_', ' ')} | {' | '.join(cells)} | {own} | {others} |"


def _owner(state: State) -> str:
    owner = OWNER[state]
    return owner.value if owner else "nobody"


def _transition(row: Transition) -> str:
    from_ = row.from_.value if row.from_ else "(none)"
    return f"| {from_} | {row.step.value} | {row.by.value} | {row.to.value} | `{row.audit}` | {row.told} |"
