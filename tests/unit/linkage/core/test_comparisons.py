"""Levels of agreement: every level of every kind is reached by some pair, and its probabilities are a distribution."""

from __future__ import annotations

import json

import duckdb
import pytest

from saferoom.projects.linkage.comparisons import (
    DUCKDB,
    EXCHANGED,
    SPARK,
    comparisons,
    fallback,
    gamma,
    internal_names,
    splink_comparison,
)
from saferoom.projects.linkage.plan import FieldKind, LinkPlan
from saferoom.projects.linkage.preparing import prepare

FIELDS = {
    "g": "given_name", "s": "surname", "d": "date", "p": "postcode", "a": "address", "x": "sex", "i": "id", "t": "text",
    "o": "organisation",
}  # fmt: skip
PLAN = LinkPlan.model_validate_json(
    json.dumps({"datasets": [{"name": n, "file": "-", "id": "n"} for n in "ab"], "fields": FIELDS})
)
BASE = {"g": "Anne", "s": "Smith", "d": "1980-02-13", "p": "LS1 4AB", "a": "3 High Street, Leeds", "x": "F"}
BASE |= {"i": "AB123456C", "t": "headingley", "o": "Smith & Sons Ltd"}

CASES: dict[str, dict[str, dict[str, str | None]]] = {
    "g": {
        "same": {"g": "ANNE"},
        EXCHANGED: {"g": "Smith", "s": "Anne"},
        "same first name": {"g": "Anne Marie"},
        "another form of it": {"g": "Nancy"},
        "one typing error": {"g": "Anme"},
        "similar": {"g": "Annetta"},
        "same initial": {"g": "Audrey"},
        "different": {"g": "Robert"},
        "missing": {"g": None},
    },
    "s": {
        "same": {"s": "smith"},
        "one of two names": {"s": "Smith-Jones"},
        "one typing error": {"s": "Smiht"},
        "similar": {"s": "Smithson"},
        "same start": {"s": "Smalls"},
        "different": {"s": "Jones"},
        "missing": {"s": "unknown"},
    },
    "d": {
        "same": {"d": "13/02/1980"},
        "same as far as known": {"d": "1980"},
        "one typing error": {"d": "1980-02-14"},
        "year or day differs": {"d": "1952-02-13"},
        "two typing errors": {"d": "1980-04-15"},
        "same year": {"d": "1980-11-28"},
        "different": {"d": "1955-11-08"},
        "missing": {"d": "garbage"},
    },
    "p": {
        "same": {"p": "ls14ab"},
        "one typing error": {"p": "LS1 4AD"},
        "same area": {"p": "LS1 9ZZ"},
        "different": {"p": "NE20 7PQ"},
        "missing": {"p": ""},
    },
    "a": {
        "same": {"a": "3 HIGH ST, LEEDS"},
        "same but for typing": {"a": "3 Hihg Street, Leeds"},
        "one or two typing errors": {"a": "Hugh Strete, Leeds"},
        "same street": {"a": "7 High Street, Leeds"},
        "similar": {"a": "5 High Street, Leedsham"},
        "different": {"a": "99 Elm Grove"},
        "missing": {"a": None},
    },
    "x": {"same": {"x": "female"}, "different": {"x": "M"}, "missing": {"x": "?"}},
    "i": {
        "same": {"i": "ab 12 34 56 c"},
        "one typing error": {"i": "AB123457C"},
        "two typing errors": {"i": "AB123478C"},
        "different": {"i": "ZZ998877A"},
        "missing": {"i": "000000"},
    },
    "t": {
        "same": {"t": "Headingley"},
        "one typing error": {"t": "Haedingley"},
        "similar": {"t": "Headington"},
        "different": {"t": "Roundhay"},
        "missing": {"t": "n/a"},
    },
    "o": {
        "same": {"o": "SMITH AND SONS LIMITED"},
        "one has words more": {"o": "Smith and Sons Group plc"},
        "one typing error": {"o": "Smiht and Sons"},
        "similar": {"o": "Smithe and Sonns"},
        "different": {"o": "Headingley Bakery LLP"},
        "missing": {"o": "unknown"},
    },
}


CASES["d2"] = {"day and month exchanged": {"d": "1980-02-11"}}
CASES["names"] = {"missing": {"g": "Smith", "s": "Anne"}}
OF = {"d2": "d", "names": "s"}
"""Cases with a base of their own, or of another field."""


@pytest.fixture(scope="module")
def levels() -> dict[tuple[str, str], str]:
    """Case -> the level that it is on; all cases are cleaned at once, as planning takes longer than the work."""
    cases = {(field, label): change for field, one in CASES.items() for label, change in one.items()}
    compared = comparisons(PLAN)
    with duckdb.connect() as connection:
        for name in "ab":
            connection.execute(f"create table {name} (record_id varchar, {', '.join(f'{c} varchar' for c in FIELDS)})")
        marks = ", ".join("?" for _ in range(len(FIELDS) + 1))
        for number, ((field, _), change) in enumerate(cases.items()):
            base = {**BASE, "d": "1980-11-02"} if field == "d2" else BASE
            connection.execute(f"insert into a values ({marks})", [f"{number:03d}", *base.values()])
            connection.execute(f"insert into b values ({marks})", [f"{number:03d}", *{**base, **change}.values()])
        prepare(connection, {"a": "a", "b": "b"}, PLAN, {"a": 0, "b": 1}, "made")
        names = [row[0] for row in connection.execute("describe made").fetchall()]
        sides = ", ".join(f"{side}.{n} as {n}_{side}" for n in names for side in "lr")
        gammas = ", ".join(gamma(c) for c in compared)
        rows = connection.execute(
            f"select {gammas} from (select {sides} from made l join made r using (record_id) "
            "where l.src = 0 and r.src = 1) order by record_id_l"
        ).fetchall()
    found = {}
    for (field, label), row in zip(cases, rows, strict=True):
        place = next(i for i, c in enumerate(compared) if c.field == OF.get(field, field))
        level = row[place]
        found[field, label] = "missing" if level == -1 else compared[place].levels[::-1][level].label
    return found


@pytest.mark.parametrize("field", list(CASES))
def test_every_level_is_reached(levels: dict[tuple[str, str], str], field: str) -> None:
    assert {label: levels[field, label] for label in CASES[field]} == {label: label for label in CASES[field]}


def test_every_level_has_a_case() -> None:
    for comparison in comparisons(PLAN):
        labels = {label for field, one in CASES.items() for label in one if OF.get(field, field) == comparison.field}
        assert labels == {"missing", *(level.label for level in comparison.levels)}


def test_fallback_probabilities_are_distributions_in_which_agreement_counts() -> None:
    for comparison in comparisons(PLAN):
        values = fallback(comparison)
        assert sum(m for m, _ in values.values()) == pytest.approx(1, abs=0.03), comparison.name
        assert sum(u for _, u in values.values()) == pytest.approx(1, abs=0.03), comparison.name
        m, u = values["same"]
        assert m > u
        m, u = list(values.values())[-1]
        assert m < u


def test_names_inside_are_made_of_kinds_alone() -> None:
    fields = {'x"; drop table y': "surname", "名": "surname", "b": "date"}
    document = {"datasets": [{"name": "a", "file": "-", "id": "n"}], "fields": fields, "link_type": "dedupe"}
    plan = LinkPlan.model_validate_json(json.dumps(document))
    assert list(internal_names(plan).values()) == ["surname_1", "surname_2", "date_1"]


def test_splink_comparison_has_frequencies_only_where_asked() -> None:
    comparison = next(c for c in comparisons(PLAN) if c.kind is FieldKind.SURNAME)
    plain = splink_comparison(comparison, fallback(comparison), frequencies=False)
    sharp = splink_comparison(comparison, fallback(comparison), frequencies=True)
    assert not any("tf_adjustment_column" in level for level in plain["comparison_levels"])
    assert [level.get("tf_adjustment_column") for level in sharp["comparison_levels"]][1] == "surname_1"


def test_engines_differ_in_names_of_functions_only() -> None:
    for ours, theirs in zip(comparisons(PLAN, DUCKDB), comparisons(PLAN, SPARK), strict=True):
        assert [level.label for level in ours.levels] == [level.label for level in theirs.levels]
    text = " ".join(level.condition for c in comparisons(PLAN, SPARK) for level in c.levels)
    assert "arrays_overlap(" in text
    assert "jaro_winkler_similarity" not in text
