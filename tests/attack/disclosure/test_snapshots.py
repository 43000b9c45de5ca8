"""A table made in a room can be forged in every value: its ids are checked, and whatever comes of it needs a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from saferoom.disclosure.checker import Context, check
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError
from saferoom.policies.loader import packaged

SIZE = 1_000


@pytest.fixture
def people() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "person_id": np.arange(SIZE),
            "region": rng.choice(["N", "S"], SIZE),
            "pay": rng.lognormal(3, 0.4, SIZE).round(2),
        }
    )


class Room:
    """A project's extract, and what is made of it."""

    def __init__(self, folder: Path, people: pd.DataFrame) -> None:
        self.folder = folder
        people.to_parquet(folder / "people.parquet")

    def check(self, frame: pd.DataFrame, query: dict[str, Any], memory: Memory | None = None) -> Evaluation:
        frame.to_parquet(self.folder / "snapshot.parquet")
        units = tuple(column for column in frame.columns if column == "person_id")
        sources = [
            Source("people", self.folder / "people.parquet", ("person_id",)),
            Source("snapshot", self.folder / "snapshot.parquet", units, claimed=True),
        ]
        return check(parse_query(query), Context(sources, packaged("default"), memory=memory))


@pytest.fixture
def room(tmp_path: Path, people: pd.DataFrame) -> Room:
    return Room(tmp_path, people)


MEAN = {"from": "snapshot", "statistic": "mean", "measure": "pay", "by": ["region"]}


def rules(evaluation: Evaluation) -> set[str]:
    return {finding.rule for finding in evaluation.findings}


def test_harmless_snapshot_still_needs_a_person(room: Room, people: pd.DataFrame) -> None:
    judged = room.check(people, MEAN)
    assert judged.verdict is Verdict.REVIEW
    assert rules(judged) == {"snapshot"}
    assert judged.table.rows[0][1] == pytest.approx(people[people.region == "N"].pay.mean())


@pytest.mark.parametrize(
    "view",
    [
        "select person_id, region, pay from snapshot",
        "select p.person_id, p.region, s.pay from people p join snapshot s using (person_id)",
        "with s as (select person_id, pay from snapshot) select p.person_id, region, s.pay from people p join s "
        "using (person_id)",
    ],
)
def test_views_do_not_wash_a_snapshot_clean(room: Room, people: pd.DataFrame, view: str) -> None:
    judged = room.check(people, {**MEAN, "from": "v", "views": {"v": view}})
    assert "snapshot" in rules(judged)
    assert judged.verdict is not Verdict.PASS


def test_few_people_with_copied_rows_are_counted_once(room: Room, people: pd.DataFrame) -> None:
    frame = pd.concat([people.head(4)] * 50, ignore_index=True)
    assert room.check(frame, MEAN).verdict is Verdict.FAIL


def test_invented_people_are_refused(room: Room, people: pd.DataFrame) -> None:
    victim = people.head(1)
    crowd = pd.concat([victim, people.assign(person_id=people.person_id + SIZE, pay=0.0)], ignore_index=True)
    with pytest.raises(BadInputError, match="ids that the project's extract does not have"):
        room.check(crowd, MEAN)


def test_snapshot_without_ids_is_refused(room: Room, people: pd.DataFrame) -> None:
    with pytest.raises(BadInputError, match="must carry a column of unit ids as the extract has it: person_id"):
        room.check(people.drop(columns="person_id"), MEAN)


def test_rows_without_an_id_count_for_nobody(room: Room, people: pd.DataFrame) -> None:
    frame = people.head(40).astype({"person_id": "Int64"}).assign(region="N")
    frame["person_id"] = frame.person_id.where(frame.person_id < 4)
    assert room.check(frame, MEAN).verdict is Verdict.FAIL


def test_differencing_sees_through_another_name_of_a_column(room: Room, people: pd.DataFrame) -> None:
    query = {"from": "people", "statistic": "sum", "measure": "pay", "by": ["region"]}
    released = room.check(people, query, Memory.empty())
    memory = Memory.empty().with_evaluation(released)
    without_one = people[people.person_id != 7].rename(columns={"pay": "x"})
    judged = room.check(without_one, {**MEAN, "statistic": "sum", "measure": "x"}, memory)
    assert "differencing" in rules(judged)
    assert judged.verdict is Verdict.FAIL


@pytest.mark.parametrize("name", ["a\u202eb", "x" * 64, "a\nb"])
def test_names_of_columns_cannot_carry_a_message(room: Room, people: pd.DataFrame, name: str) -> None:
    with pytest.raises(BadInputError, match="names of a snapshot's columns"):
        room.check(people.rename(columns={"pay": name}), {**MEAN, "statistic": "frequency", "measure": None})


def test_categories_of_a_snapshot_are_free_text(room: Room, people: pd.DataFrame) -> None:
    judged = room.check(people.assign(region="pay of 7 is 20.35"), MEAN)
    assert any("codelist" in obstacle for obstacle in judged.automatic_obstacles)
