"""``saferoom suppress`` and what a table of counts tells of everybody in a group at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.support.statistics_lab import Lab, finding, rules

from saferoom.hub.cli.main import main

Counts = Mapping[Any, int]
FULL: Counts = {
    ("N", "yes"): 40, ("N", "no"): 0, ("S", "yes"): 30, ("S", "no"): 25, ("W", "yes"): 28, ("W", "no"): 33,
}  # fmt: skip
NEAR = {**FULL, ("N", "yes"): 400, ("N", "no"): 11}
EVEN = {**FULL, ("N", "no"): 35}
ASKED = {"class_disclosure_fraction": 1.0}
AXES = ("area", "ill")


class Shell:
    """Runs the command on a table of counts."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capture = folder, capture

    def run(self, counts: Counts, spec: Mapping[str, Any], axes: Sequence[str] = AXES) -> tuple[int, dict[str, Any]]:
        lines = [",".join([*labels, str(count)]) for labels, count in counts.items()]
        (self.folder / "t.csv").write_text("\n".join([",".join([*axes, "n"]), *lines]) + "\n", encoding="utf-8")
        asked = {"dimensions": list(axes), "value": "n", "count": "n", **spec}
        (self.folder / "s.json").write_text(json.dumps(asked), encoding="utf-8")
        with pytest.raises(SystemExit) as caught:
            main(["suppress", str(self.folder / "t.csv"), "--spec", str(self.folder / "s.json"), "--json"])
        return int(caught.value.code or 0), json.loads(self.capture.readouterr().out)

    def found(self, counts: Counts, spec: Mapping[str, Any], axes: Sequence[str] = AXES) -> dict[str, list[list[Any]]]:
        document = self.run(counts, spec, axes)[1]
        return {one["rule"]: one["cells"] for one in document["findings"]}


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)


@pytest.mark.parametrize(
    ("counts", "rule", "exit_code"),
    [(FULL, "class-disclosure", 20), (NEAR, "near-class-disclosure", 10), (EVEN, None, 0)],
)
def test_group_in_one_category_is_judged_by_the_policy_as_in_a_query(
    counts: Counts, rule: str | None, exit_code: int, shell: Shell, tmp_path: Path
) -> None:
    code, document = shell.run(counts, {})
    assert code == exit_code
    assert [one["rule"] for one in document["findings"]] == ([rule] if rule else [])
    rows = [dict(zip(AXES, labels, strict=True)) for labels, count in counts.items() for _ in range(count)]
    people = [{"person_id": number, **row} for number, row in enumerate(rows)]
    judged = Lab(tmp_path).check({"statistic": "frequency", "by": list(AXES), "margins": True}, people)
    assert (rule in rules(judged)) == (rule is not None)
    if rule:
        same = finding(judged, rule)
        assert document["findings"][0]["cells"] == [["N", "yes"]] == [list(cell) for cell in same.cells]
        assert (document["findings"][0]["risk"], document["findings"][0]["severity"]) == (same.risk, same.severity)
        assert not any(str(count) in json.dumps(document["findings"]) for count in counts.values() if count)


def test_class_rules_are_asked_for_by_the_policys_names(shell: Shell) -> None:
    threshold = {"rules": {"threshold": 10}}
    assert shell.found(FULL, threshold) == {}
    assert shell.found(FULL, {"rules": {"class_disclosure_fraction": 1.0}}) == {"class-disclosure": [["N", "yes"]]}
    assert shell.found(NEAR, {"rules": {"class_disclosure_fraction": 1.0}}) == {}
    assert shell.found(NEAR, {"rules": {"near_class_fraction": 0.95}}) == {"near-class-disclosure": [["N", "yes"]]}
    assert shell.found(NEAR, {"rules": {"class_disclosure_fraction": 0.95}}) == {"class-disclosure": [["N", "yes"]]}


def test_other_categories_that_are_said_to_be_impossible_tell_nothing(shell: Shell) -> None:
    assert shell.found(FULL, {"zeros": "structural"}) == {}
    assert set(shell.found(NEAR, {"zeros": "structural"})) == {"near-class-disclosure"}


def test_hiding_the_empty_categories_answers_the_rule_and_hiding_the_full_one_does_not(shell: Shell) -> None:
    spec = {"primary": [["N", "yes"]], "rules": {"class_disclosure_fraction": 1.0}, "protection": {"percent": 50}}
    both = {**spec, "primary": [["N", "yes"], ["N", "no"]]}
    assert shell.found(FULL, {**both, "zeros": "suppressible"}) == {}
    code, document = shell.run(FULL, spec)
    # It is not told how many there are, but where all of them are; a person decides.
    assert code == 10
    assert [one["cells"] for one in document["findings"]] == [[["N", "yes"]]]


def test_small_hidden_cell_beside_empty_ones_tells_a_class_unless_these_are_hidden(shell: Shell) -> None:
    small = {**FULL, ("N", "yes"): 4}
    code, document = shell.run(small, {})
    assert (code, document["findings"][0]["rule"]) == (10, "class-disclosure")
    assert shell.found(small, {"zeros": "structural"}) == {}
    hidden = {"zeros": "suppressible", "primary": [["N", "no"]], "rules": {"threshold": 10, **ASKED}}
    assert shell.found(small, hidden) == {}


def test_dimension_of_one_category_tells_nothing(shell: Shell) -> None:
    counts = {("2024", "N"): 40, ("2024", "S"): 50}
    assert shell.found(counts, {}, ("year", "area")) == {}


@pytest.mark.parametrize("method", ["merge", "controlled_rounding", "round", "cell_key", "random_rounding"])
def test_full_class_is_found_whatever_the_method_unless_it_hides_it(method: str, shell: Shell, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAFEROOM_HOME", str(tmp_path / "home"))
        found = shell.found({**FULL, ("N", "yes"): 4_000}, {"protection": {"method": method}})
    assert "class-disclosure" in found or "near-class-disclosure" in found


def test_merged_categories_are_judged_instead_of_those_they_hold(shell: Shell) -> None:
    counts = {
        ("N1", "yes"): 3,
        ("N1", "no"): 0,
        ("N2", "yes"): 37,
        ("N2", "no"): 30,
        ("S1", "yes"): 30,
        ("S1", "no"): 28,
    }
    spec = {"hierarchies": {"area": {"N": ["N1", "N2"]}}, "protection": {"method": "merge"}}
    # By itself N1 would be a group in one category; merged with N2 it is none.
    code, document = shell.run({**counts, ("S2", "yes"): 40, ("S2", "no"): 50}, {**spec, "hierarchies": {
        "area": {"N": ["N1", "N2"], "S": ["S1", "S2"]}}})  # fmt: skip
    assert code == 0, document["findings"]
    assert ["N", "yes"] in [cell["cell"] for cell in document["cells"]]


def test_linked_and_wide_tables_are_judged_in_every_direction(shell: Shell) -> None:
    counts = {
        (area, ill, sex): 0 if (ill, sex) == ("no", "m") and area == "N" else 20
        for area in "NSW" for ill in ("yes", "no") for sex in "fm"
    }  # fmt: skip
    found = shell.found(counts, {}, ("area", "ill", "sex"))
    assert sorted(map(tuple, found["class-disclosure"])) in (
        [("N", "no", "f"), ("N", "yes", "m")],
        [("N", "yes", "m")],
        [("N", "no", "f")],
    )


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"rules": {"class_disclosure_fraction": 0.4}}, "class_disclosure_fraction"),
        ({"rules": {"class_disclosure_fraction": 0.8, "near_class_fraction": 0.9}}, "may not be larger than"),
        ({"value": "v", "rules": {"class_disclosure_fraction": 1.0}}, "about tables of counts"),
    ],
)
def test_class_rules_that_make_no_sense_are_refused(
    spec: dict[str, Any], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.csv").write_text("area,n,v\nN,20,1.5\nS,30,2.5\n")
    (tmp_path / "s.json").write_text(json.dumps({"dimensions": ["area"], "value": "n", "count": "n", **spec}))
    with pytest.raises(SystemExit) as caught:
        main(["suppress", str(tmp_path / "t.csv"), "--spec", str(tmp_path / "s.json")])
    assert caught.value.code == 2
    assert said in capsys.readouterr().err
