"""Clock, ids and errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from saferoom import errors, ids
from saferoom.clock import FrozenClock, SystemClock, isoformat, parse
from saferoom.errors import BadInputError, SaferoomError


def test_system_clock_tells_an_aware_time_in_utc() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_frozen_clock_stands_until_it_is_moved() -> None:
    clock = FrozenClock(datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now() == clock.now() == datetime(2026, 1, 1, tzinfo=UTC)
    clock.advance(timedelta(days=1))
    assert clock.now() == datetime(2026, 1, 2, tzinfo=UTC)


def test_frozen_clock_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        FrozenClock(datetime(2026, 1, 1))  # noqa: DTZ001 - the subject


def test_time_written_and_read_is_the_same_to_the_microsecond() -> None:
    at = datetime(2026, 3, 2, 10, 30, 1, 42, tzinfo=timezone(timedelta(hours=1)))
    assert isoformat(at) == "2026-03-02T09:30:01.000042Z"
    assert parse(isoformat(at)) == at


@pytest.mark.parametrize("text", ["", "2026-03-02", "2026-03-02T09:30:01Z", "2026-03-02T09:30:01.000042+00:00"])
def test_time_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not match"):
        parse(text)


def test_new_ids_are_never_alike() -> None:
    made = {ids.new_id("request") for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(id_) == len("request-") + 24 for id_ in made)


@pytest.mark.parametrize("text", ["a", "0", "mobility-2", "a" * 30])
def test_slug_of_the_right_form_is_taken(text: str) -> None:
    assert {str(ids.project_slug(text)), str(ids.username(text))} == {text}


@pytest.mark.parametrize("text", ["", "A", "-a", "a-", "a--b", "a" * 31, "a_b", "a/b", "../a", "a\n", "é"])
def test_slug_of_another_form_is_refused(text: str) -> None:
    for check in (ids.project_slug, ids.username):
        with pytest.raises(BadInputError):
            check(text)


@pytest.mark.parametrize("text", ["a", "htv", "two_year_2", "a" * 63])
def test_dataset_name_of_the_right_form_is_taken(text: str) -> None:
    assert ids.dataset_name(text) == text


@pytest.mark.parametrize("text", ["", "A", "1a", "_a", "a-b", "a" * 64, "a b", "a\n"])
def test_dataset_name_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(BadInputError):
        ids.dataset_name(text)


def test_every_error_has_a_message_an_exit_code_and_a_status() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, SaferoomError)]
    assert len(kinds) == 10
    for kind in kinds:
        error = kind("what, where, what to do")
        assert (str(error), error.message) == ("what, where, what to do",) * 2
        assert error.exit_code in (1, 2)
        assert 400 <= error.http_status < 600
    own = {kind.http_status for kind in kinds}
    assert own == {500, 422, 401, 403, 404, 409, 429, 503}
