"""What left as a file of records is remembered: what differs from it by a few people does not leave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.airlock_world import INCOME, MOBILITY, World, world
from tests.support.record_files import ANA, TEACHING, allow, apply, checked, document, made, signed, submitted

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError
from saferoom.hub.store import tables
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.airlock.states import State

NEW = 3
BY = {"from": "survey", "statistic": "frequency", "by": ["education"]}
MEAN = {"from": "survey", "statistic": "mean", "measure": "wage", "by": ["education"]}


@pytest.fixture
def found(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as one:
        yield one


def refresh(found: World) -> None:
    """Deliver a version with three people more, and make the extracts of both projects anew."""
    source = found.home.sources / "survey.parquet"
    table = pq.read_table(source)
    more = table.slice(0, NEW)
    ids = pa.array([90_001 + n for n in range(NEW)], table.schema.field("person_id").type)
    more = more.set_column(table.schema.get_field_index("person_id"), table.schema.field("person_id"), ids)
    pq.write_table(pa.concat_tables([table, more]), source)
    found.change(tables.DatasetRow, "survey", version="2")
    for project in (MOBILITY, INCOME):
        found.instance.extracts("system").provision(project)


def judged(found: World, query: dict[str, Any], author: Username = ANA, project: ProjectSlug = MOBILITY) -> Evaluation:
    return found.instance.evaluator.evaluate(author, project, query)


def release(found: World) -> None:
    assert signed(found, checked(found, submitted(found, made(found)))).state is State.RELEASED


@pytest.mark.parametrize("query", [BY, MEAN])
def test_an_exact_statistic_of_the_next_version_does_not_leave_beside_the_file(
    found: World, query: dict[str, Any]
) -> None:
    allow(found)
    assert judged(found, query).verdict is Verdict.PASS
    release(found)
    assert judged(found, query).verdict is not Verdict.FAIL  # of the same people
    refresh(found)
    assert judged(found, query).verdict is Verdict.FAIL
    assert judged(found, query, Username("rita"), INCOME).verdict is Verdict.FAIL


def test_who_was_hidden_in_the_file_is_not_told_by_a_later_statistic(found: World) -> None:
    """Local suppression hides where the three in the west live; a count of the north and the west would tell it."""
    together = {**BY, "where": "region in ('north', 'west')"}
    allow(found, plan={**TEACHING, "steps": [{"method": "local_suppression", "k": 10}]})
    assert judged(found, together).verdict is Verdict.PASS
    release(found)
    assert judged(found, together).verdict is Verdict.FAIL


def test_the_file_of_the_next_version_does_not_leave_beside_the_first(found: World) -> None:
    allow(found, releases=5)
    release(found)
    refresh(found)
    record = made(found)
    assert record.verdict is Verdict.FAIL


def test_a_file_does_not_leave_beside_a_statistic_of_the_version_before(found: World) -> None:
    allow(found)
    airlock = found.instance.airlock
    record = airlock.record_evaluation(ANA, MOBILITY, judged(found, BY))
    assert airlock.submit(ANA, MOBILITY, [record.id], "Education", "Words.", "Words.").state is State.RELEASED
    refresh(found)
    assert made(found).verdict is Verdict.FAIL


def test_a_file_of_a_few_people_less_does_not_leave_beside_that_of_everybody(found: World) -> None:
    """Another project is approved for all but the three in the west: the two files, subtracted, are those three."""
    allow(found, releases=5)
    release(found)
    found.change(tables.ApprovalRow, ("income", "survey"), rows="region <> 'west'")
    found.instance.extracts("system").provision(INCOME)
    record = made(found, author=Username("rita"), project=INCOME)
    assert record.verdict is Verdict.FAIL
    with pytest.raises(BadInputError, match="must not leave as it is"):
        submitted(found, record)


def test_a_plan_that_perturbs_its_keys_says_that_these_are_not_compared(found: World) -> None:
    steps = [*TEACHING["steps"], {"method": "pram", "columns": ["education"]}]
    allow(found, plan={**TEACHING, "steps": steps})
    record = made(found)
    (sheet,) = [one for one in found.instance.airlock.files_of(ANA, MOBILITY) if one[0].id == record.id]
    assert "education were replaced by others" in sheet[1].findings[0].message


def test_another_file_of_the_same_data_is_told_to_those_who_check_and_begins_the_review_again(found: World) -> None:
    """By exact wages the rows of both could be put together, and with them what each told of a person alone."""
    whole = {"all": ["north", "south", "east", "west"]}
    other = {**TEACHING, "steps": [{"method": "recode", "columns": ["region"], "groups": whole}]}
    apply(found, document(), document(name="other", plan=other))
    waiting = submitted(found, made(found, "other"))
    assert not waiting.warnings
    release(found)
    after = checked(found, waiting)
    assert (after.state, after.round) == (State.SUBMITTED, 2)
    assert any("can put their rows together" in said for said in after.warnings)
    assert checked(found, found.instance.airlock.found(waiting.id)).state is State.AWAITING_SIGN_OFF


def _deliver(found: World, table: pa.Table) -> None:
    pq.write_table(table, found.home.sources / "survey.parquet")
    found.change(tables.DatasetRow, "survey", version="2")
    found.instance.extracts("system").provision(MOBILITY)


def test_a_plan_whose_limits_fail_of_a_refreshed_extract_makes_nothing_of_it(found: World) -> None:
    allow(found, releases=5)
    assert made(found).verdict is Verdict.REVIEW
    table = pq.read_table(found.home.sources / "survey.parquet")
    place = table.schema.get_field_index("education")
    years = [21, 21, *table.column("education").to_pylist()[2:]]
    _deliver(found, table.set_column(place, table.schema.field(place), pa.array(years, table.schema.field(place).type)))
    with pytest.raises(BadInputError, match="limits do not hold of its result"):
        made(found)


def test_a_variable_that_a_refresh_adds_is_in_no_file(found: World) -> None:
    allow(found)
    table = pq.read_table(found.home.sources / "survey.parquet")
    with found.instance.database.transaction() as session:
        row = tables.VariableRow(dataset="survey", position=4, name="diagnosis", type="text", role="sensitive")
        session.add(row)
    _deliver(found, table.append_column("diagnosis", pa.array([f"d{n % 7}" for n in range(len(table))])))
    record = made(found)
    assert record.file is not None
    head = found.instance.vault.get(record.file.content).split(b"\n", 1)[0]
    assert head == b'"person_id","region","education","wage"'
    assert b"diagnosis" not in found.instance.vault.get(record.file.content)


def test_a_count_by_a_column_that_is_no_key_is_compared_too(found: World) -> None:
    """Whoever has the file can count by any of its columns: the next version's count would tell the new people's."""
    table = pq.read_table(found.home.sources / "survey.parquet")
    with found.instance.database.transaction() as session:
        session.add(tables.VariableRow(dataset="survey", position=4, name="diagnosis", type="text", role="sensitive"))
    _deliver(found, table.append_column("diagnosis", pa.array([f"d{n % 7}" for n in range(len(table))])))
    query = {**BY, "by": ["diagnosis"], "where": "diagnosis <> 'd6'"}  # not of everybody, who are compared anyway
    allow(found, plan={**TEACHING, "columns": [*TEACHING["columns"], "diagnosis"]})
    release(found)
    assert judged(found, query).verdict is not Verdict.FAIL
    found.change(tables.DatasetRow, "survey", version="3")
    table = pq.read_table(found.home.sources / "survey.parquet")
    more = table.slice(0, NEW)
    ids = pa.array([90_001 + n for n in range(NEW)], table.schema.field("person_id").type)
    more = more.set_column(table.schema.get_field_index("person_id"), table.schema.field("person_id"), ids)
    pq.write_table(pa.concat_tables([table, more]), found.home.sources / "survey.parquet")
    found.instance.extracts("system").provision(MOBILITY)
    assert judged(found, query).verdict is Verdict.FAIL
