"""Pictures: the same bytes for the same table, blank cells said to be so, text that cannot act, and clear refusals."""

from __future__ import annotations

import io
from itertools import product
from typing import Any

import pytest
from defusedxml import ElementTree
from PIL import Image

from saferoom.disclosure.charts.draw import draw
from saferoom.disclosure.charts.model import Picture, Sheet, words
from saferoom.disclosure.queries.charting import FITS, ChartKind, chart_complaint
from saferoom.disclosure.queries.forms import Statistic
from saferoom.disclosure.queries.model import Chart, parse_query
from saferoom.disclosure.verdict import Label, Table
from saferoom.errors import BadInputError

Rows = list[tuple[Label, ...]]
SVG = "{http://www.w3.org/2000/svg}"
MEANS = Table(
    ("region", "sex", "mean"), tuple((r, s, 100.0 * i + j) for i, r in enumerate("NSE") for j, s in enumerate("FM"))
)
QUANTILES = ("q0.05", "q0.25", "q0.5", "q0.75", "q0.95")
SQUARES = {name: [[[(x, 50), (x + 1, 50), (x + 1, 51), (x, 51), (x, 50)]]] for x, name in enumerate("NSEW")}


def pictured(table: Table, dimensions: int, kind: str, statistic: str = "mean", **more: Any) -> Picture:
    shapes = more.pop("shapes", None)
    total = more.pop("total", None)
    sheet = Sheet.of(table, dimensions, "Mean of pay by region (people)", total)
    return draw(sheet, Chart(kind=kind, **more), Statistic(statistic), shapes)  # type: ignore[arg-type]


def text_of(picture: Picture) -> str:
    return picture.svg.decode("utf-8")


def kinds() -> list[tuple[str, Table, int, str, dict[str, Any]]]:
    lines = Table(("year", "mean"), tuple((2000 + i, 5.0 + i) for i in range(6)))
    curve = Table(
        ("sex", "time", "at_risk", "events", "survival", "lower", "upper"),
        tuple((s, t, 100 - t, 10, 1 - t / 10, 0.95 - t / 10, min(1.0, 1.02 - t / 10)) for s in "FM" for t in (1, 2, 3)),
    )
    bins = Table(("pay", "count"), (("under 10", 20), ("10 to 20", 40), ("20 and over", 15)))
    boxes = Table(("region", *QUANTILES), (("N", 1.0, 2.0, 3.0, 4.0, 5.0), ("S", None, 2.5, 3.0, 4.0, None)))
    hexagons = Table(
        ("hexagon", "x", "y", "count"),
        (("0, 0", 0.0, 0.0, 12), ("1, 0", 1.0, 0.0, 30), ("0.5, 0.5", 0.5, 0.5, 14), ("2, 1", 2.0, 1.0, 11)),
    )
    areas = Table(("region", "mean"), (("N", 1.0), ("S", 2.0), ("E", None)))
    return [
        ("bar", MEANS, 2, "mean", {}),
        ("line", lines, 1, "mean", {"log": True}),
        ("line", curve, 2, "survival", {}),
        ("histogram", bins, 1, "histogram", {}),
        ("box", boxes, 1, "box", {"log": True}),
        ("hexbin", hexagons, 1, "hexbin", {"log": True}),
        ("heatmap", MEANS, 2, "mean", {}),
        ("map", areas, 1, "mean", {"shapes": SQUARES}),
    ]


@pytest.mark.parametrize(("kind", "table", "dimensions", "statistic", "more"), kinds(), ids=lambda v: str(v)[:12])
def test_every_kind_is_drawn_as_the_same_bytes_each_time(
    kind: str, table: Table, dimensions: int, statistic: str, more: dict[str, Any]
) -> None:
    first = pictured(table, dimensions, kind, statistic, **more)
    assert first == pictured(table, dimensions, kind, statistic, **more)
    root = ElementTree.fromstring(first.svg)
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == "Mean of pay by region (people)"
    assert "data sheet" in root.find(f"{SVG}desc").text
    image = Image.open(io.BytesIO(first.png))
    assert image.size == (1200, 750)
    assert len(set(image.convert("RGB").resize((120, 75)).get_flattened_data())) > 10
    assert Picture.from_json(first.to_json()) == first


def test_picture_names_no_program_moment_or_script() -> None:
    picture = pictured(MEANS, 2, "bar")
    text = text_of(picture)
    for word in ("matplotlib.org", "Matplotlib v", "<script", 'href="http', "dc:date", "<!DOCTYPE", "<image"):
        assert word not in text
    image = Image.open(io.BytesIO(picture.png))
    assert set(image.info) <= {"Title", "dpi"}


def test_blank_cells_are_said_not_to_be_shown() -> None:
    blank = Table(("region", "mean"), (("N", 5.0), ("S", None)))
    zero = Table(("region", "mean"), (("N", 5.0), ("S", 0)))
    assert "not shown" in text_of(pictured(blank, 1, "bar"))
    assert "not shown" in text_of(pictured(blank, 1, "map", shapes=SQUARES))
    assert "not shown" not in text_of(pictured(zero, 1, "bar"))
    grid = Table(("a", "b", "mean"), (("x", "y", 1.0), ("x", "z", None)))
    assert "not shown" in text_of(pictured(grid, 2, "heatmap"))


def test_totals_are_not_drawn_beside_their_parts() -> None:
    rows: Rows = [("N", 5.0), ("S", 7.0), ("All", 12.0)]
    with_total = pictured(Table(("region", "sum"), tuple(rows)), 1, "bar", total="All")
    assert with_total == pictured(Table(("region", "sum"), tuple(rows[:2])), 1, "bar", total="All")


@pytest.mark.parametrize(
    "label", ["$x^$", "<script>alert(1)</script>", "\\frac{", "日本", "a\u202eb\n", "&amp;", "]]>"]
)
def test_labels_cannot_act_in_a_picture(label: str) -> None:
    table = Table(("region", "mean"), ((label, 5.0), ("S", 7.0)))
    sheet = Sheet.of(table, 1, f"Mean by {label}")
    picture = draw(sheet, Chart(kind=ChartKind.BAR), Statistic.MEAN)
    ElementTree.fromstring(picture.svg)
    assert "<script" not in text_of(picture)


def test_long_labels_are_cut() -> None:
    assert len(words("x" * 500)) == 40
    assert words(None) == "(missing)"


@pytest.mark.parametrize(
    ("kind", "table", "dimensions", "more", "message"),
    [
        ("bar", Table(("a", "mean"), tuple((i, 1.0) for i in range(61))), 1, {}, "more than 60 bars"),
        ("bar", Table(("a", "b", "mean"), tuple((1, i, 1.0) for i in range(9))), 2, {}, "colours cannot tell apart"),
        ("bar", Table(("a", "mean"), (("x", 0.0), ("y", 1.0))), 1, {"log": True}, "zero or less"),
        ("bar", Table(("a", "mean"), (("x", 1.0),)), 1, {"value": "median"}, "it has mean"),
        ("bar", Table(("a", "mean"), ()), 1, {}, "no rows to draw"),
        ("line", Table(("a", "mean"), (("x", 1.0), ("y", 2.0))), 1, {}, "numbers or dates"),
        ("heatmap", Table(("a", "b", "n"), tuple((i, 0, 1.0) for i in range(61))), 2, {}, "rows or columns"),
        ("map", Table(("a", "mean"), (("Z", 1.0),)), 1, {"shapes": SQUARES}, "boundaries lack 1"),
    ],
)
def test_table_that_cannot_be_drawn_is_refused_in_words(
    kind: str, table: Table, dimensions: int, more: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInputError, match=message):
        pictured(table, dimensions, kind, **more)


@pytest.mark.parametrize("kind", list(ChartKind))
def test_chart_fits_a_statistic_or_the_refusal_names_what_does(kind: ChartKind) -> None:
    fitting = 0
    for statistic, dimensions in product(Statistic, range(4)):
        complaint = chart_complaint(kind, statistic, dimensions)
        if complaint is None:
            fitting += 1
            assert statistic in FITS[kind].statistics
        else:
            assert f"chart.kind: {kind} needs" in complaint
            assert str(statistic) in complaint
    assert fitting


@pytest.mark.parametrize(
    ("chart", "message"),
    [
        ({"kind": "pie"}, "chart.kind: must be one of bar, line"),
        ({"kind": "box"}, "box needs the statistic box"),
        ({"kind": "heatmap"}, "heatmap needs a table with two dimensions"),
        ({"kind": "bar", "colour": "red"}, "the keys are kind, value, log"),
        ({}, "chart.kind"),
    ],
)
def test_query_with_a_chart_that_does_not_fit_is_refused(chart: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        parse_query({"statistic": "mean", "measure": "pay", "by": ["region"], "chart": chart})


def test_dates_run_along_a_line() -> None:
    table = Table(("day", "mean"), (("2026-01-01", 1.0), ("2026-02-01", 2.0), ("2026-03-01", None)))
    assert "not shown" in text_of(pictured(table, 1, "line"))
