"""The benchmark of many rooms at once: what became of each request, who was passed, and the pages it writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from saferoom.hub.bench import capacity, capacity_page
from saferoom.hub.bench.capacity_people import PAGES, Answer, Asking
from saferoom.hub.bench.capacity_summary import Request, passed, summary
from saferoom.hub.cli.main import main

BEGAN = 100.0
WHY = "all rooms are in use"


def _asked(second: float) -> str:
    return f"2026-01-01T12:00:{second:09.6f}Z"


def _running(number: int) -> Request:
    begun = BEGAN + 10 * number
    return Request(_asked(number * 2), False, places=(number, 0), turn=begun, ready=begun + 5, answered=begun + 7)


def _waiting(number: int, before: int) -> Request:
    return Request(_asked(number * 2), True, waits=(before, WHY), places=(before + 1, before))


FAIR = (_running(0), _running(1), _waiting(2, 0), _waiting(3, 1))


def test_every_request_is_running_starting_or_waiting_with_place_and_reason() -> None:
    found = summary(FAIR, BEGAN)
    assert (found["running"], found["waiting"], found["starting"]) == (2, 2, 0)
    assert found["told"] == {WHY: [0, 1]}
    assert found["seconds_until_ready"] == {"first": 5.0, "median": 10.0, "last": 15.0}
    assert found["fair"]


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"refused": "Too many people wait for a room already"}, "refused"),
        ({"pending": False}, "lost"),
        ({"waits": None}, "untold"),
    ],
)
def test_a_request_that_is_refused_lost_or_not_told_of_is_unfair(changed: dict[str, Any], what: str) -> None:
    found = summary((*FAIR[:3], replace(FAIR[3], **changed)), BEGAN)
    assert (found[what], found["fair"]) == (1, False)


def test_a_room_that_does_not_answer_is_unfair() -> None:
    found = summary((replace(FAIR[0], answered=None), *FAIR[1:]), BEGAN)
    assert (found["silent"], found["fair"]) == (1, False)


def test_who_is_passed_by_somebody_that_asked_later_is_counted() -> None:
    assert passed(FAIR) == 0
    late = replace(_running(0), asked=_asked(30))
    assert passed((late, *FAIR[1:])) == 3
    assert not summary((late, *FAIR[1:]), BEGAN)["fair"]
    # At the same moment nobody is earlier.
    assert passed((replace(_running(1), asked=_asked(0)), replace(_running(0), asked=_asked(1)))) == 0


def test_who_is_moved_back_is_counted() -> None:
    found = summary((*FAIR[:3], replace(FAIR[3], places=(1, 2))), BEGAN)
    assert (found["order"]["moved_back"], found["fair"]) == (1, False)
    assert found["moved_back_places"] == [[1, 2]]


def test_what_the_waiting_page_says_is_understood() -> None:
    asking = Asking(None, "alpha")  # type: ignore[arg-type]  # nothing is asked
    assert asking.waits() is None
    for words in ("Server requested", f"Waiting for a room: 3 before you, because {WHY}. The room starts by itself."):
        asking.told.append((0.0, words))
    assert asking.waits() == (3, WHY)
    asking.told.append((0.0, f"Waiting for a room: You are next, because {WHY}. The room starts by itself."))
    assert asking.waits() == (0, WHY)
    assert asking.places() == [3, 0]


def _answers(ms: float, due: float, status: int = 200) -> list[Answer]:
    return [Answer(page, due, ms, status) for page in PAGES]


def test_pages_meanwhile_are_compared_with_pages_alone() -> None:
    found = capacity_page.pages([*_answers(10, 90), *_answers(20, 110), *_answers(900, 130)], BEGAN, 120.0)
    assert {one["median_ms_ratio"] for one in found["pages"].values()} == {2.0}
    assert found["not_answered"] == 0
    # One that was asked for alone and answered under load belongs to neither.
    assert capacity_page.pages([*_answers(10, 90), *_answers(20_000, 99)], BEGAN, 120.0)["pages"] == {}
    missed = capacity_page.pages(_answers(10, 90, status=503), BEGAN, 120.0)
    assert missed["not_answered"] == len(PAGES)
    assert "home: 503" in missed["missed"]


def _result(requests: Sequence[Request], left: dict[str, Any]) -> dict[str, Any]:
    found = summary(requests, BEGAN)
    memory = {"free_before_mib": 9_000, "free_lowest_mib": 7_000, "rooms_mib": 290, "room_mib": 145}
    about = {"rooms": 4, "seconds": 300, "most": 2, "mode": "root", "processors": 2, "load_before": 1.5}
    pages = capacity_page.pages([*_answers(10, 90), *_answers(20, 110)], BEGAN, 120.0)
    return {**about, "memory": memory, **found, **pages, "left": left, "holds": found["fair"] and not left}


def test_page_and_report_say_what_became_of_the_requests(capsys: pytest.CaptureFixture[str]) -> None:
    result = _result(FAIR, {})
    text = capacity.page(result)
    assert "2 rooms run, 0 are starting, 2 people wait" in text
    assert f"2 wait because {WHY}" in text
    assert "is left: holds" in " ".join(text.split())
    capacity.report(result, print)
    assert "145 each with its kernel" in capsys.readouterr().out
    assert "does NOT hold" in capacity.page(_result(FAIR, {"mounts": 1}))


@pytest.mark.parametrize("option", ["--rooms", "--minutes"])
def test_rooms_and_minutes_belong_to_capacity_alone(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench", "leaks", option, "5"])
    assert ended.value.code == 2
    assert f"{option}: needs the benchmark" in capsys.readouterr().err
