"""Noise from a privacy budget in the service as a real process: killed while it draws, and started again."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.airlock_process import AirlockProcess
from tests.support.airlock_world import MOBILITY
from tests.support.privacy_airlock import COUNTS, WORDS, PrivacyAirlock, privacy_airlock
from tests.support.stand_in_hub import StandInHub, running

from saferoom.clock import SystemClock
from saferoom.projects.ledger.model import ChargeState


@pytest.fixture
def place(tmp_path: Path) -> Iterator[PrivacyAirlock]:
    with privacy_airlock(tmp_path, SystemClock(), sandboxed=False) as made:
        yield made


@pytest.fixture
def process(place: PrivacyAirlock, tmp_path: Path) -> Iterator[AirlockProcess]:
    home = place.world.home
    hub = StandInHub(home.run / "hub-stand-in.sock")
    with running(hub):
        made = AirlockProcess(home, hub, tmp_path / "airlock.log")
        try:
            yield made
        finally:
            made.close()


def quoted(process: AirlockProcess) -> str:
    answer = process.room("ana", MOBILITY).post("evaluations", {"query": COUNTS})
    assert answer.status_code == 200, answer.text
    id_: str = answer.json()["id"]
    return id_


def ask(process: AirlockProcess, id_: str) -> httpx.Response:
    return process.room("ana", MOBILITY).post("requests", WORDS | {"outputs": [id_]})


@pytest.mark.parametrize(
    ("dies_at", "became", "status"),
    [("drawn", ChargeState.FAILED, 409), ("computed", ChargeState.COMPUTED, 201)],
)
def test_service_killed_while_it_draws_starts_again_and_no_noise_is_drawn_twice(
    process: AirlockProcess, place: PrivacyAirlock, dies_at: str, became: ChargeState, status: int
) -> None:
    process.start(dies_at)
    quote = quoted(process)
    with pytest.raises(httpx.TransportError):
        ask(process, quote)
    assert process.process is not None
    assert process.process.wait(30) == -signal.SIGKILL
    process.start()
    assert [charge.state for charge in place.charges()] == [became]
    answer = ask(process, quote)
    assert (answer.status_code, len(place.charges())) == (status, 1), answer.text
    if status == 201:
        assert answer.json()["state"] == "released"
        assert [charge.state for charge in place.charges()] == [ChargeState.RELEASED]
