"""Files with tables and text: small cells, blanks that follow from totals, and what researchers publish every day."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.benchmark import attacks_on_files as on_files
from tests.benchmark import make_files as make
from tests.benchmark.corpus.records import unsafe
from tests.benchmark.model import Attack, Case, Document, File
from tests.benchmark.worlds import isle_of, made, people, real, with_isle

BARN, CODE = "files: tables", "files: code"


def cases() -> Iterator[Case]:
    """Yield the family."""
    yield from _small_cells()
    yield from _single_values()
    yield from _safe_tables()
    yield from _safe_documents()
    yield from _with_a_query()


def _crossed(frame: Any, row: str, column: str) -> list[list[Any]]:
    counted = frame.groupby([row, column]).size().unstack(fill_value=0)
    return [[row, *counted.columns], *[[name, *map(int, counts)] for name, counts in counted.iterrows()]]


def _small_cells() -> Iterator[Case]:
    frame = with_isle(4, ill=["no", "yes", "no", "no"])
    data = made("file-isle-4", frame)
    rows = _crossed(frame, "region", "ill")
    isle = isle_of(frame)["ill"].tolist()
    known = {"row": "Isle", "categories": ["no", "yes"], "others": isle[:-1]}
    attack = Attack(on_files.counts_the_others_away, isle[-1], known)
    aligned = "\n".join(" ".join(f"{cell!s:>8}" for cell in row) for row in rows)
    for name, file, content in (
        ("csv", "table.csv", make.delimited(rows)),
        ("html", "table.html", make.page_of(make.html_table(rows))),
        ("latex", "table.tex", make.latex(rows)),
        ("markdown", "table.md", make.markdown(rows, "# Illness by region")),
        ("text", "table.txt", make.text(aligned)),
    ):
        yield unsafe(f"small-cells-in-{name}", data, (file, content), attack, BARN)
    frame = with_isle(40, ill=["yes"] * 3 + ["no"] * 37)
    rows = _crossed(frame, "region", "ill")
    blanked = [[*rows[0], "total"]]
    blanked += [[row[0], *[cell if cell >= 10 else "<10" for cell in row[1:]], sum(row[1:])] for row in rows[1:]]
    attack = Attack(on_files.solves_a_blank, 3, {"row": "Isle"})
    data = made("file-isle-40", frame)
    for name, file, content in (
        ("csv", "table.csv", make.delimited(blanked)),
        ("markdown", "table.md", make.markdown(blanked)),
        ("latex", "table.tex", make.latex(blanked)),
    ):
        yield unsafe(f"blank-with-total-in-{name}", data, (file, content), attack, BARN)


def _single_values() -> Iterator[Case]:
    """Numbers that are one person's own: an aggregation by a function of one's own, a mean of one, an extreme."""
    frame = people()
    for name in ("first", "last", "largest"):
        pandas_name = "max" if name == "largest" else name
        picked = getattr(frame.groupby("region")["pay"], pandas_name)()
        cells = [["region", "pay"], *[[region, float(value)] for region, value in picked.items()]]
        attack = Attack(on_files.reads_the_row, float(picked["North"]), {"row": "North"})
        yield Case(
            f"file-aggregated-by-a-function-{name}",
            BARN,
            False,
            made("people", frame),
            file=File("table.csv", make.delimited(cells)),
            attack=attack,
            acro={"query": {"statistic": "sum", "measure": "pay", "by": ["region"]}, "function": f"function: {name}"},
        )
    frame = with_isle(1)
    data = made("file-isle-1", frame)
    for name, numbers in (
        ("first", frame.groupby("region")["pay"].first()),
        ("mean", frame.groupby("region")["pay"].mean()),
        ("maximum", frame.groupby("region")["pay"].max()),
    ):
        rows: list[list[Any]] = [
            ["region", "pay"],
            *[[region, round(float(value), 2)] for region, value in numbers.items()],
        ]
        attack = Attack(on_files.reads_the_row, float(frame["pay"].iloc[-1]), {"row": "Isle"})
        yield unsafe(f"{name}-by-region", data, ("table.csv", make.delimited(rows)), attack, BARN)
    person, pay = int(frame["person_id"].iloc[-1]), frame["pay"].iloc[-1]
    told = f"The only case on the island (n = 1), person {person}, earns {pay}."
    known = {"key": person}
    attack = Attack(on_files.reads_after_the_id, float(frame["pay"].iloc[-1]), known)
    yield unsafe("text-about-one-case", data, ("report.txt", make.text(told)), attack, BARN)


def _means(name: str, by: str, measure: str) -> list[list[Any]]:
    grouped = real(name).frame.groupby(by)[measure].agg(["count", "mean"])
    rows = [[by, "n", f"mean_{measure}"]]
    return rows + [[group, 5 * round(int(row["count"]) / 5), f"{row['mean']:.2f}"] for group, row in grouped.iterrows()]


_MODEL = """\
OLS regression, dependent variable: log hourly wage
N = 525, R-squared = 0.39

             coef     std err    t        p
const        0.501    0.102      4.92     0.000
educ         0.087    0.007     12.60     0.000
exper        0.005    0.002      2.85     0.005
female      -0.301    0.037     -8.09     0.000
"""
_PROGRAM = """\
import pandas as pd

frame = pd.read_parquet("extract.parquet")
means = frame.groupby("sex")["wage"].mean()
means[frame.groupby("sex").size() >= 10].to_csv("means.csv")
"""


def _safe(name: str, on: str, file: str, content: make.Content, barn: str = BARN) -> Case:
    return Case(f"file-safe-{name}", barn, True, real(on), file=File(file, content))


def _safe_tables() -> Iterator[Case]:
    wages, schools = _means("wage1", "sex", "wage"), _means("card", "school", "wage")
    yield _safe("csv-of-means", "wage1", "means.csv", make.delimited(wages))
    yield _safe("tsv-of-means", "card", "means.tsv", make.delimited(schools, "\t"))
    yield _safe("workbook-of-means", "card", "tables.xlsx", make.workbook({"Wages": schools}))
    yield _safe("latex-of-means", "card", "table.tex", make.latex(schools))
    yield _safe("markdown-of-means", "wage1", "report.md", make.markdown(wages, "# Wages of men and women"))
    yield _safe("html-of-means", "card", "report.html", make.page_of(make.html_table(schools)))
    yield _safe(
        "json-of-means", "wage1", "means.json", make.text(json.dumps({str(row[0]): row[2] for row in wages[1:]}))
    )
    yield _safe("zip-of-means", "wage1", "tables.zip", make.archive({"wages.csv": make.delimited(wages)}))


def _safe_documents() -> Iterator[Case]:
    heights, labels = [7.10, 4.59], ["men", "women"]
    for kind in ("png", "svg", "jpeg", "pdf"):
        yield _safe(f"chart-in-{kind}", "wage1", f"figure.{kind}", make.chart(kind, heights, labels), "files: charts")
    yield _safe("model-in-a-log", "wage1", "model.log", make.text(_MODEL))
    yield _safe(
        "model-in-a-notebook", "wage1", "model.ipynb", make.notebook([make.stream(_MODEL)], "print(fit.summary())")
    )
    yield _safe("empty-notebook", "wage1", "model.ipynb", make.notebook(source=_PROGRAM), CODE)
    yield _safe("program", "wage1", "means.py", make.text(_PROGRAM), CODE)
    yield _safe("sql", "card", "means.sql", make.text("select school, avg(wage) from card group by school;\n"), CODE)
    text = "Women earn 35 % less than men (p < 0.001, 95 % confidence interval 28 % to 42 %).\n"
    yield _safe("text-with-percentages", "wage1", "summary.txt", make.text(text))


_QUERIES: tuple[tuple[str, Document, int], ...] = (
    ("wage1", {"statistic": "mean", "measure": "wage", "by": ["sex"]}, 2),
    ("wage1", {"statistic": "frequency", "by": ["region", "sex"]}, 0),
    ("card", {"statistic": "mean", "measure": "wage", "by": ["school", "area"]}, 1),
    ("card", {"statistic": "median", "measure": "wage", "by": ["school"]}, 1),
    ("twoyear", {"statistic": "mean", "measure": "lwage", "by": ["sex", "degree"]}, 3),
    ("twoyear", {"statistic": "std", "measure": "lwage", "by": ["region"]}, 3),
    ("gpa2", {"statistic": "mean", "measure": "colgpa", "by": ["sat_band"]}, 2),
    ("injury", {"statistic": "mean", "measure": "ldurat", "by": ["state", "period"]}, 3),
    ("catholic", {"statistic": "mean", "measure": "math12", "by": ["origin"]}, 2),
    ("bwght", {"statistic": "mean", "measure": "bwght", "by": ["child"]}, 1),
    ("htv", {"statistic": "mean", "measure": "educ", "by": ["region"]}, 2),
    ("recid", {"statistic": "frequency", "by": ["drinks", "uses_drugs"]}, 0),
)


def _computed(name: str, query: Document, digits: int) -> list[list[Any]]:
    """Return the query's table as a researcher computes it with pandas, with printed rounding."""
    frame, by = real(name).frame, list(query["by"])
    statistic, measure = query["statistic"], query.get("measure")
    numbers = frame.groupby(by).size() if measure is None else getattr(frame.groupby(by)[measure], statistic)()
    rows: list[list[Any]] = [[*by, statistic if measure is not None else "count"]]
    for labels, value in numbers.items():
        heads = list(labels) if isinstance(labels, tuple) else [labels]
        rows.append([*heads, int(value) if measure is None else f"{value:.{digits}f}"])
    return rows


def _with_a_query() -> Iterator[Case]:
    """Files whose query is attached: the same numbers are computed on the trusted side."""
    writers = (
        ("csv", make.delimited),
        ("md", make.markdown),
        ("tex", make.latex),
        ("xlsx", lambda rows: make.workbook({"Table": rows})),
    )
    for number, (name, query, digits) in enumerate(_QUERIES):
        ending, write = writers[number % 4]
        rows = _computed(name, query, digits)
        file = File(f"table.{ending}", write(rows), query)
        yield Case(f"file-safe-with-query-{number}-{ending}", "files: with a query", True, real(name), file=file)
    frame = people()
    query = {"statistic": "mean", "measure": "pay", "by": ["region"]}
    means = frame.groupby("region")["pay"].mean().round(2)
    rows = [["region", "mean"], *[[region, float(value)] for region, value in means.items()]]
    smuggled = float(frame["pay"].iloc[8])
    rows[2][1] = smuggled
    attack = Attack(on_files.reads_the_row, smuggled, {"row": rows[2][0]})
    file = File("table.csv", make.delimited(rows), query)
    yield Case(
        "file-another-number-than-the-query",
        "files: with a query",
        False,
        made("people", frame),
        file=file,
        attack=attack,
    )
    frame = with_isle(1)
    means = frame.groupby("region")["pay"].mean()
    rows = [["region", "mean"], *[[region, f"{value:.2f}"] for region, value in means.items()]]
    attack = Attack(on_files.reads_the_row, float(frame["pay"].iloc[-1]), {"row": "Isle"})
    file = File("table.csv", make.delimited(rows), query)
    yield Case(
        "file-query-that-fails", "files: with a query", False, made("file-isle-1", frame), file=file, attack=attack
    )
