"""What is answered about noise does not depend on the rows: not the words, not their length, and hardly the time."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.support.airlock_server import Service, service
from tests.support.airlock_world import MOBILITY
from tests.support.privacy_airlock import COUNTS, WORDS, PrivacyAirlock, privacy_airlock

from saferoom.errors import BadInputError, SaferoomError
from saferoom.hub.evaluator import padding, runner
from saferoom.hub.extract_wiring import provision
from saferoom.hub.store import tables
from saferoom.hub.web.shell.padded import CLASS_BYTES

_IDS = re.compile(r"(evaluation|request|output|charge|release)-[a-z2-7]{24}")
MEANS: dict[str, Any] = {
    "from": "survey",
    "statistic": "mean",
    "measure": "wage",
    "by": ["region"],
    "protect": {"method": "dp", "rho": 0.1, "bounds": [5, 50]},
}


def as_it_is(table: pa.Table) -> pa.Table:
    return table


def without_the_west(table: pa.Table) -> pa.Table:
    return table.filter(pc.not_equal(table["region"], "west"))


def one_person(table: pa.Table) -> pa.Table:
    return table.slice(0, 1)


def no_wages(table: pa.Table) -> pa.Table:
    # What is not finite does not get into an extract.
    wages = pa.array([(None, 1e300, -1e300)[i % 3] for i in range(len(table))], pa.float64())
    return table.set_column(table.schema.get_field_index("wage"), "wage", wages)


@contextmanager
def with_rows(folder: Path, change: Callable[[pa.Table], pa.Table]) -> Iterator[tuple[PrivacyAirlock, Service]]:
    """Yield an instance whose survey has other rows; its data owner signs, so that nothing leaves by itself."""
    folder.mkdir()
    with privacy_airlock(folder, sandboxed=False) as place:
        instance = place.world.instance
        source = instance.home.sources / "survey.parquet"
        pq.write_table(change(pq.read_table(source)), source)
        stated = {"kind": "release-route", "automatic": True, "owner_signs": True}
        place.world.change(tables.DatasetRow, "survey", version="2", release_route=stated)
        provision(instance.home, instance.registry, MOBILITY, clock=instance.clock)
        with service(place.world) as running:
            yield place, running


def answers(folder: Path, change: Callable[[pa.Table], pa.Table]) -> list[tuple[int, str]]:
    """Return what a room is answered about a quote and its release, ids left out."""
    found = []
    with with_rows(folder, change) as (_, running):
        room = running.room()
        for query in (COUNTS, MEANS, {**MEANS, "protect": {**MEANS["protect"], "rho": 0.9}}):
            quote = room.post("evaluations", {"query": query})
            assert len(quote.content) % CLASS_BYTES == 0
            found.append((quote.status_code, _IDS.sub("ID", quote.text)))
            body = {**WORDS, "outputs": [quote.json()["id"]], "files": [], "supporting": []}
            asked = room.post("requests", body)
            found.append((asked.status_code, _IDS.sub("ID", asked.text)))
    return found


def test_attack_answers_do_not_depend_on_the_rows(tmp_path: Path) -> None:
    before = answers(tmp_path / "before", as_it_is)
    assert [status for status, _ in before] == [200, 201, 200, 201, 200, 409]
    for change in (without_the_west, one_person, no_wages):
        assert answers(tmp_path / change.__name__, change) == before, change.__name__


def test_attack_answer_about_a_draw_that_failed_says_nothing_of_the_rows(tmp_path: Path) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("person 17 earns 31.4")

    with with_rows(tmp_path / "world", as_it_is) as (_, running):
        room = running.room()
        quote = room.post("evaluations", {"query": COUNTS}).json()["id"]
        with mock.patch("saferoom.disclosure.privacy.lane.release", broken):
            asked = room.post("requests", {**WORDS, "outputs": [quote], "files": [], "supporting": []})
    assert asked.status_code == 503
    assert "31.4" not in json.dumps(asked.json())
    assert "stays paid" in asked.json()["error"]["message"]


def seconds(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def test_attack_quotes_draws_and_their_failures_take_the_time_of_their_class(tmp_path: Path) -> None:
    with privacy_airlock(tmp_path, sandboxed=False) as place:
        evaluator, who = place.world.instance.evaluator, "ana"
        quote = place.evaluate()

        def failing() -> None:
            with pytest.raises(BadInputError):
                place.evaluate({**COUNTS, "by": ["nothing"]})

        def dying() -> None:
            with (
                mock.patch.object(runner, "judge", side_effect=ZeroDivisionError),
                pytest.raises(SaferoomError, match="could not be drawn"),
            ):
                place.ask(quote.id)

        with mock.patch.object(padding, "CLASSES_SECONDS", (0.75,)):
            assert seconds(place.evaluate) >= 0.75
            assert seconds(failing) >= 0.75
            assert seconds(dying) >= 0.75
            with evaluator.ready(place.world.person(who), MOBILITY, [COUNTS]) as (draw,):
                digest = (place.airlock.evaluation(place.world.person(who), quote.id).evaluation.privacy or {})[
                    "digest"
                ]
                assert seconds(lambda: draw(digest)) >= 0.75
            plain = {name: value for name, value in COUNTS.items() if name != "protect"}
            place.evaluate(plain)
