"""The owners' preparation: real people, one identifier each, coded columns that match the codelists."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from saferoom.hub.demo.preparation import DATASETS, prepare


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sources")
    prepare(path)
    return path


@pytest.mark.parametrize(("name", "people"), [("htv", 1230), ("twoyear", 6763)])
def test_preparation_gives_every_person_one_identifier(folder: Path, name: str, people: int) -> None:
    frame = pd.read_parquet(folder / f"{name}.parquet")
    assert len(frame) == people
    assert frame["person_id"].is_unique
    assert not frame.isna().to_numpy().any()


def test_preparation_identifiers_of_the_two_owners_never_meet(folder: Path) -> None:
    ids = [set(pd.read_parquet(folder / f"{name}.parquet")["person_id"]) for name in DATASETS]
    assert ids[0].isdisjoint(ids[1])


def test_preparation_dummies_become_one_region_each(folder: Path) -> None:
    counts = pd.read_parquet(folder / "htv.parquet")["region"].value_counts().to_dict()
    assert counts == {"north central": 458, "south": 304, "northeast": 260, "west": 208}


def test_preparation_parents_education_is_the_higher_of_both(folder: Path) -> None:
    frame = pd.read_parquet(folder / "htv.parquet")
    degree = frame[["mother_years", "father_years"]].max(axis=1) >= 16
    assert ((frame["parents_education"] == "degree") == degree).all()


def test_preparation_again_leaves_unchanged_files_alone(folder: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    prepare(folder)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
