"""What is known or wanted of a twin: what each column is, and the terms on which a twin is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError

THRESHOLD = 10
LEAST_THRESHOLD = 3


class Role(StrEnum):
    """What a column is to a twin; found from its values where nobody says."""

    UNIT = "unit"
    """Ids of a statistical unit: made anew, and what the threshold counts."""
    ID = "id"
    """Other ids: made anew."""
    CATEGORY = "category"
    NUMBER = "number"
    DATE = "date"
    TEXT = "text"
    """Free text and whatever names people: never copied, placeholders stand for it."""


@dataclass(frozen=True)
class Described:
    """What is said of a column.

    Attributes
    ----------
    role : Role, optional
    codelist : tuple of Label, optional
        Every value that it may take, which is public: rare ones stay in the twin, values beside it never do.
    """

    role: Role | None = None
    codelist: tuple[Label, ...] | None = None


@dataclass(frozen=True)
class Limits:
    """What must hold of a twin, or there is none.

    Attributes
    ----------
    attribution_gain : float
        By how much more often a value that the twin gives away is right than that of somebody who knows everybody but
        the person; share of the records about whom it gives one away.
    closeness_excess : float
        By how much more often records of the twin lie nearer to a record than its nearest neighbour than records of
        other people do; share of the twin's records.
    replicated_uniques : int
        Records of the twin with a key that one unit alone has, in the twin as in the file, after their removal.
    """

    attribution_gain: float = 0.1
    closeness_excess: float = 0.1
    replicated_uniques: int = 0


@dataclass(frozen=True)
class Terms:
    """On which terms a twin is made.

    Attributes
    ----------
    threshold : int
        Statistical units that must share whatever is told.
    keys, sensitive : tuple of str
        What somebody outside may know of a person, and what they would like to learn; chosen where left out.
    order : tuple of str
        Which variables are made first (medium fidelity); the others follow, those with fewest states first.
    rows : int, optional
        Records of the twin; by default as many as the file has, rounded to tens.
    """

    threshold: int = THRESHOLD
    keys: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    rows: int | None = None
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if self.threshold < LEAST_THRESHOLD:
            raise BadInputError(f"threshold: must be at least {LEAST_THRESHOLD} units")
        if self.rows is not None and self.rows < 1:
            raise BadInputError("rows: must be at least 1")
        both = [name for name in self.keys if name in self.sensitive]
        if both:
            raise BadInputError(f"sensitive: '{both[0]}' is a key variable as well; it can be only one of the two")
