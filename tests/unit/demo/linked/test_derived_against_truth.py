"""What recipes derive from true links is what is true of the made-up people, but for what records say wrongly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from string import Template
from typing import Any

import duckdb
import pytest
import yaml

from saferoom.hub.demo.linked.describing import codes
from saferoom.hub.demo.linked.preparing import FILES, deliver
from saferoom.hub.demo.population.departments import SOURCES
from saferoom.hub.demo.population.generate import World, generate
from saferoom.hub.demo.stage import documents
from saferoom.projects.measures.making import Derived, make
from saferoom.projects.measures.recipe import Recipe

PEOPLE = 12_000
_KEYS = {source.name.replace("/", "_"): source.id for source in SOURCES}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return generate(tmp_path_factory.mktemp("linked") / "world", people=PEOPLE, seed=11)


@pytest.fixture(scope="module")
def deliveries(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {str(name): path for name, path in deliver(world, tmp_path_factory.mktemp("delivered")).items()}


@pytest.fixture(scope="module")
def described() -> dict[str, dict[str, Any]]:
    text = documents(date(2026, 1, 1))
    found = [one for name in ("linked-datasets.yaml", "linked-derived.yaml") for one in yaml.safe_load_all(text[name])]
    return {one["name"]: one for one in found}


@pytest.fixture
def engine(world: World, deliveries: dict[str, Path]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Return an engine with every delivery under its name, people by their true ids, and the truth."""
    with duckdb.connect() as connection:
        for name in world.manifest["files"]:
            if name.startswith("truth/"):
                stem = name.removesuffix(".parquet")
                connection.execute(f"create view {stem.replace('/', '_')} as from '{world.folder / name}'")
        connection.execute("create view ids as select record_id, person_id from truth_records")
        for name, path in deliveries.items():
            linked = ""
            if name in _KEYS:
                key = {"births_parents": "parent_entry_id"}.get(name, _KEYS[name])
                linked = f"join ids on record_id = {key}"
            connection.execute(f"create view {name} as select * from '{path}' {linked}")
        yield connection


def _derive(engine: duckdb.DuckDBPyConnection, document: dict[str, Any]) -> Derived:
    recipe = Recipe.model_validate_json(json.dumps(document["derived"]))
    for alias, dataset in recipe.uses.items():
        engine.execute(f"create view {alias} as from {dataset}")
    return make(engine, recipe)


def test_documents_name_exactly_the_columns_that_are_delivered(
    described: dict[str, dict[str, Any]], deliveries: dict[str, Path]
) -> None:
    for name in FILES:
        columns = duckdb.execute(f"describe from '{deliveries[name]}'").fetchall()
        wanted = {
            v.get("column", v["name"]): v["type"] for v in described[name]["variables"] if "linked_through" not in v
        }
        kinds = {"VARCHAR": "text", "DATE": "date", "INTEGER": "integer", "TINYINT": "integer", "BOOLEAN": "boolean"}
        assert {column[0]: kinds[column[1]] for column in columns} == wanted


def test_published_codes_are_those_of_the_files(
    described: dict[str, dict[str, Any]], deliveries: dict[str, Path]
) -> None:
    for name in FILES:
        for variable in described[name]["variables"]:
            if "codelist" not in variable:
                continue
            column = variable.get("column", variable["name"])
            found = duckdb.execute(f'select distinct "{column}" from "{deliveries[name]}" where "{column}" is not null')
            assert {row[0] for row in found.fetchall()} <= set(variable["codelist"])


def test_children_in_low_income_are_the_true_ones(
    engine: duckdb.DuckDBPyConnection, described: dict[str, dict[str, Any]]
) -> None:
    made = _derive(engine, described["lost_children"])
    assert [one["step"] for one in made.told if "step" in one] == [
        "household-composition",
        "equivalised-income",
        "low-income",
        "low-income-without-free-meals",
        "low-income-without-free-meals",
    ]
    ((both, agree, free),) = engine.execute(f"""
        with median as (select quantile_disc(equivalised_income, .5) as middle
            from truth_people join truth_households using (household_id))
        select count(*), avg((d.low_income_bhc = (h.equivalised_income < .6 * middle))::int),
            avg((d.free_meals = p.registered)::int)
        from {made.table} d join truth_pupils p using (person_id) join truth_households h using (household_id), median
        where d.low_income_bhc is not null""").fetchall()
    assert both > 1_000
    # Dates of birth that are wrong change scales; children between two homes are at one in the census.
    assert agree > 0.96
    assert free == 1


def test_lost_children_are_low_and_without_meals_and_unknown_where_anything_is(
    engine: duckdb.DuckDBPyConnection, described: dict[str, dict[str, Any]]
) -> None:
    made = _derive(engine, described["lost_children"])
    ((wrong, bhc, ahc, weighted, people),) = engine.execute(f"""select
        count(*) filter (lost_bhc is distinct from case when income_known then low_income_bhc and not free_meals end
            or lost_ahc is distinct from case when income_known then low_income_ahc and not free_meals end
            or (linkage_weight is null) = income_known),
        count(*) filter (lost_bhc), count(*) filter (lost_ahc), sum(linkage_weight), count(*)
        from {made.table}""").fetchall()
    assert wrong == 0
    assert 30 < bhc < ahc
    assert weighted == pytest.approx(people, rel=0.01)
    columns = [row[0] for row in engine.execute(f"describe {made.table}").fetchall()]
    assert columns == [variable["name"] for variable in described["lost_children"]["variables"]]


def test_pairs_of_incomes_are_of_true_parents_and_go_together(
    engine: duckdb.DuckDBPyConnection, described: dict[str, dict[str, Any]]
) -> None:
    made = _derive(engine, described["income_pairs"])
    ((pairs, slope, low, high),) = engine.execute(f"""select count(*) filter (pair_known),
        regr_slope(child_rank, parent_rank), min(born_in), max(born_in) from {made.table}""").fetchall()
    assert pairs > 400
    assert 0.05 < slope < 0.4
    assert (low, high) == (1989, 1997)
    columns = {row[0] for row in engine.execute(f"describe {made.table}").fetchall()}
    assert columns == {variable["name"] for variable in described["income_pairs"]["variables"]}


def test_placeholders_of_documents_are_all_published() -> None:
    folder = Path(__file__).parents[4] / "hub/demo/documents"
    for name in ("linked-datasets.yaml", "linked-derived.yaml"):
        assert set(Template((folder / name).read_text()).get_identifiers()) <= set(codes())
