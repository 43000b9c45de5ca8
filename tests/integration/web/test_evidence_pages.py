"""The evidence on the pages: output checkers judge by it, and nobody else is shown any of it."""

from __future__ import annotations

import pytest
from tests.support.airlock_server import Service
from tests.support.airlock_world import INCOME, MOBILITY
from tests.support.protected_outputs import SECRETS, combination, protected

from saferoom.ids import Username
from saferoom.projects.airlock.model import Request

HEADS = ("what an attacker can tell", "Beside earlier releases", "What was tried", "units that are left")


def _submitted(airlock: Service, *releases: str) -> Request:
    """Return a waiting request with a protected output that is combined with `releases`."""
    parts = airlock.world.instance.airlock
    ana, outputs = Username("ana"), [combination(release) for release in releases]
    record = parts.record_evaluation(ana, MOBILITY, protected(outputs))
    return parts.submit(ana, MOBILITY, [record.id], "The protected one", "What it is.", "What was done.")


def _released(airlock: Service, author: str = "ana") -> Request:
    project = MOBILITY if author == "ana" else INCOME
    return airlock.world.approve(airlock.world.request(author, project))


def test_checker_sees_before_after_intervals_and_the_combination(airlock: Service) -> None:
    earlier = _released(airlock)
    waiting = _submitted(airlock, earlier.outputs[0].id)
    page = airlock.browser("ben").get(f"requests/{waiting.id}").text
    for head in (*HEADS, *SECRETS):
        assert head in page
    assert '<td class="number">0 to 4,321</td>' in page
    assert f'<a href="/services/airlock/requests/{earlier.id}">Frequency by region</a>' in page
    assert "<td>north, low: 4,711</td><td>north: 220</td><td>1 to 17</td>" in page


def test_checker_is_led_to_another_projects_release_and_told_of_one_that_may_not_be_seen(airlock: Service) -> None:
    theirs = _released(airlock, "rita")
    waiting = _submitted(airlock, theirs.outputs[0].id, "output-of-long-ago")
    page = airlock.browser("cleo").get(f"requests/{waiting.id}").text
    assert f"requests/{theirs.id}" in page
    assert page.count("A release that you may not see") == 1
    assert "not told" in page


@pytest.mark.parametrize("state", ["waiting", "released"])
def test_nobody_but_checkers_is_shown_any_evidence(airlock: Service, state: str) -> None:
    earlier = _released(airlock)
    request = _submitted(airlock, earlier.outputs[0].id)
    if state == "released":
        airlock.world.approve(request)
    for name in ("ana", "chris", "rita", "dora", "otto", "ada"):
        browser = airlock.browser(name)
        for path in (f"requests/{request.id}", f"requests/{request.id}/status", "requests", "releases", "queue"):
            page = browser.get(path).text
            assert not [words for words in (*HEADS, *SECRETS) if words in page], (name, path)


def test_room_is_told_why_cells_are_blank_and_what_was_chosen_but_no_interval(airlock: Service) -> None:
    from saferoom.hub.web.room import answers

    record = airlock.world.instance.airlock.record_evaluation(Username("ana"), MOBILITY, protected())
    told = answers.evaluation(record, protected())
    assert told["blanks"] == [[["south", "high"], "x"], [["north", "high"], "u"]]
    assert told["chosen"]["method"] == "suppress"
    assert not [secret for secret in ("4321", *SECRETS) if secret in str(told)]
