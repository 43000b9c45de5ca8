"""Every step there is, by name; a reference page and a test are made from this list."""

from __future__ import annotations

from saferoom.errors import BadInputError
from saferoom.projects.measures.areas import COMPOSITE
from saferoom.projects.measures.background import BACKGROUND
from saferoom.projects.measures.households import COMPOSITION, HOUSEHOLDS
from saferoom.projects.measures.incomes import EQUIVALISED, LOW_INCOME, RANKS
from saferoom.projects.measures.mobility import SLOPE, TRANSITIONS
from saferoom.projects.measures.model import Step
from saferoom.projects.measures.pairs import EDUCATION_PAIRS, INCOME_PAIRS
from saferoom.projects.measures.school import FREE_MEALS, LOST
from saferoom.projects.measures.socioeconomic import INDEX

STEPS: tuple[Step, ...] = (
    HOUSEHOLDS,
    COMPOSITION,
    EQUIVALISED,
    LOW_INCOME,
    RANKS,
    FREE_MEALS,
    LOST,
    BACKGROUND,
    INDEX,
    INCOME_PAIRS,
    EDUCATION_PAIRS,
    TRANSITIONS,
    SLOPE,
    COMPOSITE,
)


def step(name: str) -> Step:
    """Return the step called `name`.

    Raises
    ------
    BadInputError
        There is none.
    """
    for known in STEPS:
        if known.name == name:
            return known
    raise BadInputError(f"there is no such step; there are: {', '.join(known.name for known in STEPS)}", field="step")
