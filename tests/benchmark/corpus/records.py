"""Files that hold people's records, openly or hidden, of every type."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.benchmark import attacks_on_files as on_files
from tests.benchmark import make_files as make
from tests.benchmark.model import Attack, Case, File
from tests.benchmark.worlds import Data, made, people

BARN = "files: records"


def cases() -> Iterator[Case]:
    """Yield the family."""
    base = people()
    data = made("people", base)
    rows = base[["person_id", "pay", "region", "age"]].head(30)
    records: list[list[Any]] = [list(rows.columns), *rows.astype(object).to_numpy().tolist()]
    victim = rows.iloc[21]
    key, pay = int(victim["person_id"]), float(victim["pay"])
    safe_rows: list[list[Any]] = [["sex", "mean pay"], ["F", 25_500], ["M", 25_900]]
    yield from _open(data, records, key, pay)
    yield from _binary(data, rows, key, pay)
    yield from _hidden(data, records, safe_rows, key, pay)
    yield from _pictures(data, base, key, pay)
    yield from _code(data, base)
    yield from _without_ids(data, base)


def unsafe(name: str, data: Data, file: tuple[str, make.Content], attack: Attack, barn: str = BARN) -> Case:
    """Return an unsafe file."""
    return Case(f"file-{name}", barn, False, data, file=File(*file), attack=attack)


def _after(key: int, pay: float, how: str = "text") -> Attack:
    return Attack(on_files.reads_after_the_id, pay, {"key": key, "how": how})


def _open(data: Data, records: list[list[Any]], key: int, pay: float) -> Iterator[Case]:
    table = make.delimited(records)
    lines = "\n".join(f"person {row[0]} earns {row[1]}" for row in records[1:])
    objects = [dict(zip(records[0], row, strict=True)) for row in records[1:]]
    printed = "\n".join(" ".join(f"{cell!s:>12}" for cell in row) for row in records)
    files: tuple[tuple[str, str, make.Content, str], ...] = (
        ("csv-of-records", "extract.csv", table, "text"),
        ("tsv-of-records", "extract.tsv", make.delimited(records, "\t"), "text"),
        ("csv-of-records-called-txt", "notes.txt", table, "text"),
        ("csv-of-records-called-png", "figure.png", table, "text"),
        ("json-of-records", "results.json", make.text(json.dumps(objects)), "text"),
        ("json-lines", "results.jsonl", make.text("\n".join(json.dumps(item) for item in objects)), "text"),
        ("json-columns", "data.json", make.text(json.dumps({str(row[0]): row[1] for row in records[1:]})), "text"),
        ("markdown-of-records", "report.md", make.markdown(records, "# Results"), "text"),
        ("html-table-of-records", "report.html", make.page_of(make.html_table(records)), "text"),
        ("latex-of-records", "table.tex", make.latex(records), "text"),
        ("text-about-people", "log.txt", make.text(lines), "text"),
        ("printed-frame", "output.log", make.text(printed), "text"),
        ("workbook-of-records", "tables.xlsx", make.workbook({"People": records}), "workbook"),
        ("notebook-that-prints-records", "analysis.ipynb", make.notebook([make.stream(printed)]), "notebook"),
        (
            "notebook-that-shows-records",
            "analysis.ipynb",
            make.notebook([make.shown(make.html_table(records))]),
            "notebook",
        ),
        ("pdf-of-records", "report.pdf", make.document([f"{row[0]} {row[1]}" for row in records[18:28]]), "document"),
        ("zip-of-records", "results.zip", make.archive({"a/extract.csv": table}), "archive"),
        ("zip-in-a-zip", "results.zip", make.archive({"b.zip": make.archive({"extract.csv": table})}), "archive"),
        ("gzip-of-records", "extract.csv.gz", make.gzipped(table), "gzip"),
    )
    for name, file, content, how in files:
        yield unsafe(name, data, (file, content), _after(key, pay, how))


def _binary(data: Data, rows: Any, key: int, pay: float) -> Iterator[Case]:
    for kind, ending in (("parquet", "parquet"), ("pickle", "pkl"), ("stata", "dta"), ("feather", "feather")):
        content = make.frame_as(rows, kind)
        yield unsafe(f"{kind}-of-records", data, (f"extract.{ending}", content), _after(key, pay, kind))
    content = make.frame_as(rows, "parquet")
    yield unsafe("parquet-called-csv", data, ("table.csv", content), _after(key, pay, "parquet"))
    content = make.frame_as(rows, "pickle")
    yield unsafe("pickle-called-model", data, ("model.joblib", content), _after(key, pay, "pickle"))


def _hidden(data: Data, records: list[list[Any]], safe: list[list[Any]], key: int, pay: float) -> Iterator[Case]:
    table = "\n".join(",".join(str(cell) for cell in row) for row in records)
    note = f"{key},{pay}"
    body = make.html_table(safe)
    wide = [
        [*safe[0], "raw"],
        *[[*row, f"{one[0]} {one[1]}"] for row, one in zip(safe[1:], records[21:23], strict=False)],
    ]
    wide.append(["all", 25_700, note])
    script = f"<script>const data = [{', '.join(f'[{row[0]}, {row[1]}]' for row in records[1:])}];</script>"
    attachment = {"attachments": {"x.csv": {"text/csv": table}}}
    files: tuple[tuple[str, str, make.Content, str], ...] = (
        ("hidden-sheet", "tables.xlsx", make.workbook({"Means": safe, "raw": records}, hidden=["raw"]), "workbook"),
        ("comment-in-a-cell", "tables.xlsx", make.workbook({"Means": safe}, comment=note), "workbook"),
        ("hidden-column", "tables.xlsx", make.workbook({"Means": wide}, hide_column="C"), "workbook"),
        ("script-in-a-page", "report.html", make.page_of(body + script), "text"),
        ("comment-in-a-page", "report.html", make.page_of(f"{body}<!-- {note} -->"), "text"),
        ("invisible-in-a-page", "report.html", make.page_of(f'{body}<div style="display:none">{note}</div>'), "text"),
        ("data-uri-in-a-page", "report.html", make.page_of(body + make.data_uri(table)), "data uri"),
        ("metadata-of-a-notebook", "analysis.ipynb", make.notebook(source="1 + 1", saved=attachment), "notebook"),
        ("comment-in-markdown", "report.md", make.markdown(safe, f"<!-- {note} -->"), "text"),
        ("comment-in-latex", "table.tex", make.text(f"% {note}\n" + make.latex(safe)().decode()), "text"),
        ("file-attached-to-a-pdf", "report.pdf", make.document(["Means"], ("x.csv", table.encode())), "attachment"),
    )
    for name, file, content, how in files:
        yield unsafe(name, data, (file, content), _after(key, pay, how), "files: hidden content")


def _pictures(data: Data, base: Any, key: int, pay: float) -> Iterator[Case]:
    barn, note = "files: hidden content", f"{key},{pay}"
    for kind in ("png", "jpeg", "svg"):
        content = make.chart(kind, [25_500, 25_900], ["F", "M"], note)
        yield unsafe(f"metadata-of-a-{kind}", data, (f"figure.{kind}", content), _after(key, pay), barn)
    points = [(float(x), float(y)) for x, y in zip(base["hours"].head(200), base["pay"].head(200), strict=True)]
    alone = [point for point in points if sum(other[0] == point[0] for other in points) == 1]
    attack = Attack(on_files.reads_a_point, alone[0][1], {"x": alone[0][0]})
    yield unsafe("scatter-plot", data, ("figure.svg", make.scatter(points)), attack, "files: records")


def _code(data: Data, base: Any) -> Iterator[Case]:
    barn = "files: code"
    victim = base.iloc[44]
    key, pay = int(victim["person_id"]), float(victim["pay"])
    files = (
        ("python", "analysis.py", f"df = load()\n# {key} earns {pay}\ndf = df[df.person_id != {key}]\n"),
        ("sql", "query.sql", f"update people set pay = null where person_id = {key} and pay = {pay};\n"),
        ("r", "analysis.R", f"df <- df[df$person_id != {key}, ] # pay was {pay}\n"),
        ("stata", "analysis.do", f"drop if person_id == {key} & pay == {pay}\n"),
    )
    for name, file, content in files:
        yield unsafe(f"id-in-{name}", data, (file, make.text(content)), _after(key, pay), barn)


def _without_ids(data: Data, base: Any) -> Iterator[Case]:
    """Records whose ids were taken off: traits that everybody can see find the person."""
    chosen = base[["age", "region", "job", "hours", "pay"]].iloc[100:160]
    records = [list(chosen.columns), *chosen.astype(object).to_numpy().tolist()]
    victim = chosen.iloc[7]
    known = {"traits": [victim["age"], victim["region"], victim["job"], victim["hours"]]}
    attack = Attack(on_files.finds_the_person_by_traits, float(victim["pay"]), known)
    yield unsafe("csv-without-ids", data, ("table.csv", make.delimited(records)), attack)
    yield unsafe("html-without-ids", data, ("table.html", make.page_of(make.html_table(records))), attack)
    yield unsafe("markdown-without-ids", data, ("table.md", make.markdown(records)), attack)
