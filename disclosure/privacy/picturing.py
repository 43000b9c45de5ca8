"""Pictures of noisy tables: whether one can be drawn is said with the quote, before anything is paid."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from saferoom.disclosure.charts.making import picture_of
from saferoom.disclosure.charts.model import Picture
from saferoom.disclosure.privacy.declaring import Declared
from saferoom.disclosure.privacy.quoting import MARGIN
from saferoom.disclosure.privacy.shown import quoted
from saferoom.disclosure.queries.wording import generated_title
from saferoom.disclosure.statbarns.bins import bin_labels
from saferoom.disclosure.verdict import Label, Table
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.disclosure.checker import Context

_SOME = 1_000.0


def check_picture(declared: Declared, names: tuple[str, ...], context: Context) -> None:
    """Raise where the picture that is asked for could not be drawn: tried on a made-up table.

    Parameters
    ----------
    names : tuple of str
        What the table's dimensions are called.

    Raises
    ------
    BadInputError
        There is no such column, there are no boundaries, or the table has another shape.
    """
    query = declared.plan.query
    if query.chart is None:
        return
    # Whether noisy numbers are above 0, which a logarithm needs, is not known before the draw.
    linear = query.model_copy(update={"chart": query.chart.model_copy(update={"log": False})})
    plan = replace(declared.plan, query=linear)
    picture_of(plan, context.sources, _imagined(declared, names), len(names), generated_title(plan), None)


def picture(
    declared: Declared, table: Table, names: tuple[str, ...], total: str | None, context: Context
) -> Picture | None:
    """Return the picture of what was drawn; None where the noise leaves nothing that could be drawn.

    What was paid for is never lost for its picture.
    """
    title = generated_title(declared.plan)
    try:
        return picture_of(declared.plan, context.sources, table, len(names), title, total)
    except BadInputError:
        return None


def _imagined(declared: Declared, names: tuple[str, ...]) -> Table:
    """Return a table of the same shape, in which every number is the same."""
    codes: list[tuple[Label, ...]] = [*(declared.codes or [("a",) for _ in declared.plan.dimensions])]
    if declared.ask.edges:
        codes.append(bin_labels(declared.ask.edges))
    columns: list[str] = []
    for one in quoted(declared.ask, declared.drawn):
        columns += [one.name, f"{one.name}_{MARGIN}"]
    return Table((*names, *columns), tuple((*labels, *(_SOME for _ in columns)) for labels in product(*codes)))
