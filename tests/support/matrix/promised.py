"""What the reference pages promise, read back from them: who may do what, and when.

The pages are made of the tables that the program decides by, and a test compares the two. The matrix expects what the
committed pages say, so a rule that is weakened in the program is noticed at the door, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference"
YES = "yes"
Row = dict[str, str]


@dataclass(frozen=True)
class Page:
    """A page of the reference."""

    name: str

    @cached_property
    def _text(self) -> str:
        return (REFERENCE / self.name).read_text(encoding="utf-8")

    def table(self, heading: str) -> list[Row]:
        """Return the rows of the first table below a heading, by the names of their columns."""
        _, found, rest = self._text.partition(f"\n## {heading}\n")
        assert found, f"{self.name} has no part called {heading}"
        lines = [line for line in rest.split("\n## ")[0].splitlines() if line.startswith("|")]
        names, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
        return [dict(zip(names, row, strict=True)) for row in rows if not set("".join(row)) <= set("-")]

    @cached_property
    def permitted(self) -> dict[str, frozenset[str]]:
        """Who may take an action, by its name."""
        return {
            row["action"].rstrip("*"): frozenset(name for name, cell in row.items() if cell == YES)
            for row in self.table("Who may do what")
        }

    def of(self, standing: str) -> frozenset[str]:
        """Return every action that somebody with one standing may take."""
        return frozenset(action for action, who in self.permitted.items() if standing in who)

    @cached_property
    def starred(self) -> frozenset[str]:
        """Actions that only those take who stand on no side."""
        return frozenset(row["action"][:-1] for row in self.table("Who may do what") if row["action"].endswith("*"))

    @cached_property
    def steps(self) -> dict[tuple[str, str], frozenset[str]]:
        """Who may take a step, by the state it begins in and its action."""
        found: dict[tuple[str, str], frozenset[str]] = {}
        for row in self.table("Transitions"):
            key = row["from"], row["action"]
            found[key] = found.get(key, frozenset()) | frozenset(row["by"].split(" or "))
        return found

    @cached_property
    def states(self) -> tuple[str, ...]:
        """Every state."""
        return tuple(row["state"] for row in self.table("Who acts next"))


AIRLOCK, PROJECTS, PEOPLE, NOTICES, BUDGETS = (
    Page(name) for name in ("airlock-states.md", "project-states.md", "people.md", "notices.md", "budgets.md")
)

AUTHOR, MEMBER, CHECKER, OWNER = (
    "author",
    "member of the project",
    "output checker outside the project",
    "data owner",
)
_ACTS_FOR = {
    AUTHOR: "the author",
    MEMBER: "the author",
    CHECKER: "the output checkers",
    OWNER: "the data owners",
    "lead": "the lead",
    "administrator": "the administrators",
}


def in_airlock(standing: frozenset[str], action: str, state: str) -> int:
    """Return how an action on a request is refused; 0 where it is promised."""
    if not standing:
        return 404
    on_a_side = standing & {AUTHOR, MEMBER}
    if action in AIRLOCK.starred and on_a_side:
        return 403
    acting = standing & AIRLOCK.permitted[action]
    if not acting:
        return 403
    shown = {row["read"]: row["while it is"].split(", ") for row in AIRLOCK.table("What may be read when")}
    if action in shown:
        return 0 if state in shown[action] else 409
    return _step(AIRLOCK, acting, action, state)


def in_projects(standing: frozenset[str], action: str, state: str, *, own: bool = True) -> int:
    """Return how an action on a project is refused; `own` tells whether the dataset it is about is the actor's."""
    if not standing:
        return 404
    acting = standing & PROJECTS.permitted[action]
    if not acting or (acting == {OWNER} and not own):
        return 403
    return 0 if action == "view" else _step(PROJECTS, acting, action, state)


def in_people(standing: frozenset[str], action: str) -> int:
    """Return how an action on an account is refused; 0 where it is promised."""
    row = next(row for row in PEOPLE.table("Who may do what") if row["action"] == action)
    if not any(row[name] == YES for name in standing):
        # Whoever knows that there is such an account is told no; everybody else learns nothing.
        return 403 if standing & {"self", "administrator"} else int(row["others get"])
    return 403 if row["not to oneself"] == YES and "self" in standing else 0


def in_budgets(standing: str | None, kind: str, action: str) -> int:
    """Return how an action on a budget of some kind is refused."""
    if standing not in BUDGETS.permitted[f"{kind}: view"]:
        return 404
    return 0 if standing in BUDGETS.permitted[f"{kind}: {action}"] else 403


def _step(page: Page, acting: frozenset[str], action: str, state: str) -> int:
    by = page.steps.get((state, action), frozenset())
    return 0 if by & {_ACTS_FOR[one] for one in acting if one in _ACTS_FOR} else 409
