"""What is remembered of browsers, for whom, and how long."""

from __future__ import annotations

import pytest
from tests.support.registry_world import clock

from saferoom.hub.jupyter.factors import challenges as module
from saferoom.hub.jupyter.factors.challenges import CHALLENGE_LIFETIME, FRESH, Challenges, Fresh, Purpose


def test_challenge_is_found_once_by_its_secret() -> None:
    open_ones = Challenges(clock())
    secret, made = open_ones.begin(Purpose.SIGN_IN, "ana", "here")
    assert open_ones.take("guess", Purpose.SIGN_IN, "ana") is None
    assert open_ones.take(secret, Purpose.SIGN_IN, "ana") == made
    assert open_ones.take(secret, Purpose.SIGN_IN, "ana") is None


@pytest.mark.parametrize(("purpose", "username"), [(Purpose.REGISTER, "ana"), (Purpose.SIGN_IN, "ben")])
def test_challenge_for_something_else_is_none_and_used_up(purpose: Purpose, username: str) -> None:
    open_ones = Challenges(clock())
    secret, _ = open_ones.begin(Purpose.SIGN_IN, "ana", "here")
    assert open_ones.take(secret, purpose, username) is None
    assert open_ones.take(secret, Purpose.SIGN_IN, "ana") is None


def test_old_challenges_are_forgotten() -> None:
    time = clock()
    open_ones = Challenges(time)
    secret, _ = open_ones.begin(Purpose.SIGN_IN, "ana", "here")
    time.advance(CHALLENGE_LIFETIME)
    assert open_ones.take(secret, Purpose.SIGN_IN, "ana") is None
    open_ones.begin(Purpose.SIGN_IN, "ana", "here")
    time.advance(CHALLENGE_LIFETIME)
    open_ones.begin(Purpose.SIGN_IN, "ben", "here")
    assert len(open_ones._open) == 1


def test_challenges_of_many_sources_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 10)
    open_ones = Challenges(clock())
    secrets = [open_ones.begin(Purpose.SIGN_IN, "ana", f"source {number}")[0] for number in range(11)]
    assert len(open_ones._open) == 10
    assert open_ones.take(secrets[0], Purpose.SIGN_IN, "ana") is None
    assert open_ones.take(secrets[10], Purpose.SIGN_IN, "ana") is not None


def test_fresh_sign_in_is_one_persons_in_one_browser_for_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 2)
    time = clock()
    fresh = Fresh(time)
    secret = fresh.begin("ana")
    assert fresh.holds(secret, "ana")
    assert not fresh.holds(secret, "ben")
    assert not fresh.holds("", "ana")
    time.advance(FRESH)
    assert not fresh.holds(secret, "ana")
    newer = [fresh.begin("ana") for _ in range(3)]
    assert [fresh.holds(one, "ana") for one in newer] == [False, True, True]
