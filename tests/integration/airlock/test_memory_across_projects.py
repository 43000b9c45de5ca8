"""What one project released counts for every other, and for every later version: real extracts, store and evaluator."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.airlock_world import INCOME, MOBILITY, World, world
from tests.support.opened import frame

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import IntegrityError
from saferoom.hub.crosswalks import Crosswalks
from saferoom.hub.evaluator.runner import Evaluator
from saferoom.hub.extract_wiring import provision
from saferoom.hub.store import tables
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.states import State

ANA, RITA = Username("ana"), Username("rita")
SURVEY, REGISTER = DatasetName("survey"), DatasetName("register")
EVERYBODY: dict[str, Any] = {"from": "survey", "statistic": "frequency", "by": ["education"]}
MEANS: dict[str, Any] = {"from": "survey", "statistic": "mean", "measure": "wage", "by": ["education"]}
WITHOUT_WEST = {"where": "region <> 'west'"}
"""All but three people."""
OF_ANOTHER = "an earlier release of another project"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def evaluate(place: World, query: dict[str, Any], project: ProjectSlug = INCOME) -> Evaluation:
    return Evaluator(place.instance).evaluate(RITA if project == INCOME else ANA, project, query)


def release(place: World, query: dict[str, Any], project: ProjectSlug = MOBILITY) -> Request:
    author, airlock = (RITA if project == INCOME else ANA), place.instance.airlock
    record = airlock.record_evaluation(author, project, evaluate(place, query, project))
    return airlock.submit(author, project, [record.id], "Title of ours", "Context.", "Controls.")


def refresh(place: World, more: int) -> None:
    """Give the survey a second version: everybody as before, and `more` new people."""
    path = place.home.sources / "survey.parquet"
    before = pq.read_table(path).to_pylist()
    dice = random.Random(5)
    fresh = [
        {"person_id": 10_000 + i, "region": "north", "education": 12, "wage": round(dice.uniform(8, 40), 2)}
        for i in range(more)
    ]
    pq.write_table(pa.Table.from_pylist([*before, *fresh]), path)
    place.change(tables.DatasetRow, "survey", version="2")
    for project in (MOBILITY, INCOME):
        provision(place.home, place.instance.registry, project, clock=place.clock)


def test_difference_to_another_projects_release_is_found_and_tells_nothing_of_it(place: World) -> None:
    assert release(place, EVERYBODY).state is State.RELEASED
    assert evaluate(place, EVERYBODY).verdict is Verdict.PASS, "the same people are the same in both projects"
    judged = evaluate(place, EVERYBODY | WITHOUT_WEST)
    assert judged.verdict is Verdict.FAIL
    said = " ".join(f"{finding.message} {finding.remedy}" for finding in judged.findings)
    assert OF_ANOTHER in said
    for secret in ("Frequency by", "Title of ours", "mobility", "Mobility", "ana"):
        assert secret not in said.replace("earlier release of another", "")
    (own,) = [f for f in evaluate(place, EVERYBODY | WITHOUT_WEST, MOBILITY).findings if f.rule == "differencing"]
    assert "Frequency by education" in own.message


def test_people_are_the_same_across_projects_though_their_ids_are_not(place: World) -> None:
    ids = [set(frame(place.home, project, "survey")["person_id"]) for project in (MOBILITY, INCOME)]
    assert not ids[0] & ids[1]
    walks = [place.instance.crosswalks.read(project, "person_id") for project in (MOBILITY, INCOME)]
    assert not set(walks[0].known.tolist()) & set(walks[1].known.tolist())
    assert np.array_equal(np.sort(walks[0].lineage), np.sort(walks[1].lineage))


def test_values_of_the_same_people_are_compared_across_projects(place: World) -> None:
    release(place, MEANS)
    judged = evaluate(place, MEANS | {"measure": "case when region = 'west' then wage * 2 else wage end"})
    assert judged.verdict is not Verdict.PASS
    assert any(OF_ANOTHER in finding.message for finding in judged.findings)


def test_person_added_by_a_refresh_is_found_in_every_project(place: World) -> None:
    assert release(place, EVERYBODY).state is State.RELEASED
    refresh(place, more=1)
    for project, name in ((INCOME, OF_ANOTHER), (MOBILITY, "'Frequency by education")):
        judged = evaluate(place, EVERYBODY, project)
        assert judged.verdict is Verdict.FAIL
        assert any(name in finding.message for finding in judged.findings)


def test_many_people_added_by_a_refresh_are_no_reason(place: World) -> None:
    release(place, EVERYBODY)
    refresh(place, more=400)
    assert evaluate(place, {"from": "survey", "statistic": "frequency"}).verdict is Verdict.PASS


def test_release_made_meanwhile_by_another_project_keeps_an_output_waiting(place: World) -> None:
    airlock = place.instance.airlock
    harmless = evaluate(place, EVERYBODY | WITHOUT_WEST)
    assert harmless.verdict is Verdict.PASS
    record = airlock.record_evaluation(RITA, INCOME, harmless)
    release(place, EVERYBODY)
    waiting = airlock.submit(RITA, INCOME, [record.id], "T", "C", "C")
    assert waiting.state is State.SUBMITTED
    assert any(OF_ANOTHER in reason for reason in waiting.waits_because)
    assert not any("Frequency by education (survey)" in reason for reason in waiting.waits_because)


def test_memory_tells_another_project_numbers_alone(place: World) -> None:
    release(place, EVERYBODY)
    (own,) = place.instance.airlock.memory_for(MOBILITY, [SURVEY]).releases
    (foreign,) = place.instance.airlock.memory_for(INCOME, [SURVEY]).releases
    assert (own.title, own.project, own.query["by"]) == ("Frequency by education (survey)", MOBILITY, ["education"])
    assert own.at is not None
    assert own.table is not None
    assert (foreign.title, foreign.project, foreign.at, foreign.query) == (None, None, None, {})
    assert foreign.table == own.table
    assert foreign.id == own.id
    assert not place.instance.airlock.memory_for(INCOME, [REGISTER]).releases


def test_lost_or_foreign_crosswalk_stops_every_evaluation(place: World) -> None:
    files = {project: next((place.home.crosswalks / project).iterdir()) for project in (MOBILITY, INCOME)}
    files[INCOME].write_bytes(files[MOBILITY].read_bytes())
    with pytest.raises(IntegrityError, match="put in another's place"):
        evaluate(place, EVERYBODY)
    files[INCOME].unlink()
    with pytest.raises(IntegrityError, match="saferoom admin extract income"):
        evaluate(place, EVERYBODY)
    provision(place.home, place.instance.registry, INCOME, clock=place.clock)
    assert evaluate(place, EVERYBODY).verdict is Verdict.PASS


def test_person_without_an_entry_stops_the_evaluation(place: World, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = place.instance.crosswalks.read(INCOME, "person_id")
    short = type(whole)("person_id", whole.known[1:], whole.lineage[1:])
    monkeypatch.setattr(Crosswalks, "read", lambda *_: short)
    with pytest.raises(Exception, match="not in its crosswalk") as caught:
        evaluate(place, EVERYBODY)
    assert str(whole.known[0]) not in str(caught.value)


def test_crosswalks_are_closed_and_encrypted(place: World) -> None:
    folder = place.home.crosswalks
    assert folder.stat().st_mode & 0o077 == 0
    walk = place.instance.crosswalks.read(MOBILITY, "person_id")
    for path in (folder / MOBILITY).iterdir():
        assert path.stat().st_mode & 0o077 == 0
        data = path.read_bytes()
        assert walk.lineage[:1].tobytes() not in data
        assert walk.known[:1].tobytes() not in data
