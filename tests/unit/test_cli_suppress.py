"""``saferoom suppress`` as other tools call it: exit statuses, one JSON document, sentences in place of tracebacks."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from saferoom.hub.cli.main import main

TRAP = [[30, 47, 64, 89], [90, 124, 5, 31], [92, 100, 59, 85], [800, 991, 651, 685]]
UNSAFE = ["wa", "wb", "wc", "xa", "xc", "yb", "yd", "zb", "zd"]
PLAIN = {"dimensions": ["row", "col"], "value": "v"}
SMALL = [["a", "p", 1], ["a", "q", 20], ["b", "p", 30], ["b", "q", 40]]
REGIONS = [["A", 2], ["B", 2], ["I", 8], ["J", 8], ["K", 3], ["L", 3], ["M", 3], ["N", 7]]
COUNTY = {"c1": ["A", "B", "I", "J"], "c2": ["K", "L", "M", "N"]}
GROUP = {"small": ["A", "B", "I", "J", "K", "N"], "BIG": ["L", "M"]}
Rows = Sequence[Sequence[Any]]


@dataclass
class Shell:
    """Runs the command line in this process."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    def run(self, header: str, rows: Rows, spec: Any, *words: str) -> tuple[int, str, str]:
        with (self.folder / "t.csv").open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([header.split(), *rows])
        text = spec if isinstance(spec, str) else json.dumps(spec)
        (self.folder / "s.yaml").write_text(text, encoding="utf-8")
        return self.call("t.csv", *words)

    def call(self, table: str, *words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main(["suppress", table, "--spec", "s.yaml", *words])
        out, err = self.capture.readouterr()
        return int(caught.value.code or 0), out, err

    def protected(self, header: str, rows: Rows, spec: Mapping[str, Any], exit_code: int = 0) -> dict[str, Any]:
        code, out, err = self.run(header, rows, spec, "--json")
        assert code == exit_code, err
        found: dict[str, Any] = json.loads(out)
        return found

    def refused(self, header: str, rows: Rows, spec: Any) -> str:
        code, out, err = self.run(header, rows, spec, "--json")
        assert code == 2
        message = json.loads(out)["error"]["message"]
        assert err == f"saferoom: {message}\n"
        return str(message)


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, capsys)


def _with(document: Mapping[str, Any], status: str) -> list[tuple[Any, ...]]:
    return [tuple(cell["cell"]) for cell in document["cells"] if cell["status"] == status]


def _cell(document: Mapping[str, Any], *labels: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(cell for cell in document["cells"] if cell["cell"] == list(labels))
    return found


def test_suppress_of_the_trap_hides_one_more_cell_and_nothing_is_exact(shell: Shell) -> None:
    rows = [[r, c, value] for r, line in zip("wxyz", TRAP, strict=True) for c, value in zip("abcd", line, strict=True)]
    spec = {**PLAIN, "primary": [list(name) for name in UNSAFE], "protection": {"width": 1}}
    found = shell.protected("row col v", rows, spec)
    assert sorted("".join(cell) for cell in _with(found, "u")) == UNSAFE
    assert len(_with(found, "x")) == found["cost"] == 1
    assert found["gap"] == 0
    assert all(c["interval"][1] - c["interval"][0] >= 1 for c in found["cells"] if c["status"] in "ux")
    assert found["audit"] == {
        "holds": True,
        "primary": 9,
        "hidden": 10,
        "insiders": 0,
        "whole_numbers": True,
        "intervals_not_exact": 0,
    }


@pytest.mark.parametrize(
    ("hierarchy", "secondary"),
    [(COUNTY, []), (GROUP, []), ({**COUNTY, **GROUP}, [("N",)])],
    ids=["county", "group", "linked"],
)
def test_suppress_of_linked_tables_hides_what_each_alone_would_not(
    shell: Shell, hierarchy: dict[str, list[str]], secondary: list[tuple[str]]
) -> None:
    spec = {"dimensions": ["r"], "value": "n", "count": "n", "hierarchies": {"r": hierarchy}, "rules": {"max_n": 3}}
    found = shell.protected("r n", REGIONS, spec)
    assert _with(found, "u") == [("A",), ("B",), ("K",), ("L",), ("M",)]
    assert _with(found, "x") == secondary
    assert all(cell["value"] is None for cell in found["cells"] if cell["status"] in "ux")


def test_suppress_writes_cells_in_reading_order_with_totals_last(shell: Shell) -> None:
    found = shell.protected("row col v", [["b", "q", 20], ["b", "p", 30], ["a", "q", 40], ["a", "p", 11]], PLAIN)
    assert [cell["cell"] for cell in found["cells"]] == [
        [r, c] for r in ("b", "a", "Total") for c in ("q", "p", "Total")
    ]
    assert _cell(found, "b", "Total") == {"cell": ["b", "Total"], "status": "s", "interval": [50, 50], "value": 50}
    assert (found["verdict"], found["cost"], found["gap"]) == ("pass", 0, 0)


def test_suppress_without_rules_takes_the_policys_threshold(shell: Shell) -> None:
    found = shell.protected("row col v", SMALL, PLAIN)
    assert _with(found, "u") == [("a", "p")]
    low, high = _cell(found, "a", "p")["interval"]
    assert low == 0
    assert high >= 10
    stricter = shell.protected("row col v", SMALL, {**PLAIN, "rules": {"threshold": 21}})
    assert _with(stricter, "u") == [("a", "p"), ("a", "q")]


def test_suppress_publishes_empty_cells_as_such_unless_they_may_be_hidden(shell: Shell) -> None:
    rows = [["a", "p", 2], ["a", "q", 9], ["b", "p", 30], ["b", "q", 40], ["b", "o", 50]]
    rules = {"rules": {"threshold": 5}}
    assert _with(shell.protected("row col v", rows, {**PLAIN, **rules}), "z") == [("a", "o")]
    assert _with(shell.protected("row col v", rows, {**PLAIN, **rules, "zeros": "suppressible"}), "z") == []


def test_suppress_of_ten_ones_is_not_fooled_by_empty_cells_being_published(shell: Shell) -> None:
    """Ten hidden cells that hold ten people hold one each, for all who know that none of them is empty."""
    rows = [*([f"c{number}", 1] for number in range(10)), ["none", 0], ["y", 40], ["z", 50]]
    found = shell.protected("r v", rows, {"dimensions": ["r"], "value": "v"})
    assert len(_with(found, "x")) == 1
    full = shell.protected("r v", rows[:-1], {"dimensions": ["r"], "value": "v", "zeros": "suppressible"})
    assert _with(full, "u") == [(f"c{number}",) for number in range(10)]


@pytest.mark.parametrize("zeros", ["structural", "suppressible"])
def test_suppress_of_a_table_that_is_all_empty_has_nothing_to_hide(shell: Shell, zeros: str) -> None:
    rows = [["a", "p", 0], ["a", "q", 0], ["b", "p", 0]]
    found = shell.protected("row col v", rows, {**PLAIN, "zeros": zeros})
    assert (found["verdict"], found["cost"], found["findings"]) == ("pass", 0, [])
    assert {cell["status"] for cell in found["cells"]} <= {"s", "z"}


def test_suppress_of_a_table_that_is_all_unsafe_fails(shell: Shell) -> None:
    found = shell.protected("row col v", [["a", "p", 1], ["b", "q", 2]], PLAIN, 20)
    assert found["findings"][0]["rule"] == "nothing-left"
    assert _cell(found, "Total", "Total")["interval"] == [0, None]


CONCENTRATED = [
    ["a", "p", 100, 15, 80, 10],
    ["a", "q", 300, 12, 40, 30],
    ["b", "p", 500, 15, 60, 55],
    ["b", "q", 400, 12, 50, 45],
]
MONEY = {**PLAIN, "count": "n", "top": ["t1", "t2"]}


@pytest.mark.parametrize(
    ("rules", "below"),
    [
        ({"nk": [1, 75]}, 80 * 100 / 75 - 100),
        ({"dominance": [{"n": 2, "share_fraction": 0.85}]}, 90 / 0.85 - 100),
        ({"p": 15}, 0.15 * 80 - 10),
        ({"pq": [10, 50]}, 0.2 * 80 - 10),
    ],
)
def test_suppress_by_a_concentration_rule_reaches_the_level_that_follows_from_it(
    shell: Shell, rules: dict[str, Any], below: float
) -> None:
    found = shell.protected("row col v n t1 t2", CONCENTRATED, {**MONEY, "rules": rules})
    assert _with(found, "u") == [("a", "p")]
    low, high = _cell(found, "a", "p")["interval"]
    assert low <= 100 - below
    assert high >= 100 + below


def test_suppress_of_money_without_contributions_goes_to_a_person(shell: Shell) -> None:
    spec = {**PLAIN, "count": "n"}
    found = shell.protected("row col v n t1 t2", CONCENTRATED, spec, 10)
    assert [finding["rule"] for finding in found["findings"]] == ["dominance-not-judged"]
    assert "largest contributions" in shell.refused("row col v n t1 t2", CONCENTRATED, {**spec, "rules": {"p": 10}})


def test_suppress_keeps_a_lone_contributor_from_the_only_other_hidden_cell(shell: Shell) -> None:
    rows = [["a", "p", 100, 1], ["a", "q", 300, 1], ["b", "p", 500, 15], ["b", "q", 400, 12]]
    rows += [["c", "p", 700, 15], ["c", "q", 900, 12]]
    rows += [[row, "o", 500, 20] for row in "abc"]
    found = shell.protected("row col v n", rows, {**PLAIN, "count": "n", "rules": {"threshold": 3}})
    assert _with(found, "u") == [("a", "p"), ("a", "q")]
    # With nothing else of its row hidden, each of the two would subtract her own value.
    assert {("a", "o"), ("a", "Total")} & set(_with(found, "x"))
    assert found["audit"]["insiders"] == 2


def test_suppress_joins_what_one_holder_knows_of_several_cells(shell: Shell) -> None:
    rows = [["a", 100, 1, 100, "x"], ["b", 300, 1, 300, "x"], ["c", 50, 1, 50, "y"], ["d", 800, 20, 90, "z"]]
    spec = {"dimensions": ["r"], "value": "v", "count": "n", "top": ["t"], "holders": ["h"], "rules": {"threshold": 3}}
    found = shell.protected("r v n t h", rows, spec)
    assert _with(found, "u") == [("a",), ("b",), ("c",)]
    # Holder x knows a and b, and would know c.
    assert found["audit"]["insiders"] == 2
    assert len(_with(found, "x")) == 1


AREAS = [["N1", "m", 4], ["N1", "f", 30], ["N2", "m", 20], ["N2", "f", 50]]
AREAS += [["S1", "m", 40], ["S1", "f", 30], ["S2", "m", 22], ["S2", "f", 51]]
MERGED = {"dimensions": ["r", "s"], "value": "n", "count": "n", "protection": {"method": "merge"}}
LAND = {"hierarchies": {"r": {"North": ["N1", "N2"], "South": ["S1", "S2"]}}}


def test_suppress_by_merging_shows_true_numbers_of_broader_categories_where_it_must(shell: Shell) -> None:
    found = shell.protected("r s n", AREAS, {**MERGED, **LAND})
    shown = [cell["cell"][0] for cell in found["cells"] if cell["cell"][1] == "m"]
    assert shown == ["S1", "S2", "North", "South", "Total"]
    assert _cell(found, "North", "m")["value"] == 24
    assert (found["verdict"], found["cost"], found["audit"]["holds"]) == ("pass", 2, True)


def test_suppress_by_merging_without_a_hierarchy_gives_up_a_dimension(shell: Shell) -> None:
    found = shell.protected("r s n", AREAS, MERGED)
    assert [cell["cell"] for cell in found["cells"]] == [[r, "Total"] for r in ("N1", "N2", "S1", "S2", "Total")]


def test_suppress_by_merging_does_not_show_two_groupings_whose_difference_is_unsafe(shell: Shell) -> None:
    hierarchies = {"r": {**COUNTY, **GROUP}}
    spec = {"dimensions": ["r"], "value": "n", "hierarchies": hierarchies, "rules": {"max_n": 3}}
    found = shell.protected("r n", REGIONS, {**spec, "protection": {"method": "merge"}})
    shown = {cell["cell"][0] for cell in found["cells"]}
    assert shown in ({"c1", "c2", "Total"}, {"small", "BIG", "Total"})


def test_suppress_by_merging_shows_nothing_when_even_the_total_is_unsafe(shell: Shell) -> None:
    found = shell.protected("r s n", [["N1", "m", 3], ["N2", "f", 2]], MERGED, 20)
    assert all(cell["value"] is None for cell in found["cells"] if cell["status"] != "z")
    assert found["findings"][0]["rule"] == "nothing-left"


def test_suppress_by_merging_of_a_safe_table_merges_nothing(shell: Shell) -> None:
    found = shell.protected("r s n", AREAS[1:], {**MERGED, "rules": {"threshold": 3}})
    assert found["cost"] == 0
    assert len(found["cells"]) == 5 * 3


def test_suppress_of_weighted_values_counts_people_not_weights(shell: Shell) -> None:
    rows = [["a", "p", 4, 20], ["a", "q", 30, 2], ["b", "p", 50, 3], ["b", "q", 40, 1.5]]
    spec = {"dimensions": ["row", "col"], "value": "n", "count": "n", "weight": "w", "rules": {"threshold": 5}}
    found = shell.protected("row col n w", rows, spec)
    assert _with(found, "u") == [("a", "p")]
    assert _cell(found, "Total", "Total")["value"] == 350


def test_suppress_of_negative_values_knows_their_bounds(shell: Shell) -> None:
    rows = [["a", "p", -5], ["a", "q", 20.5], ["b", "p", 30], ["b", "q", 40]]
    spec = {**PLAIN, "primary": [["a", "p"]], "protection": {"percent": 20}}
    assert _cell(shell.protected("row col v", rows, spec), "a", "p")["interval"] == [None, None]
    bounded = shell.protected("row col v", rows, {**spec, "bounds": {"lower": -100, "upper": 100}})
    low, high = _cell(bounded, "a", "p")["interval"]
    assert -100 <= low <= -6
    assert -4 <= high <= 100
    said = shell.refused("row col v", rows, {**spec, "bounds": {"lower": 0}})
    assert said == "the cell ('a', 'p') is outside the specification's `bounds`"


def test_suppress_checks_rows_of_totals_and_does_not_double_them(shell: Shell) -> None:
    totals = [["a", "Total", 21], ["Total", "q", 60], ["Total", "Total", 91]]
    assert shell.protected("row col v", [*SMALL, *totals], PLAIN) == shell.protected("row col v", SMALL, PLAIN)
    said = shell.refused("row col v", [*SMALL, ["a", "Total", 22]], PLAIN)
    assert said.startswith("row 6 (row 'a', col 'Total') is a total, but its 'v' is not the sum of its parts.")
    assert "22" not in said


def test_suppress_takes_distinct_units_from_rows_of_totals(shell: Shell) -> None:
    rows = [["a", 50, 12], ["b", 60, 12], ["Total", 110, 20]]
    spec = {"dimensions": ["r"], "value": "v", "count": "n", "rules": {"threshold": 21}}
    assert _with(shell.protected("r v n", rows, spec, 20), "u") == [("a",), ("b",), ("Total",)]
    rows[-1][-1] = 25
    assert "more units in 'n' than its parts together" in shell.refused("r v n", rows, spec)


def test_suppress_of_some_tables_shows_only_their_cells(shell: Shell) -> None:
    found = shell.protected("row col v", SMALL, {**PLAIN, "tables": [["row"], ["col"]], "rules": {"threshold": 25}})
    assert [cell["cell"] for cell in found["cells"]] == [
        ["a", "Total"], ["b", "Total"], ["Total", "p"], ["Total", "q"], ["Total", "Total"],
    ]  # fmt: skip
    assert _with(found, "u") == [("a", "Total")]


def test_suppress_publishes_the_grand_total_unless_told_otherwise(shell: Shell) -> None:
    spec = {**PLAIN, "primary": [["a", "p"]], "protection": {"width": 1e6}}
    assert "protect" in shell.refused("row col v", SMALL, spec)
    found = shell.protected("row col v", SMALL, {**spec, "grand_total": "suppressible"})
    assert _cell(found, "a", "p")["interval"] == [0, None]
    assert _cell(found, "Total", "Total")["status"] == "x"


def test_suppress_of_a_table_in_which_nothing_is_unsafe_publishes_it_all(shell: Shell) -> None:
    found = shell.protected("row col v", SMALL, {**PLAIN, "primary": []})
    assert found["statuses"] == {"u": 0, "x": 0, "s": 9, "z": 0}


def test_suppress_keeps_labels_as_they_are_written(shell: Shell) -> None:
    rows = [["01", "x", 20], ["02", "x", 30]]
    assert _cell(shell.protected("row col v", rows, PLAIN), "01", "x")["value"] == 20
    rows = [["1", "x", 20], ["2", "x", 3]]
    found = shell.protected("row col v", rows, {**PLAIN, "primary": [[2, "x"]]})
    assert _with(found, "u") == [(2, "x")]


def test_suppress_reads_parquet_as_it_reads_csv(shell: Shell) -> None:
    expected = shell.protected("row col v", SMALL, PLAIN)
    columns = dict(zip(["row", "col", "v"], zip(*SMALL, strict=True), strict=True))
    parquet.write_table(pa.table({name: list(column) for name, column in columns.items()}), shell.folder / "t.parquet")
    code, out, _ = shell.call("t.parquet", "--json")
    assert (code, json.loads(out)) == (0, expected)


def test_suppress_says_for_people_what_was_hidden_and_what_it_cost(shell: Shell) -> None:
    code, out, err = shell.run("row col v", SMALL, PLAIN)
    assert (code, err) == (0, "")
    assert "1 primary (u), 3 secondary (x), 5 published (s), 0 published empty (z)" in out
    assert "Cost of secondary cells: 3 (least possible; exact)" in out
    assert "Verdict: pass" in out


def test_suppress_for_people_cuts_long_tables_and_names_findings(shell: Shell) -> None:
    rows = [[f"r{number}", "p", 100 + number, 20] for number in range(80)]
    code, out, _ = shell.run("row col v n", rows, {**PLAIN, "count": "n"})
    assert code == 10
    assert "more cells" in out
    assert "dominance-not-judged" in out


def test_suppress_writes_the_protected_table_without_hidden_values(shell: Shell) -> None:
    code, _, _ = shell.run("row col v", SMALL, PLAIN, "--out", "o.csv")
    assert code == 0
    with (shell.folder / "o.csv").open(encoding="utf-8", newline="") as stream:
        lines = list(csv.reader(stream))
    assert lines[0] == ["row", "col", "value", "status"]
    # Which of the hidden cells are below the threshold is not told.
    assert [line for line in lines if line[2] == ""] == [
        [*labels, "", "c"] for labels in (["a", "p"], ["a", "q"], ["b", "p"], ["b", "q"])
    ]
    assert ["b", "Total", "70", "s"] in lines
    code, _, err = shell.run("row col v", SMALL, PLAIN, "--out", "nowhere/o.csv")
    assert code == 2
    assert "cannot be written" in err


@pytest.mark.parametrize(
    ("out", "said"),
    [
        (".", "is a folder"),
        ("t.csv", "is read from"),
        ("./s.yaml", "is read from"),
        ("s.yaml/o.csv", "cannot be written"),
        ("o" * 300, "cannot be written"),
    ],
)
def test_suppress_writes_over_nothing_that_it_reads_and_leaves_nothing_behind(
    shell: Shell, out: str, said: str
) -> None:
    code, found, err = shell.run("row col v", SMALL, PLAIN, "--json", "--out", out)
    assert (code, said in err, said in json.loads(found)["error"]["message"]) == (2, True, True)
    assert sorted(path.name for path in shell.folder.iterdir()) == ["s.yaml", "t.csv"]
    assert (shell.folder / "t.csv").read_text().startswith("row,col,v")


def test_suppress_leaves_no_half_written_file(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    code, _, err = shell.run("row col v", SMALL, PLAIN, "--out", "o.csv")
    assert code == 2
    assert "o.csv cannot be written" in err
    assert sorted(path.name for path in shell.folder.iterdir()) == ["s.yaml", "t.csv"]


def test_suppress_writes_nothing_that_fails(shell: Shell) -> None:
    code, _, _ = shell.run("row col v", [["a", "p", 1]], PLAIN, "--out", "o.csv")
    assert code == 20
    assert not (shell.folder / "o.csv").exists()


def test_suppress_whose_time_is_up_never_passes(shell: Shell) -> None:
    code, out, err = shell.run("row col v", SMALL, {**PLAIN, "protection": {"seconds": 1e-9}}, "--json")
    assert code == 1
    assert "time" in json.loads(out)["error"]["message"]
    assert "nothing is released" in err


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([*SMALL, ["a", "p", 3]], "row 6 (row 'a', col 'p') is there twice"),
        ([["a", "p", "many"]], "row 2: the column 'v' does not hold a number"),
        ([["a", "p", 1], ["a", "q", ""]], "row 3: the column 'v' is empty"),
        ([["a", "p", "nan"]], "row 2: the column 'v' is not a finite number"),
        ([["a", "p", "inf"]], "row 2: the column 'v' is not a finite number"),
        ([["a", "p", "1,000"]], "row 2: the column 'v' does not hold a number"),
        ([["a", "p", 1], ["a", "q", "١٢"]], "row 3: the column 'v' does not hold a number"),
        ([["a", "p", 1], ["TOTAL", "p", 1], ["Total", "p", 1]], "look like its total, 'TOTAL' and 'Total'"),
        ([["a", "", 1]], "row 2: the column 'col' has no label"),
        ([["a", "p", 1, 2]], "cannot be read: it must have one header line"),
        ([], "has no rows"),
        ([["Total", "p", 1]], "no categories besides totals"),
    ],
)
def test_suppress_of_a_bad_table_says_where_and_what(shell: Shell, rows: Rows, said: str) -> None:
    message = shell.refused("row col v", rows, PLAIN)
    assert said in message
    assert "1,000" not in message
    assert "many" not in message


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({**PLAIN, "value": "w"}, "there is no column w"),
        ({**PLAIN, "hierarchies": {"row": {"X": ["a", "Y"], "Y": ["b", "X"]}}}, "has a cycle"),
        ({**PLAIN, "hierarchies": {"row": {"X": ["a"]}}}, "'b' is in the table but under no parent"),
        ({**PLAIN, "hierarchies": {"rows": {"X": ["a"]}}}, "'hierarchies' names 'rows'"),
        ({**PLAIN, "primary": [["a", "z"]]}, "'z' is no category of 'col'"),
        ({**PLAIN, "primary": [["a"]]}, "needs one label per dimension, 2"),
        ({**PLAIN, "primary": [["a", "p"]], "protection": {"below": 5}}, "wider than what everybody knows"),
        ({**PLAIN, "rules": {"nk": [1, 50]}}, "name their columns as `top: [...]`"),
        ({**PLAIN, "rules": {"nk": [0, 50]}}, "'rules.nk' is [n, k]"),
        ({**PLAIN, "rules": {}}, "'rules' is empty"),
        ({**PLAIN, "rules": {"threshold": 3, "threshold_units": 4}}, "which are the same; keep one"),
        ({**PLAIN, "rules": {"pq": [50, 10]}}, "with p smaller than q"),
        ({**PLAIN, "rules": {"thresholt": 3}}, "did you mean 'threshold'?"),
        ({**PLAIN, "protection": {"widthh": 3}}, "did you mean 'width'?"),
        ({**PLAIN, "top": ["t"], "holders": ["h", "g"]}, "as many columns as there"),
        ({**PLAIN, "tables": [["rows"]]}, "'rows' is none"),
        ({**PLAIN, "bounds": {"lower": 3, "upper": 1}}, "'bounds.lower' must be below"),
        ({"dimensions": ["row", "row"], "value": "v"}, "the column 'row' is named for two things"),
        ({"dimensions": list("abcdefghi"), "value": "v"}, "'dimensions' must be a list of 1 to 8 names of columns"),
        ({**PLAIN, "complete": True, "dimensions": ["row"], "value": "v"}, "is there twice"),
        ("dimensions: [row", "this is not YAML"),
        ("- 1", "expected `key: value` lines"),
    ],
)
def test_suppress_by_a_bad_specification_says_where_and_what(shell: Shell, spec: Any, said: str) -> None:
    assert said in shell.refused("row col v", SMALL, spec)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (["c", "p", 5, -1, 1], "must be a whole number, 0 or more"),
        (["c", "p", 5, 1.5, 1], "must be a whole number, 0 or more"),
        (["c", "p", 5, 0, 1], "a value other than zero but no units"),
        (["c", "p", 5, 3, 9], "the largest contributions together are more than the value"),
    ],
)
def test_suppress_of_impossible_counts_and_contributions_is_refused(shell: Shell, row: list[Any], said: str) -> None:
    spec = {**PLAIN, "count": "n", "top": ["t"]}
    assert said in shell.refused("row col v n t", [["a", "p", 50, 20, 3], row], spec)


def test_suppress_of_an_incomplete_table_that_says_it_is_complete_is_refused(shell: Shell) -> None:
    said = shell.refused("row col v", SMALL[:-1], {**PLAIN, "complete": True})
    assert said.startswith("the cell (row 'b', col 'q') has no row")


def test_suppress_of_fractions_without_counts_cannot_apply_a_threshold(shell: Shell) -> None:
    assert "names no column `count`" in shell.refused("row col v", [["a", "p", 1.5]], PLAIN)


def test_suppress_of_weights_that_are_none_is_refused(shell: Shell) -> None:
    spec = {**PLAIN, "count": "n", "weight": "w"}
    assert "weight must be larger than zero" in shell.refused("row col v n w", [["a", "p", 5, 20, 0]], spec)


def test_suppress_of_a_missing_file_is_refused(shell: Shell) -> None:
    shell.run("row col v", SMALL, PLAIN)
    code, _, err = shell.call("nowhere.csv")
    assert code == 2
    assert "does not exist" in err


def test_suppress_stopped_by_a_fault_of_its_own_says_nothing_of_the_data(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object, **__: object) -> None:
        raise RuntimeError("the value 4711")

    monkeypatch.setattr("saferoom.disclosure.tables.publication.publish", fault)
    code, out, err = shell.run("row col v", SMALL, PLAIN)
    assert (code, out) == (1, "")
    assert "4711" not in err
    assert "RuntimeError" in err


@pytest.mark.parametrize(
    ("rows", "spec", "says"),
    [
        ([["a", "p", "1e308"], ["b", "q", "1e308"]], PLAIN, "adds up to more than"),
        ([["a", "p", "1e300"], ["b", "q", 3]], PLAIN, "in thousands or millions"),
        ([["a", "p", "1e-320"], ["b", "q", 3]], PLAIN, "nearly, but not quite, zero"),
        (SMALL, {**PLAIN, "tables": [["row", "row"]]}, "twice in one table"),
        (SMALL, {**PLAIN, "totals": {"row": " "}}, "needs a label"),
    ],
)
def test_suppress_refuses_numbers_and_tables_that_are_none(
    shell: Shell, rows: Rows, spec: dict[str, Any], says: str
) -> None:
    assert says in shell.refused("row col v", rows, spec)


def test_suppress_refuses_more_contributions_than_units(shell: Shell) -> None:
    rows = [["a", "p", 10, 1, 4, 4], ["a", "q", 30, 9, 4, 4], ["b", "p", 30, 9, 4, 4], ["b", "q", 30, 9, 4, 4]]
    message = shell.refused("row col v n t1 t2", rows, MONEY)
    assert "more contributions than there are units" in message


def test_suppress_takes_contributions_that_may_be_negative_where_that_is_said(shell: Shell) -> None:
    rows = [["a", "p", 10, 9, 60, 40], ["a", "q", 30, 9, 4, 4], ["b", "p", 30, 9, 4, 4], ["b", "q", 30, 9, 4, 4]]
    assert "bounds" in shell.refused("row col v n t1 t2", rows, MONEY)
    found = shell.protected("row col v n t1 t2", rows, {**MONEY, "bounds": {"lower": -1000}, "rules": {"p": 10}})
    low, high = _cell(found, "a", "p")["interval"]
    assert low is not None
    assert low < 0
    assert high is None or high > 10


def test_suppress_with_an_empty_list_of_unsafe_cells_hides_nothing(shell: Shell) -> None:
    """An empty list is an answer, and not the lack of one: the policy's rules do not come in its place."""
    for spec in ({**PLAIN, "primary": []}, "dimensions: [row, col]\nvalue: v\nprimary: []\n"):
        code, out, err = shell.run("row col v", SMALL, spec, "--json")
        found = json.loads(out)
        assert (code, err, found["cost"], found["statuses"]["u"]) == (0, "", 0, 0)
    # Nothing after the colon is no answer.
    code, out, _ = shell.run("row col v", SMALL, "dimensions: [row, col]\nvalue: v\nprimary:\n", "--json")
    assert json.loads(out)["statuses"]["u"] == 1
    both = shell.protected("row col v", SMALL, {**PLAIN, "primary": [], "rules": {"threshold": 5}})
    assert _with(both, "u") == [("a", "p")]


@pytest.mark.parametrize(
    ("written", "unsafe", "found"),
    [
        ("1.0 2.0", "1", "1.0"),
        ("1.0 2.0", "1.0", "1.0"),
        ("1 2", "1.0", 1),
        ("1 2", "'1'", 1),
        ("True False", "true", "True"),
        ("TRUE FALSE", "True", "TRUE"),
        ("yes no", "yes", "yes"),
    ],
)
def test_suppress_knows_numbers_and_truth_values_however_the_table_spells_them(
    shell: Shell, written: str, unsafe: str, found: Any
) -> None:
    one, other = written.split()
    rows = [[one, "p", 5], [one, "q", 20], [other, "p", 30], [other, "q", 40]]
    spec = f"dimensions: [row, col]\nvalue: v\nprimary: [[{unsafe}, p]]\n"
    hierarchy = f"hierarchies: {{row: {{both: [{unsafe}, '{other}']}}}}\n"
    for text in (spec, spec + hierarchy):
        code, out, err = shell.run("row col v", rows, text, "--json")
        assert code == 0, err
        assert _with(json.loads(out), "u") == [(found, "p")]
