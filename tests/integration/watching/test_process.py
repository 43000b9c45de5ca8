"""The service's third face, of a real process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.airlock_process import AirlockProcess
from tests.support.airlock_world import MOBILITY, world
from tests.support.stand_in_hub import StandInHub, running
from tests.support.watching import samples, value, watching

from saferoom.clock import SystemClock
from saferoom.hub.watching.counts import Signal


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirlockProcess]:
    folder = tmp_path_factory.mktemp("watched")
    with world(folder, SystemClock()) as place, running(hub := StandInHub(place.home.run / "hub-stand-in.sock")):
        made = AirlockProcess(place.home, hub, folder / "airlock.log")
        try:
            made.start()
            yield made
        finally:
            made.close()


def test_the_service_says_that_it_lives_and_that_every_part_works(process: AirlockProcess) -> None:
    with watching(process) as client:
        assert client.get("/health").json() == {"status": "ok"}
        answer = client.get("/ready")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_what_a_room_does_is_seen_in_the_numbers(process: AirlockProcess) -> None:
    room = process.room("ana", MOBILITY)
    with watching(process) as client:
        before = samples(client.get("/metrics").text)
        judged = room.post("evaluations", {"query": {"from": "survey", "statistic": "frequency", "by": ["education"]}})
        assert judged.json()["verdict"] == "pass"
        assert room.post("evaluations", {"query": {"statistic": "unheard-of"}}).status_code == 422
        assert room.get("no/such/thing").status_code == 404
        room.token = "srt_" + "a" * 40
        assert room.get("datasets").status_code == 403
        room.token = "a" * 40
        assert room.get("datasets").status_code == 401
        after = samples(client.get("/metrics").text)

    def rise(name: str, **labels: str) -> float:
        return value(after, name, **labels) - before.get((name, frozenset(labels.items())), 0.0)

    assert rise("saferoom_checks_total", kind="statistic", verdict="pass") == 1
    assert rise("saferoom_checks_total", kind="statistic", verdict="refused") == 1
    assert rise("saferoom_check_seconds_count", kind="statistic") == 2
    assert rise("saferoom_audit_events_total", action="evaluation.judged") == 1
    seen = {one for one in Signal if rise("saferoom_escape_signals_total", signal=one)}
    assert seen == {Signal.UNKNOWN_ADDRESS, Signal.FOREIGN_TOKEN, Signal.UNKNOWN_TOKEN}
    assert value(after, "saferoom_checks_running", kind="statistic") == 0
    assert value(after, "saferoom_rooms_running") == 0


def test_no_number_has_a_name_of_a_person_a_dataset_or_a_column(process: AirlockProcess) -> None:
    with watching(process) as client:
        text = client.get("/metrics").text
    for name in ("ana", "ben", "dora", "survey", "register", "person_id", "wage"):
        assert f'"{name}' not in text
        assert f"/{name}" not in text
