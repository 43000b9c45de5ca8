"""``saferoom admin airlock``, as an operator types it: it reads where requests stand, and nothing of what they hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from tests.support.airlock_world import NOW, World, judged, world

from saferoom.clock import FrozenClock
from saferoom.errors import ForbiddenError
from saferoom.hub.cli.main import main
from saferoom.hub.wiring import Instance
from saferoom.ids import ProjectSlug, RequestId, Username
from saferoom.projects.airlock.lists import Filters, Order, Paging
from saferoom.projects.airlock.model import Cause, Choice
from saferoom.projects.airlock.screening import Words
from saferoom.projects.people.permissions import Actor

Terminal = Callable[..., tuple[int, str, str]]
WORDS = ("zqcontextzq", "zqcontrolszq", "zqvotezq", "zqprivatezq")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An instance with a request that one checker disagrees with, one that left, and a draft."""
    with world(tmp_path_factory.mktemp("admin-airlock"), FrozenClock(NOW)) as made:
        made.request("rita", ProjectSlug("income"), title="The second", context=WORDS[0], controls=WORDS[1])
        first = made.request(title="The first", context=WORDS[0], controls=WORDS[1])
        airlock, ben = made.instance.airlock, Username("ben")
        made.clock.advance(timedelta(hours=30))
        airlock.comment(ben, first.id, WORDS[3], public=False)
        airlock.vote(ben, first.id, first.outputs[0].id, Choice.CHANGES_REQUESTED, WORDS[2])
        left = made.request(title="The third")
        made.clock.advance(timedelta(hours=2))
        made.approve(left)
        airlock.withdraw_release(Username("dora"), left.id, Cause.WRONG_NUMBERS, WORDS[2])
        airlock.claim(Username("cleo"), first.id)
        record = airlock.record_evaluation(Username("ana"), ProjectSlug("mobility"), judged())
        airlock.draft(Username("ana"), ProjectSlug("mobility"), [record.id], Words("A draft", *WORDS[:2]))
        yield made


@pytest.fixture
def admin(place: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """Run a command at the time of the instance's clock and return its status, output and errors."""
    monkeypatch.setenv("SAFEROOM_HOME", str(place.home.root))
    monkeypatch.setenv("COLUMNS", "300")
    opened = Instance.open
    monkeypatch.setattr(Instance, "open", lambda home: opened(home, place.clock))

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["admin", "airlock", *words])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def found(admin: Terminal, *words: str) -> dict[str, dict[str, object]]:
    """Return the requests that a command lists, by their titles, in order."""
    status, out, err = admin(*words, "--json")
    assert (status, err) == (0, "")
    return {one["title"]: one for one in json.loads(out)["requests"]}


def test_queue_says_for_whom_everything_waits_since_when_and_why(admin: Terminal) -> None:
    waiting = found(admin, "queue")
    assert list(waiting) == ["The second", "The first"]
    wait = waiting["The second"]["wait"]
    assert isinstance(wait, dict)
    assert (wait["party"], wait["seconds"]) == ("checkers", 32 * 3600)
    assert str(wait["why"]).startswith("an output checker has to look: the output was not proven safe")
    _, out, _ = admin("queue")
    for part in ("The first", *WORDS):
        assert part not in out
    assert "1 day ago" in out
    assert "most output checkers ask for changes to output 1" in out


@pytest.mark.parametrize(
    ("asked", "titles"),
    [
        ("--state released", []),
        ("--state reviewed", ["The first"]),
        ("--project income", ["The second"]),
        ("--risk pass", []),
        ("--lane declared --hours 31", ["The second"]),
        ("--order newest", ["The first", "The second"]),
        ("--page 2", []),
    ],
)
def test_queue_is_filtered_and_ordered(admin: Terminal, asked: str, titles: list[str]) -> None:
    assert list(found(admin, "queue", *asked.split())) == titles


def test_requests_are_all_that_were_ever_submitted(admin: Terminal) -> None:
    assert list(found(admin, "requests")) == ["The third", "The first", "The second"]
    assert list(found(admin, "requests", "--state", "released")) == ["The third"]
    assert "There are no such requests." in admin("requests", "--project", "nothing")[1]


def test_wrong_options_say_what_is_allowed(admin: Terminal) -> None:
    for asked, expected in (
        ("--state lost", "--state must be one of draft, submitted"),
        ("--risk high", "--risk must be one of pass, review, fail"),
        ("--order best", "--order must be one of longest_waiting"),
        ("--page 0", "--page"),
        ("--page 20000", "pages are numbered from 1 to 10000"),
    ):
        status, out, err = admin("queue", *asked.split())
        assert (status, out) == (2, ""), asked
        assert expected in err


def test_one_request_is_shown_with_all_that_was_done_and_no_word_of_anybody(place: World, admin: Terminal) -> None:
    id_ = str(found(admin, "requests")["The first"]["id"])
    status, out, _ = admin("show", id_)
    assert status == 0
    for part in (
        "reviewed, project mobility, by ana, submission 1",
        "Made from: survey",
        "1 of 1",
        "Frequency by region",
    ):
        assert part in out
    _, whole, _ = admin("show", id_, "--json")
    document = json.loads(whole)
    assert [(one["actor"], one["action"]) for one in document["happened"]] == [
        ("ana", "request.drafted"),
        ("ana", "request.submitted"),
        ("ben", "request.commented"),
        ("ben", "request.voted"),
        ("system", "request.reviewed"),
        ("cleo", "request.claimed"),
    ]
    assert (document["state"], document["looked"], document["needed"]) == ("reviewed", 1, 1)
    for word in (*WORDS, "changes_requested"):
        assert word not in out + whole
    assert "cleo is looking at it (began just now)" in out
    left = found(admin, "requests")["The third"]
    _, out, _ = admin("show", str(left["id"]))
    for part in ("released, project mobility", f"Released as {left['release']}", "Withdrawn just now: wrong numbers"):
        assert part in out
    assert WORDS[2] not in out
    status, out, err = admin("show", "request-that-is-not")
    assert (status, out) == (1, "")
    assert "there is no such request" in err


def test_levels_say_how_long_decisions_took_and_what_waits(admin: Terminal) -> None:
    status, out, _ = admin("levels", "--json")
    document = json.loads(out)
    assert (status, document["lanes"][0]["median_seconds"]) == (0, 7200.0)
    assert sum(band["requests"] for band in document["waiting"]) == 2
    _, out, _ = admin("levels")
    for part in ("last 30 days", "2 hours", "24 hours to 3 days"):
        assert part in out
    assert admin("levels", "--days", "0")[0] == 2


def test_attack_person_reads_nothing_of_what_the_operator_reads(place: World) -> None:
    airlock, ada = place.instance.airlock, Actor.person(Username("ada"))
    for read in (airlock.waiting_page, airlock.submitted_page):
        with pytest.raises(ForbiddenError, match="only the machine's operator"):
            read(ada, Filters(), Order.NEWEST, Paging())
    with pytest.raises(ForbiddenError, match="only the machine's operator"):
        airlock.history(ada, RequestId("request-that-is-not"))
