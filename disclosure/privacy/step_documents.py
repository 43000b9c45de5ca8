"""Reads steps of post-processing: what nobody needs to choose, nobody can choose.

Names come from the table and the catalogue, bases of rounding are few, and what is listed gets an order of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from saferoom.disclosure.privacy.steps import (
    Clip,
    Drop,
    Figures,
    Join,
    Picture,
    Rename,
    Round,
    Rows,
    Step,
    Totals,
)
from saferoom.disclosure.queries.charting import FITS, ChartKind
from saferoom.disclosure.queries.classification import key_of
from saferoom.disclosure.queries.model import Chart
from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError

MOST_STEPS = 10
_MOST_NAMES = 1_000
_LARGEST = 1e15
_BASES = ((1,), (2,), (5,))


def parse_steps(document: Any) -> tuple[Step, ...]:
    """Return the steps that `document` declares.

    Raises
    ------
    BadInputError
        Which step is wrong, and what it may be; texts of the document are not repeated.
    """
    if not isinstance(document, Sequence) or isinstance(document, str) or not 1 <= len(document) <= MOST_STEPS:
        raise BadInputError(f"steps: a list of 1 to {MOST_STEPS} steps, as [{{round: 10}}]", field="steps")
    steps = tuple(_parsed(number, one) for number, one in enumerate(document, start=1))
    _check_order(steps)
    return steps


def _check_order(steps: Sequence[Step]) -> None:
    ending = False
    changed = False
    for number, step in enumerate(steps, start=1):
        if isinstance(step, Picture) and number < len(steps):
            raise _wrong(number, "a chart is drawn last, and there is one at most")
        if ending and not isinstance(step, Picture):
            raise _wrong(number, "only a chart may come after rename, so that steps go by the table's own names")
        if changed and isinstance(step, Totals):
            raise _wrong(number, "add up before anything is rounded or clipped; totals of changed numbers are off")
        ending = ending or isinstance(step, Rename)
        changed = changed or isinstance(step, Round | Clip)


def _parsed(number: int, document: Any) -> Step:
    if not isinstance(document, Mapping) or len(document) != 1:
        raise _wrong(number, f"is one of {', '.join(_PARSERS)}, as {{round: 10}}")
    name, given = next(iter(document.items()))
    if name not in _PARSERS:
        raise _wrong(number, f"there is no such step; the steps are {', '.join(_PARSERS)}")
    return _PARSERS[name](number, given)


def _round(number: int, given: Any) -> Step:
    options = given if isinstance(given, Mapping) else {"to": given}
    _check_keys(number, options, {"to", "columns"})
    to = _number(number, "to", options.get("to"))
    if to is None or not 1e-6 <= to <= 1e9 or Decimal(repr(to)).normalize().as_tuple().digits not in _BASES:
        raise _wrong(number, "round to 1, 2 or 5 times a power of ten, as 0.05 or 1000")
    return Round(to, _names(number, options.get("columns", ())))


def _clip(number: int, given: Any) -> Step:
    _check_keys(number, given, {"least", "most", "columns"})
    least, most = (_number(number, name, given.get(name)) for name in ("least", "most"))
    if least is None and most is None:
        raise _wrong(number, "clip needs least, most, or both, as {clip: {least: 0}}")
    if least is not None and most is not None and least >= most:
        raise _wrong(number, "clip's least must be below its most")
    return Clip(least, most, _names(number, given.get("columns", ())))


def _drop(number: int, given: Any) -> Step:
    return Drop(_some(number, "drop", given))


def _totals(number: int, given: Any) -> Step:
    return Totals(_some(number, "totals", given))


def _join(number: int, given: Any) -> Step:
    return Join(_some(number, "join", given))


def _rows(number: int, given: Any) -> Step:
    if not isinstance(given, Mapping) or not given or not all(isinstance(name, str) for name in given):
        raise _wrong(number, "rows names codes of dimensions, as {rows: {region: [north, south]}}")
    return Rows({name: _codes(number, given[name]) for name in sorted(given)})


def _figures(number: int, given: Any) -> Step:
    if not isinstance(given, Mapping) or not given or not all(isinstance(name, str) for name in given):
        raise _wrong(number, "figures names what the catalogue has of dimensions, as {figures: {region: [population]}}")
    return Figures({name: _some(number, "figures", given[name]) for name in sorted(given)})


def _rename(number: int, given: Any) -> Step:
    if given != "catalogue":
        raise _wrong(number, "names come from the catalogue: {rename: catalogue}")
    return Rename()


def _chart(number: int, given: Any) -> Step:
    _check_keys(number, given, {"kind", "value", "log"})
    try:
        return Picture(Chart.model_validate(dict(given)))
    except ValidationError:
        kinds = ", ".join(kind for kind, fit in FITS.items() if fit.statistics & FITS[ChartKind.BAR].statistics)
        raise _wrong(
            number, f"a chart has a kind ({kinds}), and may have a column as value and log: true, nothing else"
        ) from None


_PARSERS: Mapping[str, Callable[[int, Any], Step]] = {
    "round": _round,
    "clip": _clip,
    "drop": _drop,
    "rows": _rows,
    "totals": _totals,
    "join": _join,
    "figures": _figures,
    "rename": _rename,
    "chart": _chart,
}


def _check_keys(number: int, given: Any, keys: set[str]) -> None:
    if not isinstance(given, Mapping) or not set(given) <= keys:
        raise _wrong(number, f"takes {', '.join(sorted(keys))} and nothing else")


def _number(number: int, name: str, given: Any) -> float | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float) or not abs(given) <= _LARGEST:
        raise _wrong(number, f"{name} must be a number")
    return int(given) if math.floor(given) == given else float(given)


def _some(number: int, verb: str, given: Any) -> tuple[str, ...]:
    names = _names(number, given)
    if not names:
        raise _wrong(number, f"{verb} names at least one column")
    return names


def _names(number: int, given: Any) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else given
    if not isinstance(names, Sequence) or not all(isinstance(one, str) for one in names) or len(names) > _MOST_NAMES:
        raise _wrong(number, "columns are a list of names of the table's columns")
    return tuple(sorted(set(names)))


def _codes(number: int, given: Any) -> tuple[Label, ...]:
    codes = given if isinstance(given, list | tuple) else (given,)
    if not 1 <= len(codes) <= _MOST_NAMES or not all(
        one is None or isinstance(one, str | int | float) for one in codes
    ):
        raise _wrong(number, f"codes are a list of 1 to {_MOST_NAMES:,} labels of the table")
    return tuple(sorted({key_of(one): one for one in codes}.values(), key=lambda one: (key_of(one)[0], str(one))))


def _wrong(number: int, why: str) -> BadInputError:
    return BadInputError(f"steps: step {number}: {why}", field="steps")
