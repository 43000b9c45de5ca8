"""Records whose values were recoded by hand are refused in every wrapping, and the way out is told."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from tests.support.statistics_lab import Lab, people

from saferoom.disclosure.files.checker import FileContext, check_file
from saferoom.disclosure.verdict import Verdict

PEOPLE = people(3_000)
HEAD: list[object] = ["place", "group", "band", "level"]


def recoded() -> list[list[object]]:
    """Return 200 records, each value told more broadly or under another name, in an order of their own."""
    places: dict[object, int] = {}
    rows: list[list[object]] = [
        [
            places.setdefault(one["region"], len(places) + 1),
            "A" if one["sex"] == PEOPLE[0]["sex"] else "B",
            f"{int(one['age']) // 10 * 10}+",
            round(float(one["pay"]) / 500) * 5,
        ]
        for one in PEOPLE[:200]
    ]
    random.Random(3).shuffle(rows)
    return rows


def _csv() -> bytes:
    return "\n".join(",".join(map(str, row)) for row in [HEAD, *recoded()]).encode()


def _text() -> bytes:
    return "\n".join("  ".join(f"{value!s:>6}" for value in row) for row in [HEAD, *recoded()]).encode()


def _lines() -> bytes:
    return "\n".join(json.dumps(dict(zip(map(str, HEAD), row, strict=True))) for row in recoded()).encode()


def _workbook() -> bytes:
    book, target = openpyxl.Workbook(), io.BytesIO()
    for row in [HEAD, *recoded()]:
        book.active.append(row)
    book.save(target)
    return target.getvalue()


def _notebook() -> bytes:
    shown = [f"{number:>3}  " + "  ".join(map(str, row)) for number, row in enumerate(recoded())]
    cells = "".join(
        f"<tr><th>{n}</th>" + "".join(f"<td>{v}</td>" for v in row) + "</tr>" for n, row in enumerate(recoded())
    )
    head = "".join(f"<th>{name}</th>" for name in HEAD)
    frame = f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{cells}</tbody></table>"
    plain = ["     " + "  ".join(map(str, HEAD)), *shown]
    data = {"text/plain": [line + "\n" for line in plain], "text/html": [frame]}
    output = {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": data}
    cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "source": ["frame"], "outputs": [output]}
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]}).encode()


def _archive() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("inner/t.csv", _csv())
    return target.getvalue()


def _prose() -> bytes:
    rows = recoded()
    return " ".join(f"Somebody of place {a} and group {b} aged {c} had {d}." for a, b, c, d in rows).encode()


def _log() -> bytes:
    return "\n".join(f"step {n}: loss={d} lr={a} kind={b} at={c}" for n, (a, b, c, d) in enumerate(recoded())).encode()


def _source() -> bytes:
    cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": []}
    lines = [f'    ({a}, "{b}", "{c}", {d}),\n' for a, b, c, d in recoded()]
    made = {**cell, "source": ["known = [\n", *lines, "]\n"]}
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [made]}).encode()


def _chart() -> bytes:
    place, group, band, level = (list(column) for column in zip(*recoded(), strict=True))
    trace = {"x": band, "y": level, "text": place, "ids": group, "type": "scatter"}
    return json.dumps({"data": [trace], "layout": {"title": "Pay by age"}}).encode()


def _nested() -> bytes:
    return json.dumps({"a": [{"k": a, "v": {"b": b, "c": [c, d]}} for a, b, c, d in recoded()]}).encode()


def _attributes() -> bytes:
    tags = [f"<p data-a='{a}' data-b='{b}' data-c='{c}' data-d='{d}'>x</p>" for a, b, c, d in recoded()]
    return f"<!doctype html><html><body>{''.join(tags)}</body></html>".encode()


WRAPPED: dict[str, Callable[[], bytes]] = {
    "t.md": _prose,
    "log.txt": _log,
    "source.ipynb": _source,
    "chart.json": _chart,
    "nested.json": _nested,
    "t.html": _attributes,
    "t.csv": _csv,
    "t.txt": _text,
    "t.jsonl": _lines,
    "t.xlsx": _workbook,
    "t.ipynb": _notebook,
    "t.zip": _archive,
}


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> FileContext:
    lab = Lab(tmp_path_factory.mktemp("extract"))
    return FileContext([lab.source(PEOPLE, units=["person_id"])])


@pytest.mark.parametrize("name", sorted(WRAPPED))
def test_recoded_records_do_not_leave_as_a_file(name: str, context: FileContext) -> None:
    found = check_file(name, WRAPPED[name](), context)
    failing = [one for one in found.findings if one.severity is Verdict.FAIL]
    assert found.verdict is Verdict.FAIL
    assert any("record plan" in one.remedy for one in failing), [one.rule for one in failing]


def _summary() -> bytes:
    terms = ["intercept", "age", "sex", "region"]
    models = [{"name": f"model {n}", "fit": {"r2": 0.1 * n, "n": 1500 + n}, "terms": terms} for n in range(1, 9)]
    return json.dumps({"models": models, "threshold": 10}).encode()


def _curve() -> bytes:
    ages = list(range(20, 80))
    trace = {"x": ages, "y": [round(1000 + 12.5 * age - 0.1 * age**2, 1) for age in ages], "type": "scatter"}
    return json.dumps({"data": [trace], "layout": {"title": "Fitted pay by age"}}).encode()


def _training() -> bytes:
    return "\n".join(f"epoch {n}: loss={2 / (n + 1):.4f} accuracy={1 - 1 / (n + 2):.4f}" for n in range(150)).encode()


def _code() -> bytes:
    lines = [f"model_{n} = fit(data, outcome='pay', terms=terms[:{n % 5}], seed={n})" for n in range(200)]
    return "\n".join(["from work import fit, data, terms", *lines]).encode()


@pytest.mark.parametrize(
    ("name", "made"),
    [("summary.json", _summary), ("curve.json", _curve), ("training.log", _training), ("work.py", _code)],
)
def test_what_is_no_records_is_not_taken_for_them(name: str, made: Callable[[], bytes], context: FileContext) -> None:
    found = check_file(name, made(), context)
    assert [one.rule for one in found.findings if one.rule == "looks-like-records"] == []


def test_a_file_that_is_made_to_hold_records_says_the_way_out(tmp_path: Path, context: FileContext) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": [1, 2]}), tmp_path / "t.parquet")
    found = check_file("t.parquet", (tmp_path / "t.parquet").read_bytes(), context)
    assert found.verdict is Verdict.FAIL
    assert any("record plan" in one.remedy for one in found.findings)
