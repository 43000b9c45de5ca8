"""Typed models of the policies. All are frozen and refuse unknown keys.

Vocabulary
----------
risk appetite
    How much disclosure risk a body accepts: thresholds and shares that the rules of `saferoom.disclosure` apply.
release route
    How a judged output leaves: by itself or through output checkers, how many, and how often.
strictest wins
    Platform, data owner and project each state both; the effective policy takes, field by field, the strictest
    value. How two values of a field compare is declared once, on the field (`Strictness`). What a policy leaves out
    takes the default written here, and counts like any other value.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

ANY_COLUMN = "*"
"""In `structural`: leave it to the other layers which columns are structural."""
Combination = dict[str, str | int | bool]
"""Columns with one category each."""


class Strictness(StrEnum):
    """How to take the stricter of two values of a field."""

    LARGER = "larger"
    SMALLER = "smaller"
    ALL = "all"
    """Booleans that permit: true only where everybody says true."""
    ANY = "any"
    """Booleans that demand: true where anybody says true."""
    UNION = "union"
    INTERSECTION = "intersection"
    PER_KEY_LARGER = "per key larger"
    PER_N_SMALLER_SHARE = "per n smaller share"


class PolicyModel(BaseModel):
    """Base of everything read from a file that people write."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class DominanceRule(PolicyModel):
    """The (n,k) rule: the n largest contributors together stay below share k of the cell's total."""

    n: Annotated[int, Field(ge=1, le=10)]
    share_fraction: Annotated[float, Field(gt=0, le=1)]


class RiskAppetite(PolicyModel):
    """Limits that the disclosure rules apply; the defaults are the platform's."""

    kind: Literal["risk-appetite"] = "risk-appetite"
    name: Annotated[str, Field(max_length=200)] = "default"
    threshold_units: Annotated[int, Field(ge=3), Strictness.LARGER] = 10
    """Fewest distinct units with a non-missing measure in a released cell."""
    threshold_per_unit: Annotated[dict[str, Annotated[int, Field(ge=3)]], Strictness.PER_KEY_LARGER] = Field(
        default_factory=dict
    )
    """Thresholds for named units (household_id, school_id ...) where they differ from threshold_units."""
    residual_degrees_of_freedom: Annotated[int, Field(ge=1), Strictness.LARGER] = 10
    """Fewest residual degrees of freedom of a released model or test."""
    dominance: Annotated[tuple[DominanceRule, ...], Strictness.PER_N_SMALLER_SHARE] = (
        DominanceRule(n=1, share_fraction=0.50),
        DominanceRule(n=2, share_fraction=0.90),
    )
    """The n largest contributors together stay below this share of the cell's total."""
    p_percent: Annotated[float, Field(ge=0, le=100), Strictness.LARGER] = 10.0
    """The remainder after the two largest contributors is at least p % of the largest."""
    class_disclosure_fraction: Annotated[float, Field(gt=0.5, le=1), Strictness.SMALLER] = 1.0
    """A category holding at least this share of its group fails."""
    near_class_fraction: Annotated[float, Field(gt=0.5, le=1), Strictness.SMALLER] = 0.9
    """A category holding at least this share of its group goes to a person."""
    difference_units: Annotated[int, Field(ge=2), Strictness.LARGER] = 10
    """Fewest units in any difference derivable from everything released."""
    rounding_base: Annotated[int, Field(ge=2), Strictness.LARGER] = 5
    """Smallest base to which `protect: round` rounds."""
    structural: Annotated[frozenset[str], Strictness.INTERSECTION] = frozenset()
    """Columns whose bounds or empty classes are structural, so that they disclose nothing (`*` leaves it to others)."""
    structural_zeros: Annotated[tuple[Combination, ...], Strictness.INTERSECTION] = ()
    """Combinations of categories that cannot occur, as everybody knows, e.g. `{sex: M, pregnant: yes}`; that they hold
    nobody discloses nothing. Who leaves `structural` to others and states none here leaves these to others, too."""
    sparse_fraction: Annotated[float, Field(gt=0, le=1), Strictness.SMALLER] = 0.8
    """A protected table of 20 or more cells goes to a person when more than this share of them has to be blank."""
    population_units: Annotated[int, Field(ge=0), Strictness.LARGER] = 0
    """Fewest units that a whole table describes before it may leave without a person; 0 asks for no more than the
    thresholds do."""

    cell_key_noise: Annotated[int, Field(ge=2, le=1000), Strictness.LARGER] = 10
    """Smallest largest noise (D) of `protect: cell_key`; never less than the threshold."""
    cell_key_variance: Annotated[float, Field(ge=1, le=1_000_000), Strictness.LARGER] = 8.0
    """Smallest variance (V) of the noise of `protect: cell_key`."""
    cell_key_stay_fraction: Annotated[float, Field(ge=0, lt=1), Strictness.SMALLER] = 0.3
    """Largest probability (pstay) that `protect: cell_key` may ask for a count to stay as it is."""
    cell_key_share: Annotated[float, Field(gt=0, le=10), Strictness.LARGER] = 1.0
    """Largest noise of a sum or mean under `protect: cell_key`, as a share of the cell's largest contribution."""
    significant_digits: Annotated[int, Field(ge=1, le=15), Strictness.SMALLER] = 4
    """Most significant digits of a sum or mean under `protect: significant`."""
    privacy_units: Annotated[frozenset[str], Strictness.UNION] = frozenset()
    """The unit id column whose units `protect: dp` protects (person_id, household_id, school_id ...). Releases with
    differential privacy need exactly one; where none is stated and the data have one unit only, it is that one."""
    privacy_rows: Annotated[int, Field(ge=1, le=1_000_000), Strictness.LARGER] = 1
    """Most rows of one unit that `protect: dp` counts; further rows of a unit are left out."""
    privacy_rows_per_cell: Annotated[int, Field(ge=1, le=1_000_000), Strictness.LARGER] = 1
    """Most rows of one unit that `protect: dp` counts in one cell of a table."""
    privacy_cells: Annotated[int, Field(ge=1, le=1_000_000), Strictness.LARGER] = 1
    """Most cells of a table that rows of one unit count in under `protect: dp`."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        sizes = [rule.n for rule in self.dominance]
        if len(sizes) != len(set(sizes)):
            raise ValueError("'dominance' has two rules for the same n; keep the one with the smaller share_fraction")
        if ANY_COLUMN in self.structural and len(self.structural) > 1:
            raise ValueError("'structural' names columns beside `*`; `*` alone leaves it to others")
        if any(len(zero) < 2 for zero in self.structural_zeros):
            raise ValueError("'structural_zeros' needs at least two columns in each combination")
        if self.near_class_fraction > self.class_disclosure_fraction:
            raise ValueError("'near_class_fraction' may not be larger than 'class_disclosure_fraction'")
        return self


class ReleaseRoute(PolicyModel):
    """How a judged output leaves."""

    kind: Literal["release-route"] = "release-route"
    name: Annotated[str, Field(max_length=200)] = "default"
    automatic: Annotated[bool, Strictness.ALL] = False
    """Declared outputs that pass leave without a person; every data owner concerned must say so."""
    automatic_per_day: Annotated[int, Field(ge=0), Strictness.SMALLER] = 20
    """Most automatic releases per project and day (UTC)."""
    checkers_declared: Annotated[int, Field(ge=0, le=3), Strictness.LARGER] = 1
    """Approvals a declared output needs when it is not released automatically (1 is taken where 0 is asked)."""
    checkers_file: Annotated[int, Field(ge=2, le=3), Strictness.LARGER] = 2
    """Approvals a file needs."""
    literal_digits: Annotated[int, Field(ge=1, le=15), Strictness.SMALLER] = 4
    """Most significant digits of a number written in an automatically released query."""
    literals: Annotated[int, Field(ge=0, le=1000), Strictness.SMALLER] = 24
    """Most numbers and texts written in an automatically released query."""
    owner_signs: Annotated[bool, Strictness.ANY] = False
    """A data owner signs what leaves, after the output checkers; nothing leaves by itself then."""
    audit_one_in: Annotated[int, Field(ge=1, le=1000), Strictness.SMALLER] = 20
    """Of automatic releases, one in this many is drawn for an output checker to look at afterwards."""
