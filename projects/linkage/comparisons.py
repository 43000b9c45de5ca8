"""How two values of a field are compared: levels from full agreement to none, as a Splink model's comparisons.

Each level has fallback m and u probabilities (how often pairs of the same person, and pairs of two people, are on it).
They are used where there are too few records to train, and as the weight of a few observations where there are enough.
They are round numbers in the order of what linkages of administrative data report.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from saferoom.projects.linkage.plan import FieldKind, LinkPlan

EXCHANGED = "exchanged with surname"


@dataclass(frozen=True)
class Functions:
    """What an engine calls the functions that comparisons need."""

    jaro_winkler: str = "jaro_winkler_similarity"
    edits: str = "damerau_levenshtein"
    shares: str = "list_has_any"

    def within(self, left: str, right: str, edits: int) -> str:
        """Return the condition that two texts are so many edits apart at most.

        Few errors leave the first or the last letter alone, and hardly change the length. That is looked at first:
        counting edits takes a hundred times as long.
        """
        close = f"abs(length({left}) - length({right})) <= {edits}"
        return f"{_ends(left, right)} and {close} and {self.edits}({left}, {right}) <= {edits}"

    def alike(self, left: str, right: str, least: float) -> str:
        """Return the condition that two texts have the same first or last letter and are similar."""
        return f"{_ends(left, right)} and {self.jaro_winkler}({left}, {right}) >= {least}"


def _ends(left: str, right: str) -> str:
    return f"(left({left}, 1) = left({right}, 1) or right({left}, 1) = right({right}, 1))"


DUCKDB = Functions()
SPARK = Functions(jaro_winkler="jaro_winkler", edits="damerau_levenshtein", shares="arrays_overlap")


@dataclass(frozen=True)
class Level:
    """One level: its label, its condition on columns ``..._l`` and ``..._r``, and fallback probabilities.

    Parameters
    ----------
    frequency : str, optional
        Column whose term frequencies sharpen this level's u.
    """

    label: str
    condition: str
    m: float
    u: float
    frequency: str | None = None


@dataclass(frozen=True)
class Comparison:
    """The levels of one field, from full agreement down; the last is everything else.

    Parameters
    ----------
    name : str
        Internal name of the field, e.g. ``surname_1``.
    field : str
        The plan's column.
    null : str
        Condition under which the field says nothing about a pair.
    """

    name: str
    field: str
    kind: FieldKind
    null: str
    levels: tuple[Level, ...]


def internal_names(plan: LinkPlan) -> Mapping[str, str]:
    """Return the plan's column -> the name it has inside, made of its kind: no name from outside gets into SQL."""
    counts: dict[FieldKind, int] = {}
    names = {}
    for column, kind in plan.fields.items():
        counts[kind] = counts.get(kind, 0) + 1
        names[column] = f"{kind.value}_{counts[kind]}"
    return names


def comparisons(plan: LinkPlan, functions: Functions = DUCKDB) -> tuple[Comparison, ...]:
    """Return how each field of `plan` is compared."""
    names = internal_names(plan)
    made = []
    for column, kind in plan.fields.items():
        name = names[column]
        other = _partner(plan, column, kind, names)
        null, levels = _LEVELS[kind](name, other, functions)
        made.append(Comparison(name, column, kind, null, levels))
    return tuple(made)


def _partner(plan: LinkPlan, column: str, kind: FieldKind, names: Mapping[str, str]) -> str | None:
    """Return the surname that a given name may be exchanged with, or the other way round.

    Its copy ``..._again`` is compared: Splink does not train a comparison that a key's columns are in, and a key of
    given names must not keep surnames from being trained.
    """
    pairs = {FieldKind.GIVEN_NAME: FieldKind.SURNAME, FieldKind.SURNAME: FieldKind.GIVEN_NAME}
    if kind not in pairs or plan.of_kind(kind)[0] != column:
        return None
    others = plan.of_kind(pairs[kind])
    return names[others[0]] if others else None


def splink_comparison(
    comparison: Comparison, values: Mapping[str, tuple[float, float]], frequencies: bool
) -> dict[str, Any]:
    """Return a Splink comparison.

    Parameters
    ----------
    values : mapping
        Level's label -> m and u.
    frequencies : bool
        Use term frequencies.
    """
    levels: list[dict[str, Any]] = [
        {"sql_condition": comparison.null, "label_for_charts": "missing", "is_null_level": True}
    ]
    for level in comparison.levels:
        m, u = values[level.label]
        one: dict[str, Any] = {
            "sql_condition": level.condition,
            "label_for_charts": level.label,
            "m_probability": m,
            "u_probability": u,
        }
        if level.frequency is not None and frequencies:
            one |= {
                "tf_adjustment_column": level.frequency,
                "tf_adjustment_weight": 1.0,
                "tf_minimum_u_value": 0.00001,
            }
        levels.append(one)
    return {"output_column_name": comparison.name, "comparison_levels": levels}


def fallback(comparison: Comparison) -> dict[str, tuple[float, float]]:
    """Return level's label -> the m and u that hold without data."""
    return {level.label: (level.m, level.u) for level in comparison.levels}


def gamma(comparison: Comparison) -> str:
    """Return the SQL of the level of a pair: 0 for the last, -1 where a value is missing."""
    count = len(comparison.levels)
    cases = [f"when {comparison.null} then -1"]
    cases += [f"when {level.condition} then {count - 1 - i}" for i, level in enumerate(comparison.levels[:-1])]
    return f"case {' '.join(cases)} else 0 end"


def _both(name: str) -> tuple[str, str]:
    return f"{name}_l", f"{name}_r"


def _missing(name: str) -> str:
    return f"{name}_l is null or {name}_r is null"


def _given_name(name: str, surname: str | None, f: Functions) -> tuple[str, tuple[Level, ...]]:
    left, right = _both(name)
    first_l, first_r = _both(f"{name}_first")
    family_l, family_r = _both(f"{name}_family")
    levels = [Level("same", f"{left} = {right}", 0.85, 0.004, name)]
    if surname is not None:
        exchanged = f"{left} = {surname}_again_r and {surname}_again_l = {right}"
        levels.append(Level(EXCHANGED, exchanged, 0.004, 0.0000005))
    levels += [
        Level("same first name", f"{first_l} = {first_r}", 0.02, 0.001),
        Level("another form of it", f"{f.shares}({family_l}, {family_r})", 0.03, 0.002),
        Level("one typing error", f.within(left, right, 1), 0.03, 0.002),
        Level("similar", f.alike(left, right, 0.88), 0.02, 0.008),
        Level("same initial", f"left({left}, 1) = left({right}, 1)", 0.02, 0.07),
        Level("different", "ELSE", 0.026, 0.913),
    ]
    return _missing(name), tuple(levels)


def _surname(name: str, given: str | None, f: Functions) -> tuple[str, tuple[Level, ...]]:
    left, right = _both(name)
    first_l, first_r = _both(f"{name}_first")
    last_l, last_r = _both(f"{name}_last")
    null = _missing(name)
    if given is not None:  # counted there already
        null += f" or ({left} = {given}_again_r and {given}_again_l = {right} and {left} <> {right})"
    part = f"{first_l} = {first_r} or {last_l} = {last_r} or {first_l} = {last_r} or {last_l} = {first_r}"
    return null, (
        Level("same", f"{left} = {right}", 0.87, 0.002, name),
        Level("one of two names", part, 0.01, 0.0005),
        Level("one typing error", f.within(left, right, 1), 0.035, 0.001),
        Level("similar", f.alike(left, right, 0.9), 0.015, 0.003),
        Level("same start", f"left({left}, 2) = left({right}, 2)", 0.01, 0.02),
        Level("different", "ELSE", 0.06, 0.9735),
    )


def _date(name: str, _: str | None, f: Functions) -> tuple[str, tuple[Level, ...]]:
    left, right = _both(name)
    year = f"left({left}, 4) = left({right}, 4)"
    part = (
        f"{year} and (right({left}, 4) = '0000' or right({right}, 4) = '0000' or "
        f"(substr({left}, 5, 2) = substr({right}, 5, 2) and (right({left}, 2) = '00' or right({right}, 2) = '00')))"
    )
    exchanged = f"{year} and substr({left}, 5, 2) = right({right}, 2) and right({left}, 2) = substr({right}, 5, 2)"
    one = f"right({left}, 4) = right({right}, 4) or left({left}, 6) = left({right}, 6)"
    # What one or two errors leave alone is looked at first: counting edits is dear.
    ends = f"left({left}, 3) = left({right}, 3) or right({left}, 3) = right({right}, 3)"
    months = f"substr({left}, 4, 2) = substr({right}, 4, 2)"
    return _missing(name), (
        Level("same", f"{left} = {right}", 0.93, 0.00004),
        Level("same as far as known", part, 0.005, 0.0005),
        Level("day and month exchanged", exchanged, 0.004, 0.00005),
        Level("one typing error", f"({ends}) and {f.edits}({left}, {right}) <= 1", 0.025, 0.0007),
        Level("year or day differs", one, 0.012, 0.0045),
        Level("two typing errors", f"({ends} or {months}) and {f.edits}({left}, {right}) <= 2", 0.008, 0.008),
        Level("same year", year, 0.006, 0.012),
        Level("different", "ELSE", 0.01, 0.97421),
    )


def _postcode(name: str, _: str | None, f: Functions) -> tuple[str, tuple[Level, ...]]:
    left, right = _both(name)
    area_l, area_r = _both(f"{name}_area")
    return _missing(name), (
        Level("same", f"{left} = {right}", 0.78, 0.0005, name),
        Level("one typing error", f.within(left, right, 1), 0.03, 0.0005),
        Level("same area", f"{area_l} = {area_r}", 0.06, 0.01),
        Level("different", "ELSE", 0.13, 0.989),
    )


def _address(name: str, _: str | None, f: Functions) -> tuple[str, tuple[Level, ...]]:
    left, right = _both(name)
    number_l, number_r = _both(f"{name}_number")
    street_l, street_r = _both(f"{name}_street")
    similar = f"{f.jaro_winkler}({street_l}, {street_r}) >= 0.9"
    # Another house number is another household, not a typing error.
    alike = f"{number_l} is null or {number_r} is null or {number_l} = {number_r}"
    return _missing(name), (
        Level("same", f"{left} = {right}", 0.72, 0.0005, name),
        Level("same but for typing", f"{number_l} = {number_r} and {similar}", 0.06, 0.0005),
        Level("one or two typing errors", f"({alike}) and {f.within(street_l, street_r, 2)}", 0.03, 0.0005),
        Level("same street", f"{street_l} = {street_r}", 0.02, 0.002),
        Level("similar", f.alike(street_l, street_r, 0.88), 0.02, 0.005),
        Level("different", "ELSE", 0.15, 0.9915),
    )


def _sex(name: str, _: str | None, __: Functions) -> tuple[str, tuple[Level, ...]]:
    return _missing(name), (
        Level("same", f"{name}_l = {name}_r", 0.99, 0.5),
        Level("different", "ELSE", 0.01, 0.5),
    )


def _identifier(name: str, _: str | None, f: Functions) -> tuple[str, tuple[Level, ...]]:
    left, right = _both(name)
    return _missing(name), (
        Level("same", f"{left} = {right}", 0.93, 0.00001, name),
        Level("one typing error", f.within(left, right, 1), 0.03, 0.0001),
        Level("two typing errors", f.within(left, right, 2), 0.01, 0.001),
        Level("different", "ELSE", 0.03, 0.99889),
    )


def _organisation(name: str, _: str | None, f: Functions) -> tuple[str, tuple[Level, ...]]:
    left, right = _both(name)

    def begins(one: str, other: str) -> str:
        return f"left({one}, length({other}) + 1) = concat({other}, ' ')"

    return _missing(name), (
        Level("same", f"{left} = {right}", 0.85, 0.001, name),
        Level("one has words more", f"{begins(left, right)} or {begins(right, left)}", 0.04, 0.0005),
        Level("one typing error", f.within(left, right, 1), 0.04, 0.0005),
        Level("similar", f.alike(left, right, 0.92), 0.02, 0.005),
        Level("different", "ELSE", 0.05, 0.993),
    )


def _text(name: str, _: str | None, f: Functions) -> tuple[str, tuple[Level, ...]]:
    left, right = _both(name)
    long = f"least(length({left}), length({right})) >= 3"
    return _missing(name), (
        Level("same", f"{left} = {right}", 0.85, 0.02, name),
        Level("one typing error", f"{long} and {f.within(left, right, 1)}", 0.05, 0.003),
        Level("similar", f"{long} and {f.alike(left, right, 0.88)}", 0.03, 0.007),
        Level("different", "ELSE", 0.07, 0.97),
    )


_Levels = Callable[[str, "str | None", Functions], tuple[str, tuple[Level, ...]]]
_LEVELS: Mapping[FieldKind, _Levels] = {
    FieldKind.GIVEN_NAME: _given_name,
    FieldKind.SURNAME: _surname,
    FieldKind.DATE: _date,
    FieldKind.POSTCODE: _postcode,
    FieldKind.ADDRESS: _address,
    FieldKind.SEX: _sex,
    FieldKind.ID: _identifier,
    FieldKind.ORGANISATION: _organisation,
    FieldKind.TEXT: _text,
}
