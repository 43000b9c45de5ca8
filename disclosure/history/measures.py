"""Two numbers about (nearly) the same people, judged by what each unit adds to their difference."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from saferoom.disclosure.history.contributors import Contributors
from saferoom.disclosure.history.families import Tick
from saferoom.disclosure.history.judgement import Book
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.verdict import Finding
from saferoom.policies.models import RiskAppetite


class Shares(Protocol):
    """Computes what each unit adds."""


def measured(
    contributors: Contributors, memory: Memory, policy: RiskAppetite, book: Book, shares: Shares | None, tick: Tick
) -> Iterable[Finding]:
    """Return what cannot be decided; note what is found."""
    return ()
