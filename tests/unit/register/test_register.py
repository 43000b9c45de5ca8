"""The public register's own rules: states, response times, and documents with no field that nobody decided on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from saferoom.clock import FrozenClock
from saferoom.ids import DatasetName, Digest, ProjectSlug, ReleaseId
from saferoom.projects.airlock.model import Lane
from saferoom.projects.airlock.service_levels import Decided
from saferoom.projects.register import dcat
from saferoom.projects.register.model import (
    PublicDataset,
    PublicProject,
    PublicRelease,
    PublicState,
    Withdrawn,
    public_state,
)
from saferoom.projects.register.service import FRESH, Kept, Whole
from saferoom.projects.register.times import response_times

TODAY = date(2026, 3, 2)
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
PROJECT = PublicProject(
    ProjectSlug("pay"), "Pay", PublicState.ACTIVE, TODAY, (DatasetName("survey"),), 1, "What of pay?", "More.", "A law"
)
DATASET = PublicDataset(DatasetName("survey"), "Survey", "2", 1, 1)
RELEASE = PublicRelease(
    id=ReleaseId("release-1"),
    at=AT,
    project=PROJECT.slug,
    datasets=((DATASET.name, "2"),),
    outputs={"declared": 2},
    automatic=True,
    checkers=0,
    bundle=Digest("b" * 64),
    link=7,
    link_digest=Digest("c" * 64),
    withdrawn=Withdrawn(AT, "other", {"payload": "x"}),
)
WHOLE = Whole((PROJECT,), (DATASET,), (RELEASE,), response_times(()), None)


@pytest.mark.parametrize(
    ("active", "paused", "ends", "state"),
    [
        (True, False, None, PublicState.ACTIVE),
        (True, False, TODAY, PublicState.ACTIVE),
        (True, True, TODAY, PublicState.PAUSED),
        (True, True, TODAY - timedelta(days=1), PublicState.CLOSED),
        (True, False, TODAY - timedelta(days=1), PublicState.CLOSED),
        (False, True, None, PublicState.CLOSED),
    ],
)
def test_state_of_a_project_is_what_holds_today(
    active: bool, paused: bool, ends: date | None, state: PublicState
) -> None:
    assert public_state(active=active, paused=paused, ends=ends, today=TODAY) is state


def decided(seconds: int, lane: Lane = Lane.DECLARED, *, automatic: bool = False) -> Decided:
    return Decided("2026-03", lane, automatic, seconds)


def test_response_times_are_those_of_people_and_count_what_needed_none() -> None:
    times = response_times([decided(n) for n in range(1, 101)] + [decided(0, automatic=True)] * 300)
    assert (times.overall.decisions, times.overall.automatic) == (400, 300)
    assert (times.overall.median_seconds, times.overall.p95_seconds) == (50.5, 95.0)
    assert [one.lane for one in times.lanes] == [Lane.DECLARED]


def test_response_times_are_told_by_lane() -> None:
    times = response_times([decided(60), decided(600, Lane.FILE), decided(6000, Lane.FILE)])
    assert [(one.lane, one.decisions, one.median_seconds) for one in times.lanes] == [
        (Lane.DECLARED, 1, 60.0),
        (Lane.FILE, 2, 3300.0),
    ]


def test_response_times_of_nothing_are_unknown_and_not_zero() -> None:
    assert response_times(()).document()["overall"] == {
        "decisions": 0,
        "automatic": 0,
        "median_seconds": None,
        "p95_seconds": None,
    }


def test_documents_have_the_fields_that_were_decided_on_and_no_other() -> None:
    document = WHOLE.document()
    assert set(document) == {"version", "projects", "datasets", "releases", "response_times", "audit_head"}
    assert set(PROJECT.document()) == {
        *("slug", "title", "state", "ends", "datasets", "releases", "question", "benefit", "gateway"),
    }
    assert set(DATASET.document()) == {"name", "title", "version", "projects", "releases"}
    assert set(RELEASE.document()) == {
        *("id", "at", "project", "datasets", "outputs", "automatic", "checkers", "bundle", "audit", "withdrawn"),
    }


def test_linked_data_say_when_a_release_was_withdrawn_and_a_project_ends() -> None:
    graph = {node["@id"]: node for node in dcat.catalogue(WHOLE, "https://tre.example/register", "The TRE")["@graph"]}
    release = graph["https://tre.example/register#release-release-1"]
    assert release["prov:invalidatedAtTime"]["@value"] == "2026-03-02T09:00:00.000000Z"
    assert release["spdx:checksum"]["spdx:checksumValue"]["@value"] == "b" * 64
    project = graph["https://tre.example/register#project-pay"]
    assert project["prov:endedAtTime"]["@value"] == "2026-03-02"
    assert project["dct:description"]["@value"] == "What of pay?"
    dataset = graph["https://tre.example/register#dataset-survey"]
    assert dataset["dct:accessRights"]["@id"].endswith("/RESTRICTED")


def test_what_is_kept_is_made_again_when_it_is_old_or_from_the_future() -> None:
    clock, made = FrozenClock(AT), iter(range(10))
    kept = Kept(lambda: next(made), clock)
    assert [kept.get(), kept.get()] == [0, 0]
    clock.advance(FRESH)
    assert kept.get() == 1
    clock.advance(-timedelta(days=1))
    assert kept.get() == 2
