"""The benchmark of what rooms leave: growth by a line, words for what is left, and the pages it writes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from saferoom.hub.bench import leaks
from saferoom.hub.bench.leftovers import Left
from saferoom.hub.cli.main import main

EMPTY = Left(Counter({"hub": 1}), frozenset({"hub.sock"}), 20, frozenset(), {"servers": 0})


def _sizes(rooms: int, *, descriptors: int = 0, kib: int = 0) -> list[dict[str, tuple[int, int]]]:
    return [
        {"hub": (30 + number * descriptors, 90_000 + number * kib), "proxy": (25, 50_000)} for number in range(rooms)
    ]


def test_nothing_left_and_no_growth_holds_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    found = leaks.summary(60, 40.0, _sizes(60, kib=8), {})
    assert found["holds"]
    assert found["services"]["hub"]["kib_per_room"] == pytest.approx(8)
    leaks.report(found, print)
    assert "left behind: nothing" in capsys.readouterr().out
    assert "Afterwards no process" in leaks.page(found)
    assert all(len(line) <= 160 for line in leaks.page(found).splitlines())


@pytest.mark.parametrize("grown", [{"descriptors": 1}, {"kib": 100}])
def test_growth_of_one_service_does_not_hold(grown: dict[str, int]) -> None:
    found = leaks.summary(60, 40.0, _sizes(60, **grown), {})
    assert (found["holds"], found["grows"]) == (False, ["hub"])
    assert "does NOT hold" in leaks.page(found)


def test_growth_over_few_rooms_is_told_and_not_judged() -> None:
    found = leaks.summary(4, 40.0, _sizes(4, kib=100), {})
    assert found["holds"] is None
    assert "is NOT judged" in leaks.page(found)
    assert leaks.summary(4, 40.0, _sizes(4), {"mounts": 1})["holds"] is False


def test_whatever_is_left_does_not_hold_and_is_named() -> None:
    found = leaks.summary(60, 40.0, _sizes(60), {"rows": {"servers": 2}})
    assert not found["holds"]
    assert "servers" in leaks.page(found)


def test_left_is_what_is_more_than_before_in_any_of_its_parts() -> None:
    assert EMPTY.beyond(EMPTY) == {}
    assert replace(EMPTY, processes=Counter()).beyond(EMPTY) == {}
    more = {
        "processes": replace(EMPTY, processes=Counter({"hub": 2})),
        "files": replace(EMPTY, files=frozenset({"hub.sock", "room.sock"})),
        "mounts": replace(EMPTY, mounts=21),
        "extracts": replace(EMPTY, extracts=frozenset({"alpha"})),
        "rows": replace(EMPTY, rows={"servers": 1, "new": 1}),
    }
    for part, left in more.items():
        assert list(left.beyond(EMPTY)) == [part]


def test_cycles_belong_to_leaks_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench", "rooms", "--cycles", "5"])
    assert ended.value.code == 2
    assert "--cycles: needs the benchmark" in capsys.readouterr().err
