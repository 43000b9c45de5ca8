"""The world of `saferoom bench web` is one in which every page opens, and what it measures is counted rightly."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from tests.support.airlock_server import service
from tests.support.airlock_world import World

from saferoom.hub.bench import web, web_page
from saferoom.hub.bench.web_costs import Costs
from saferoom.hub.bench.web_pages import PREFIX, pages_of_all
from saferoom.hub.bench.web_people import VISITING, register, visitors
from saferoom.hub.bench.web_requests import WEIGHTS, fill
from saferoom.hub.home import Home
from saferoom.hub.store.airlock_tables import OutputRow, RequestRow
from saferoom.hub.store.audit_log import verify_audit_log
from saferoom.hub.store.migrate import upgrade
from saferoom.hub.wiring import Instance
from saferoom.ids import EvaluationId, RequestId
from saferoom.projects.airlock import evaluations, seals

PROJECTS, REQUESTS = 24, 150


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    instance = Instance.open(Home(tmp_path_factory.mktemp("bench") / "home"))
    upgrade(instance.database)
    fill(instance, register(instance, PROJECTS), REQUESTS)
    yield instance
    instance.close()


def test_world_holds_requests_in_every_state_that_lasts(made: Instance) -> None:
    with made.database.reading() as session:
        query = select(RequestRow.state, func.count()).group_by(RequestRow.state)
        states = {row[0]: row[1] for row in session.execute(query)}
    assert set(states) == {state.value for state in WEIGHTS}
    assert sum(states.values()) == REQUESTS


def test_world_has_an_audit_trail_and_seals_that_hold(made: Instance) -> None:
    key = made.signing_key.verifying_key
    with made.database.reading() as session:
        report = verify_audit_log(session, key)
        ids = session.scalars(select(RequestRow.id).where(RequestRow.round > 0)).all()
        judged = session.scalars(select(OutputRow.evaluation).limit(5)).all()
    assert report.links > REQUESTS
    assert report.signed_heads >= 1
    for id_ in ids:
        found = made.airlock.found(RequestId(id_))
        seals.check_submission(found, key)
        seals.check_words(found, found.votes, key)
    for id_ in judged:
        assert evaluations.load(made.airlock, made.airlock.record_of(EvaluationId(id_))).evaluation.outgoing


def test_pages_of_every_role_open(made: Instance) -> None:
    pages = pages_of_all(made)
    assert len(pages) == sum(VISITING.values()) == 50
    first = {role: name for name, role in reversed(visitors().items())}
    assert set(first) == set(VISITING)
    with service(World(made)) as airlock:
        for name in first.values():
            browser = airlock.browser(name)
            refused = {
                path: answer.status_code
                for page in pages[name]
                for path in page.paths[:1]
                if (answer := browser.get(path.removeprefix(PREFIX))).status_code != 200
            }
            assert refused == {}


def _answers(times: list[float], status: int = 200) -> list[dict[str, Any]]:
    return [{"at": 10.0 + place, "page": "queue", "ms": ms, "status": status} for place, ms in enumerate(times)]


def test_summary_ninety_fifth_percentile_is_what_ninety_five_of_a_hundred_did_not_exceed() -> None:
    found = web.summary(_answers([float(one) for one in range(1, 101)]), {})
    assert (found["all"]["median_ms"], found["all"]["p95_ms"], found["all"]["most_ms"]) == (50.5, 95.0, 100.0)
    assert found["holds"] is True


@pytest.mark.parametrize(("slow", "holds"), [(5, True), (6, False)])
def test_summary_holds_only_while_five_of_a_hundred_are_slow(slow: int, holds: bool) -> None:
    found = web.summary(_answers([10.0] * (100 - slow) + [900.0] * slow), {})
    assert found["holds"] is holds
    assert found["slow"] == ([] if holds else ["queue"])


def test_summary_one_answer_that_is_no_page_nothing_holds() -> None:
    found = web.summary([*_answers([10.0] * 99), *_answers([1.0], status=503)], {})
    assert (found["not_answered"], found["holds"]) == (1, False)


def test_page_tells_that_a_promise_does_not_hold() -> None:
    world = {"projects": 3, "requests": 4, "states": {"draft": 4}, "seconds": 5, "load_before": 1.0}
    text = web_page.text({**world, **web.summary(_answers([900.0] * 20), {"queue": {"alone_ms": 7.0}})})
    assert "does not hold (900 ms" in text
    assert "Slower by themselves: queue." in text
    assert "| queue | 20 | 900 | 900 | 900 | 7 |" in text


def test_costs_processor_time_of_work_is_counted() -> None:
    costs = Costs.of(os.getpid())
    before = costs.spent()
    sum(number * number for number in range(300_000))
    assert costs.since(before)["all"] > 0.001
    assert Path("/proc/self/schedstat").exists()
