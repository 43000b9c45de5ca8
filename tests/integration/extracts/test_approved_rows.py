"""Extracts hold the rows that were approved, and stay as they are while a change waits for its owner."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.extract_world import ROWS, Workshop, csv_of, workshop
from tests.support.registry_world import HTV, MOB, approval, dataset, project

from saferoom.errors import BadInputError, WrongStateError
from saferoom.projects.catalogue.model import VariableRole
from saferoom.projects.extracts.coverage import covers


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return workshop(tmp_path)


def _grant(shop: Workshop, **changes: object) -> None:
    shop.registry.granted[MOB, HTV] = approval(**changes)


def test_extract_holds_only_the_approved_rows_and_never_the_column_that_told_them(shop: Workshop) -> None:
    _grant(shop, variables=("wage",), rows="sex = 'F' OR age > 35")
    manifest = shop.provision()
    assert manifest.files[0].where == "sex = 'F' OR age > 35"
    assert sorted(row["wage"] or 0 for row in shop.read()) == [0, 10.25, 12.5]
    assert set(shop.read()[0]) == {"person_id", "wage"}


def test_row_whose_condition_is_unknown_is_not_approved(shop: Workshop) -> None:
    _grant(shop, rows="age < 100")
    shop.provision()
    assert all(row["age"] is not None for row in shop.read())


@pytest.mark.parametrize(
    ("rows", "said"),
    [("age > 1000", "no row meets"), ("cast(sex AS INT) = 1", "does not fit the types")],
)
def test_condition_that_cannot_make_an_extract_leaves_the_old_one(shop: Workshop, rows: str, said: str) -> None:
    shop.provision()
    before = shop.read()
    _grant(shop, rows=rows)
    with pytest.raises(BadInputError, match=said) as caught:
        shop.provision()
    assert not any(value in caught.value.message for value in ("12.5", "30", "Zoe", "'F'"))
    assert shop.read() == before


def test_extract_with_other_rows_than_approved_now_is_withdrawn_and_told_as_lacking(shop: Workshop) -> None:
    shop.provision()
    _grant(shop, rows="sex = 'F'")
    assert shop.maker.lacking(MOB) == (HTV,)
    assert shop.maker.prune(MOB) == (HTV,)
    assert not (shop.folder / "extracts" / MOB / "htv.parquet").exists()


def test_extract_with_fewer_rows_than_approved_now_stays_until_it_is_made_again(shop: Workshop) -> None:
    _grant(shop, rows="sex = 'F'")
    shop.provision()
    _grant(shop)
    assert shop.maker.prune(MOB) == ()
    assert shop.maker.lacking(MOB) == (HTV,)


def test_closed_project_has_its_extracts_withdrawn(shop: Workshop) -> None:
    shop.provision()
    shop.registry.works[MOB] = project(active=False)
    assert shop.maker.prune(MOB) == (HTV,)


def _held(shop: Workshop) -> None:
    """Let a second dataset stand beside htv, whose new version lacks the age and waits for its owner."""
    shop.add(shop.renamed("two", "two.csv"))
    shop.csv(csv_of(ROWS), "two.csv")
    shop.provision()
    shop.registry.earlier[HTV, 1] = dataset()
    shop.registry.sets[HTV] = dataset(version="2", variables=tuple(v for v in dataset().variables if v.name != "age"))
    _grant(shop, held=1)


def test_old_extract_stays_while_a_breaking_change_waits_and_others_are_made(shop: Workshop) -> None:
    _held(shop)
    before = shop.read()
    assert shop.maker.prune(MOB) == ()
    assert shop.maker.lacking(MOB) == ()
    manifest = shop.provision()
    assert {file.dataset: file.version for file in manifest.files} == {"htv": "1", "two": "1"}
    assert shop.read() == before
    shop.maker.verify(MOB)


def test_confirmed_change_makes_the_new_extract(shop: Workshop) -> None:
    _held(shop)
    _grant(shop)
    assert shop.maker.lacking(MOB) == (HTV,)
    manifest = shop.provision()
    assert {file.dataset: file.version for file in manifest.newest} == {"htv": "2", "two": "1"}
    assert [file.version for file in manifest.files if file.dataset == HTV] == ["2", "1"]
    assert "age" not in shop.read()[0]


def test_project_of_which_everything_waits_cannot_be_provisioned(shop: Workshop) -> None:
    shop.provision()
    shop.registry.earlier[HTV, 1] = dataset()
    _grant(shop, held=1)
    with pytest.raises(WrongStateError, match="has to confirm"):
        shop.provision()
    assert shop.read()


def test_variable_that_became_a_direct_identifier_is_withdrawn_although_the_change_waits(shop: Workshop) -> None:
    manifest = shop.provision()
    shop.registry.earlier[HTV, 1] = dataset()
    direct = tuple(
        v.model_copy(update={"role": VariableRole.DIRECT}) if v.name == "age" else v for v in dataset().variables
    )
    shop.registry.sets[HTV] = dataset(version="2", variables=direct)
    _grant(shop, held=1)
    assert not covers(shop.registry, shop.registry.granted[MOB, HTV], manifest.files[0])
    assert shop.maker.prune(MOB) == (HTV,)
