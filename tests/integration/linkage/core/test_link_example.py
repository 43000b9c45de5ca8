"""The example plan links the demonstration's world, and loses no group more than others by much."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
from tests.integration.linkage.core.conftest import Shell

from saferoom.hub.demo.population.generate import generate

EXAMPLE = Path(__file__).parents[4] / "examples" / "link-pupils-to-births.yaml"


def test_example_finds_the_births_of_pupils(shell: Shell) -> None:
    world = shell.folder / "world"
    generate(world, people=2500, seed=1)
    shutil.copy(EXAMPLE, shell.folder)
    document = shell.document((shell.folder / EXAMPLE.name).read_text(encoding="utf-8"))
    spine = shell.folder / "out" / "spine.parquet"
    with duckdb.connect() as connection:
        right, links, true = connection.execute(
            f"""
            with truth as (select * from '{world}/truth/records.parquet'),
                linked as (
                    select p.record_id as pupil, b.record_id as birth
                    from '{spine}' p join '{spine}' b using (entity_id)
                    where p.source = 'pupils' and b.source = 'births'),
                same as (
                    select p.record_id as pupil, b.record_id as birth from truth p join truth b using (person_id)
                    where p.source = 'schools/pupils' and b.source = 'births/children')
            select (select count(*) from linked semi join same using (pupil, birth)),
                (select count(*) from linked), (select count(*) from same)
            """
        ).fetchall()[0]
    assert right / links >= 0.995
    assert right / true >= 0.97
    assert document["estimated_recall"] >= 0.97
    assert "white" in document["by_group"]["ethnic_group"]
