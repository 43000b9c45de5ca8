"""Sessions end: by sign-out, after a pause, and in any case after a working day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from saferoom.clock import FrozenClock
from saferoom.hub.web.shell import sessions
from saferoom.hub.web.shell.sessions import IDLE, LONGEST, SIGN_IN_SECONDS, Sessions, SignIn, SignIns
from saferoom.ids import Username

ANA = Username("ana")


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 3, 2, 9, tzinfo=UTC))


def test_session_is_found_by_its_secret_alone(clock: FrozenClock) -> None:
    store = Sessions(clock)
    secret = store.start(ANA, "token")
    found = store.find(secret)
    assert found is not None
    assert (found.username, found.token) == (ANA, "token")
    assert store.find(secret + "x") is None
    assert store.find("ü") is None
    assert "token" not in repr(found)
    assert found.csrf not in repr(found)


def test_session_ends_after_a_pause(clock: FrozenClock) -> None:
    store = Sessions(clock)
    secret = store.start(ANA, "token")
    clock.advance(IDLE)
    assert store.find(secret)
    clock.advance(IDLE + timedelta(seconds=1))
    assert store.find(secret) is None
    assert store.peek(secret) is None


def test_session_ends_after_its_longest_time_however_busy(clock: FrozenClock) -> None:
    store = Sessions(clock)
    secret = store.start(ANA, "token")
    for _ in range(int(LONGEST / IDLE)):
        clock.advance(IDLE)
        assert store.find(secret)
    clock.advance(timedelta(seconds=1))
    assert store.find(secret) is None


def test_peeking_keeps_no_session_awake(clock: FrozenClock) -> None:
    store = Sessions(clock)
    secret = store.start(ANA, "token")
    clock.advance(IDLE)
    assert store.peek(secret)
    clock.advance(timedelta(seconds=1))
    assert store.find(secret) is None


def test_ended_session_is_gone_and_ending_twice_is_nothing(clock: FrozenClock) -> None:
    store = Sessions(clock)
    secret = store.start(ANA, "token")
    store.end(secret)
    store.end(secret)
    assert store.find(secret) is None


def test_csrf_token_is_each_sessions_own(clock: FrozenClock) -> None:
    store = Sessions(clock)
    one, other = (store.find(store.start(ANA, "token")) for _ in range(2))
    assert one is not None
    assert other is not None
    assert one.accepts(one.csrf)
    assert not one.accepts(other.csrf)
    assert not one.accepts("")
    assert not one.accepts("\udcff")


def test_oldest_session_makes_room_when_there_are_very_many(
    clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "_MOST_SESSIONS", 2)
    store = Sessions(clock)
    secrets = [store.start(ANA, "token") for _ in range(3)]
    assert [store.find(secret) is not None for secret in secrets] == [False, True, True]


def test_sign_in_comes_back_to_its_own_browser_in_time(clock: FrozenClock) -> None:
    sign_ins = SignIns(clock)
    sign_in = SignIn("state-one", "verifier", "/services/airlock/queue")
    cookie = sign_ins.seal(sign_in)
    assert sign_ins.open("state-one", cookie) == sign_in
    assert "verifier" not in cookie
    assert sign_ins.open("state-two", cookie) is None
    assert sign_ins.open("state-one", cookie[:-4]) is None
    assert sign_ins.open("state-one", "") is None
    assert SignIns(clock).open("state-one", cookie) is None
    clock.advance(timedelta(seconds=SIGN_IN_SECONDS + 1))
    assert sign_ins.open("state-one", cookie) is None
