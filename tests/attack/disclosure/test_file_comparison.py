"""A file beside its query: equal ones pass, and every way of carrying something more is seen."""

# ruff: noqa: E501, PERF401 - attacks stand on one line each
from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from tests.support.statistics_lab import Lab, people

from saferoom.disclosure.files.checker import FileContext, check_file
from saferoom.disclosure.files.printing import printed_evenly
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.verdict import Finding, Verdict
from saferoom.errors import BadInputError

MEAN = {"statistic": "mean", "measure": "pay", "by": ["region", "sex"]}
COUNTS = {"statistic": "frequency", "by": ["region", "sex"], "margins": True}
Rows = list[list[str]]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[[dict[str, Any]], FileContext]:
    source = Lab(tmp_path_factory.mktemp("extract")).source(people(1_200))
    known: dict[str, FileContext] = {}

    def context(query: dict[str, Any]) -> FileContext:
        return known.setdefault(str(query), FileContext([source], query=parse_query(query)))

    return context


def table(context: FileContext, decimals: int | None = 2) -> Rows:
    evaluation = context.evaluation
    assert evaluation is not None
    shown = evaluation.protected or evaluation.table
    rows = [list(shown.columns)]
    for row in shown.rows:
        rows.append([_written(value, decimals) for value in row])
    return rows


def _written(value: object, decimals: int | None) -> str:
    if value is None:
        return ""
    return f"{value:.{decimals}f}" if isinstance(value, float) and decimals is not None else str(value)


def csv(rows: Sequence[Sequence[str]]) -> bytes:
    return "".join(",".join(row) + "\n" for row in rows).encode()


def judged(context: FileContext, data: bytes) -> tuple[Verdict, set[str]]:
    found = check_file("t.csv", data, context)
    return found.verdict, {finding.rule for finding in found.findings}


@pytest.mark.parametrize("decimals", [0, 1, 2, 4, None])
def test_equal_numbers_pass_with_the_digits_they_show(make: Any, decimals: int | None) -> None:
    assert judged(make(MEAN), csv(table(make(MEAN), decimals))) == (Verdict.PASS, set())


def test_counts_pass_in_wide_and_long_tables_under_usual_heads(make: Any) -> None:
    rows = table(make(COUNTS))
    assert judged(make(COUNTS), csv(rows))[0] is Verdict.PASS
    assert judged(make(COUNTS), csv([["region", "sex", "n"], *rows[1:]]))[0] is Verdict.PASS
    wide = [["region", "F", "M", "All"]]
    for region in dict.fromkeys(row[0] for row in rows[1:]):
        wide.append([region, *(row[2] for row in rows[1:] if row[0] == region)])
    assert judged(make(COUNTS), csv(wide))[0] is Verdict.PASS
    turned = [list(column) for column in zip(*wide, strict=True)]
    turned[0][0] = "sex"
    assert judged(make(COUNTS), csv(turned))[0] is Verdict.PASS


def test_rows_and_columns_in_another_order_pass(make: Any) -> None:
    head, *rows = table(make(MEAN))
    moved = [[row[2], row[0], row[1]] for row in [head, *rows]]
    assert judged(make(MEAN), csv(moved))[0] is Verdict.PASS
    random.Random(1).shuffle(rows)
    assert judged(make(MEAN), csv([head, *rows]))[0] is Verdict.PASS


def test_order_of_nine_rows_says_too_much(make: Any) -> None:
    context = make({"statistic": "mean", "measure": "pay", "by": ["region", "sex"], "margins": True})
    head, *rows = table(context)
    assert len(rows) > 8
    random.Random(1).shuffle(rows)
    assert judged(context, csv([head, *rows]))[1] >= {"query-order"}


def _chosen(rows: Rows, column: int, forms: Callable[[str], Sequence[str]]) -> bytes:
    """Write every cell of a column in one of several forms, as a secret message would choose them."""
    rng = random.Random(4)
    return csv([rows[0], *([*row[:column], rng.choice(forms(row[column])), *row[column + 1 :]] for row in rows[1:])])


def _digits(text: str) -> list[str]:
    rounded = [f"{float(text):.{decimals}f}" for decimals in range(2, 7)]
    return [form for form in rounded if not form.endswith("0")]


AGES = {"statistic": "mean", "measure": "pay", "by": ["age"]}
CHANNELS: dict[str, Callable[[Rows], bytes]] = {
    "how many decimals": lambda rows: _chosen(rows, 1, _digits),
    "decimals of whole labels": lambda rows: _chosen(rows, 0, lambda text: [text, text + ".0"]),
    "digits of another script": lambda rows: _chosen(rows, 1, lambda t: [t, t[:-1] + chr(0x660 + int(t[-1]))]),
    "spellings of an exponent": lambda rows: _chosen(
        rows, 1, lambda t: [f"{float(t):.9e}", f"{float(t):.9E}", f"{float(t):.9e}".replace("+0", "")]
    ),
    "blank rows": lambda rows: csv([line for i, row in enumerate(rows) for line in ([row, ["", ""]] if i % 3 else [row])]),
    "blank columns": lambda rows: csv([[*row, "", "", ""] for row in rows]),
    "letters of a head": lambda rows: csv([["aGe", rows[0][1]], *rows[1:]]),
}  # fmt: skip


@pytest.mark.parametrize("channel", CHANNELS)
def test_what_is_chosen_cell_by_cell_keeps_the_file_from_passing(make: Any, channel: str) -> None:
    rows = table(make(AGES), 6)
    assert judged(make(AGES), csv(rows))[0] is Verdict.PASS
    verdict, rules = judged(make(AGES), CHANNELS[channel](rows))
    assert verdict is not Verdict.PASS
    assert rules & {"query-differs", "query-explains-less", "query-printed-unevenly"}


@pytest.mark.parametrize("name", ["Isle_n=3.csv", "a.b@hospital.nhs.uk.csv", "only_3_women.csv"])
def test_name_of_the_file_is_screened_as_well(make: Any, name: str) -> None:
    data = csv(table(make(MEAN)))
    assert check_file("mean_pay_2019_n=300.csv", data, make(MEAN)).verdict is Verdict.PASS
    found = check_file(name, data, make(MEAN))
    assert found.verdict is Verdict.FAIL
    assert all(finding.message.startswith("the name of the file") for finding in found.findings[:1])


def test_counts_totals_and_blanks_are_written_in_one_way(make: Any) -> None:
    rows = table(make(COUNTS))
    dotted = _chosen(rows, 2, lambda text: [text, text + ".0"])
    totals = _chosen(rows, 0, lambda text: ["All", "Total", "Overall"] if text == "All" else [text])
    for data in (dotted, totals):
        assert "query-printed-unevenly" in judged(make(COUNTS), data)[1]
    one = csv([[cell.replace("All", "Total") for cell in row] for row in rows])
    assert judged(make(COUNTS), one)[0] is Verdict.PASS
    suppressed = {"statistic": "frequency", "by": ["region", "age"], "protect": {"method": "suppress"}}
    blanked = table(make(suppressed))
    assert "query-differs" not in judged(make(suppressed), csv(blanked))[1]
    several = _chosen(blanked, 2, lambda text: [text] if text else ["NA", "*", "-"])
    bounded = _chosen(blanked, 2, lambda text: [text or "<4711"])
    assert "query-printed-unevenly" in judged(make(suppressed), several)[1]
    assert "query-differs" in judged(make(suppressed), bounded)[1]


def test_wide_table_has_one_number_of_decimals(make: Any) -> None:
    rows = table(make(MEAN), 3)
    wide = [["region", "F", "M"]]
    for region in dict.fromkeys(row[0] for row in rows[1:]):
        wide.append([region, *(row[2] for row in rows[1:] if row[0] == region)])
    assert judged(make(MEAN), csv(wide))[0] is Verdict.PASS
    cut = [wide[0], *([row[0], row[1], f"{float(row[2]):.1f}"] for row in wide[1:])]
    assert "query-printed-unevenly" in judged(make(MEAN), csv(cut))[1]


@pytest.mark.parametrize(
    ("texts", "values", "expected"),
    [
        (["1.25", "0.5", "3.0"], [1.25, 0.5, 3.0], True),
        (["1.25", "0.5", "3"], [1.25, 0.5, 3.0], True),
        (["1.25", "0.5", "3", "4.0"], [1.25, 0.5, 3.0, 4.0], False),
        (["1.25", "0.5"], [1.25, 0.5123], False),
        (["123.4", "0.01234"], [123.4321, 0.0123432], True),
        (["12.5%", "3.25%"], [0.125, 0.0325], True),
        (["12.5%", "13.25%"], [0.12512, 0.1325], False),
        (["1.2e-05", "0.5"], [0.000012, 0.5], True),
        (["0.0", "-0.0", "1.25"], [0.001, -0.001, 1.25], False),
        ([], [], True),
    ],
)
def test_column_is_printed_evenly_when_one_rounding_explains_it(
    texts: list[str], values: list[float], expected: bool
) -> None:
    assert printed_evenly(texts, values) is expected


def test_protected_table_is_compared_with_its_blanks(make: Any) -> None:
    suppressed = {**COUNTS, "margins": False, "protect": {"method": "suppress"}}
    assert judged(make(suppressed), csv(table(make(suppressed))))[0] is Verdict.PASS


@pytest.mark.parametrize("method", ["cell_key", "random_rounding"])
def test_noise_is_not_made_again_for_a_file(make: Any, method: str) -> None:
    """Else whoever guesses numbers could test them against the noise, file by file."""
    context = make({"statistic": "frequency", "by": ["region"], "protect": {"method": method}})
    with pytest.raises(BadInputError, match=f"changes its numbers by {method}.* is not made again for a file"):
        judged(context, csv([["region", "count"], ["N", "300"]]))


def test_failing_query_fails_although_the_file_is_equal(make: Any) -> None:
    query = {"statistic": "frequency", "by": ["region", "age"]}
    verdict, rules = judged(make(query), csv(table(make(query))))
    assert verdict is Verdict.FAIL
    assert "threshold" in rules


def _changed(change: Callable[[Rows], object]) -> Callable[[Rows], bytes]:
    def apply(rows: Rows) -> bytes:
        change(rows)
        return csv(rows)

    return apply


def _digit(rows: Rows) -> None:
    rows[3][2] = rows[3][2][:-1] + str((int(rows[3][2][-1]) + 1) % 10)


ATTACKS: dict[str, Callable[[Rows], bytes]] = {
    "a digit changed": _changed(_digit),
    "a zero more": _changed(lambda rows: rows[3].__setitem__(2, rows[3][2] + "0")),
    "a space behind": _changed(lambda rows: rows[3].__setitem__(2, rows[3][2] + " ")),
    "a plus before": _changed(lambda rows: rows[3].__setitem__(2, "+" + rows[3][2])),
    "an exponent": _changed(lambda rows: rows[3].__setitem__(2, f"{float(rows[3][2]):.6e}")),
    "digits that nobody can compute": _changed(
        lambda rows: [row.__setitem__(2, row[2] + "1234567890") for row in rows[1:]]
    ),
    "a space in a label": _changed(lambda rows: rows[3].__setitem__(0, rows[3][0] + " ")),
    "a label in other letters": _changed(lambda rows: rows[3].__setitem__(0, rows[3][0].lower())),
    "a number in a head": _changed(lambda rows: rows[0].__setitem__(0, "region 4711")),
    "words in a head": _changed(lambda rows: rows[0].__setitem__(2, "mean of the rich")),
    "another column": lambda rows: csv([[*row, str(i)] for i, row in enumerate(rows)]),
    "another column of blanks and marks": lambda rows: csv([[*row, "-" if i % 2 else ""] for i, row in enumerate(rows)]),
    "another row": lambda rows: csv([*rows, ["X", "F", "12.00"]]),
    "a row twice": lambda rows: csv([*rows, rows[1]]),
    "a note below": lambda rows: csv(rows) + b"the richest has 99\n",
    "blank lines": lambda rows: csv(rows) + b"\n\n\n",
    "quotation marks here and there": lambda rows: csv(rows).replace(b"N,", b'"N",', 1),
    "line ends here and there": lambda rows: csv(rows).replace(b"\n", b"\r\n", 2),
    "a byte order mark within": lambda rows: csv(rows).replace(b"\n", "\n\ufeff".encode(), 1),
    "a number blanked": _changed(lambda rows: rows[3].__setitem__(2, "")),
    "a label of look-alike letters": _changed(lambda rows: rows[3].__setitem__(0, "\u0405")),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_whatever_is_carried_along_keeps_the_file_from_passing(make: Any, attack: str) -> None:
    rows = table(make(MEAN))
    assert judged(make(MEAN), csv(rows))[0] is Verdict.PASS
    verdict, rules = judged(make(MEAN), ATTACKS[attack](rows))
    assert verdict is not Verdict.PASS
    assert rules & {"query-differs", "query-explains-less", "query-not-compared", "query-printed-unevenly"}


def test_order_of_many_rows_says_nothing_only_when_a_column_explains_it(make: Any) -> None:
    query = {"statistic": "mean", "measure": "pay", "by": ["age"]}
    context = make(query)
    head, *rows = table(context)
    assert "query-order" not in judged(context, csv([head, *sorted(rows, key=lambda row: float(row[1]))]))[1]
    random.Random(2).shuffle(rows)
    verdict, rules = judged(context, csv([head, *rows]))
    assert verdict is not Verdict.PASS
    assert "query-order" in rules


def _page(rows: Rows) -> bytes:
    lines = ("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{''.join(lines)}</table>".encode()


def _lines(rows: Rows) -> bytes:
    return "\n".join("  ".join(cell.rjust(14) for cell in row) for row in rows).encode()


def _pipes(rows: Rows) -> bytes:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]).encode()


FORMATS: dict[str, Callable[[Rows], bytes]] = {"t.html": _page, "t.txt": _lines, "t.md": _pipes}


@pytest.mark.parametrize("name", FORMATS)
def test_other_formats_are_compared_and_still_need_people(make: Any, name: str) -> None:
    rows = table(make(MEAN))
    found = check_file(name, FORMATS[name](rows), make(MEAN))
    assert found.verdict is Verdict.REVIEW
    assert "query-equal-format" in {finding.rule for finding in found.findings}
    rows[1][-1] = rows[2][-1]
    rules = {finding.rule for finding in check_file(name, FORMATS[name](rows), make(MEAN)).findings}
    assert "query-differs" in rules
    assert "query-equal-format" not in rules


def test_file_of_several_tables_is_not_compared(make: Any) -> None:
    rows = table(make(MEAN))
    found = check_file("t.html", _page(rows) + _page(rows), make(MEAN))
    assert found.verdict is Verdict.REVIEW
    assert "query-not-compared" in {finding.rule for finding in found.findings}


def test_findings_name_places_and_no_values(make: Any) -> None:
    rows = table(make(MEAN))
    was = rows[3][2]
    _digit(rows)
    findings: tuple[Finding, ...] = check_file("t.csv", csv(rows), make(MEAN)).findings
    (found,) = [finding for finding in findings if finding.rule == "query-differs"]
    assert found.cells == (("the whole file", 4, 3),)
    assert was not in found.message
    assert rows[3][2] not in found.message
