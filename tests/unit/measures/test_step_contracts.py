"""What holds for every step: refusals, names, documentation, and that a change is a new version."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.measures.world import World

from saferoom.errors import BadInputError
from saferoom.projects.measures import reference
from saferoom.projects.measures.model import Step, Table
from saferoom.projects.measures.running import run
from saferoom.projects.measures.steps import STEPS, step

VERSIONS = json.loads((Path(__file__).parent / "versions.json").read_text(encoding="utf-8"))
PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "measures.md"


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    made.table("incomes", "person INT, cohort INT, income DOUBLE", [(1, 1, 5.0), (2, 1, 7.0)])
    yield made
    made.connection.close()


def test_versions_are_of_every_step_and_a_changed_step_needs_a_new_one() -> None:
    assert {f"{known.name}@{known.version}": known.digest() for known in STEPS} == VERSIONS


def test_reference_page_generated_again_is_what_is_committed() -> None:
    assert reference.page() == PAGE.read_text(encoding="utf-8"), "run .venv/bin/python -P docs/generate.py"


@pytest.mark.parametrize("known", STEPS, ids=lambda known: known.name)
def test_step_says_all_about_itself(known: Step) -> None:
    assert step(known.name) is known
    assert known.version >= 1
    assert all((known.title, known.formula, known.source, known.cost, known.inputs, known.output, known.key))
    assert {*known.key} <= {column.name for column in known.output}
    assert bool(known.sql) != bool(known.write)


@pytest.mark.parametrize(
    ("tables", "settings", "into", "sentence"),
    [
        ({}, {}, "made", "'incomes' is missing"),
        ({"incomes": "incomes", "more": "incomes"}, {}, "made", "no input 'more'"),
        ({"incomes": "nowhere"}, {}, "made", "no such table"),
        ({"incomes": "incomes; DROP TABLE incomes"}, {}, "made", "letters, digits"),
        ({"incomes": "_source0"}, {}, "made", "begins with a letter"),
        ({"incomes": "incomes"}, {}, "ma de", "letters, digits"),
        ({"incomes": "incomes"}, {}, "INCOMES", "already"),
        ({"incomes": "incomes"}, {"speed": 3}, "made", "no setting 'speed'"),
        ({"incomes": Table("incomes", {"income": "wealth"})}, {}, "made", "no column 'wealth'"),
        ({"incomes": Table("incomes", {"wage": "income"})}, {}, "made", "no column 'wage'"),
        ({"incomes": Table("incomes", {"cohort": "income"})}, {}, "made", "'income' as DOUBLE; it must be integer"),
    ],
)
def test_wrong_call_is_refused_with_a_sentence_and_makes_nothing(
    world: World, tables: dict[str, str | Table], settings: dict[str, int], into: str, sentence: str
) -> None:
    with pytest.raises(BadInputError, match=sentence):
        run(world.connection, step("income-ranks"), tables, into, settings)
    left = world.connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
    assert left == [("incomes",)]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ((1, 1, 3.0), "several rows of one person"),
        ((None, 1, 3.0), "rows without 'person'"),
        ((3, 1, float("inf")), "no finite number"),
        ((3, 1, float("nan")), "no finite number"),
    ],
)
def test_wrong_rows_are_refused_without_their_values(
    world: World, row: tuple[int | None, int, float], sentence: str
) -> None:
    world.connection.execute("INSERT INTO incomes VALUES (?, ?, ?)", row)
    with pytest.raises(BadInputError, match=sentence) as refused:
        world.run("income-ranks", {"incomes": "incomes"})
    assert not any(character.isdigit() for character in refused.value.message)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"bins": 1}, "at least 2"),
        ({"bins": 101}, "at most 100"),
        ({"bins": 2.5}, "whole number"),
        ({"bins": True}, "whole number"),
    ],
)
def test_setting_out_of_bounds_or_of_a_wrong_type_is_refused(
    world: World, settings: dict[str, int | float], sentence: str
) -> None:
    world.table("pairs", "child INT, parent_rank DOUBLE, child_rank DOUBLE", [(1, 0.5, 0.5)])
    with pytest.raises(BadInputError, match=sentence):
        world.run("transition-matrix", {"pairs": "pairs"}, settings)


def test_setting_that_must_be_given_and_a_column_chosen_twice_are_refused(world: World) -> None:
    with pytest.raises(BadInputError, match="'indicators' is missing"):
        world.run("area-composite-index", {"areas": "incomes"})
    with pytest.raises(BadInputError, match="lists a column twice"):
        world.run("area-composite-index", {"areas": "incomes"}, {"indicators": ("a", "a")})


def test_chosen_column_with_a_name_that_is_sql_is_only_a_name(world: World) -> None:
    strange = 'x"; DROP TABLE incomes; --'
    rows = [(i, float(i)) for i in range(6)]
    world.table("areas", f'area INT, "{strange.replace(chr(34), chr(34) * 2)}" DOUBLE', rows)
    found = world.run("area-composite-index", {"areas": "areas"}, {"indicators": (strange,)})
    assert len(found) == 6
    assert world.connection.execute("SELECT count(*) FROM incomes").fetchall() == [(2,)]


def test_engine_failure_is_a_sentence_without_the_value_that_the_engine_names(world: World) -> None:
    world.table("large", "person INT, cohort UHUGEINT, income DOUBLE", [(1, 2**100, 5.0)])
    with pytest.raises(BadInputError, match="could not compute it") as refused:
        world.run("income-ranks", {"incomes": "large"})
    assert str(2**100) not in refused.value.message
    assert refused.value.__suppress_context__


def test_rank_above_one_is_refused(world: World) -> None:
    world.table("pairs", "child INT, parent_rank DOUBLE, child_rank DOUBLE", [(1, 0.5, 1.5)])
    with pytest.raises(BadInputError, match="'child_rank' above 1"):
        world.run("rank-rank-slope", {"pairs": "pairs"})


def test_unknown_step_is_refused() -> None:
    with pytest.raises(BadInputError, match="no such step"):
        step("happiness")
