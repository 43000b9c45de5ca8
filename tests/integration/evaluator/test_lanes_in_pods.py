"""Every lane on a cluster: what the airlock's own parts ask for is done in pods, as it would be in sandboxes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from tests.support import live_world
from tests.support.opened import frame
from tests.support.task_ends import PodEnd

from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.evaluator.runner import Evaluator
from saferoom.hub.evaluator.trials import trial
from saferoom.hub.filecheck.screener import Screener
from saferoom.hub.home import Home
from saferoom.hub.recordfiles import runner as record_files
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.airlock.uploads import Upload

pytestmark = [pytest.mark.helm, pytest.mark.xdist_group("helm")]

ANA, ALPHA = Username("ana"), ProjectSlug(live_world.ALPHA)
COUNTS: dict[str, Any] = {"statistic": "frequency", "by": ["region"]}
PLAN = {
    "keys": ["region"],
    "columns": ["person_id", "region"],
    "steps": [{"method": "recode", "columns": ["region"], "groups": {"anywhere": ["north", "south"]}}],
    "limits": {"k": 10},
}
NOISY = COUNTS | {"protect": {"method": "dp", "rho": 0.25}}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    instance = live_world.build(Home(tmp_path_factory.mktemp("lanes") / "home"))
    yield instance
    instance.close()


@pytest.fixture
def instance(made: Instance, pods: PodEnd, monkeypatch: pytest.MonkeyPatch) -> Iterator[Instance]:
    """The instance as on the cluster of this test."""
    monkeypatch.setitem(vars(made), "place", pods.place)
    yield made
    assert pods.left() == []
    assert pods.api.posted, "nothing was done in a pod"


def test_a_statistic_is_judged_in_a_pod(instance: Instance) -> None:
    found = Evaluator(instance).evaluate(ANA, ALPHA, COUNTS)
    assert found.verdict is Verdict.PASS
    assert {row[0]: row[1] for row in found.table.rows} == {"north": 266, "south": 134}


def test_a_table_made_in_a_room_is_judged_in_a_pod(instance: Instance) -> None:
    table = io.BytesIO()
    frame(instance.home, ALPHA, "births")[["person_id", "region"]].to_parquet(table)
    found = Evaluator(instance).evaluate(ANA, ALPHA, COUNTS | {"from": "snapshot"}, table.getvalue())
    assert found.verdict is Verdict.REVIEW
    assert len(found.table.rows) == 2


def test_a_query_that_is_wrong_is_refused_as_anywhere(instance: Instance) -> None:
    with pytest.raises(BadInputError, match="colour"):
        Evaluator(instance).evaluate(ANA, ALPHA, COUNTS | {"by": ["colour"]})


def test_a_trial_has_its_made_up_data_in_a_pod(instance: Instance, pods: PodEnd) -> None:
    found = trial(Evaluator(instance), ANA, ALPHA, NOISY)
    assert len(found.table.rows) == 2
    assert len(pods.api.posted) == 2


def test_a_file_is_opened_in_a_pod(instance: Instance, pods: PodEnd) -> None:
    data = pd.DataFrame({"region": ["north", "south"], "count": [266, 134]}).to_csv(index=False).encode()
    found = Screener(instance).screen(Upload(ANA, ALPHA, "table.csv", data))
    assert found.report.type == "csv"
    assert found.report.verdict is not Verdict.PASS
    assert len(pods.api.posted) == 1


def test_a_file_that_ends_its_reader_fails(instance: Instance, pods: PodEnd) -> None:
    pods.api.tasks.program = """
import os, sys
sys.stdout.write('{"ready": true}\\n')
sys.stdout.flush()
os.kill(os.getpid(), 11)
"""
    found = Screener(instance).screen(Upload(ANA, ALPHA, "table.csv", b"a,b\n1,2\n"))
    assert found.report.verdict is Verdict.FAIL
    assert [one.rule for one in found.report.findings] == ["unreadable"]


def test_a_file_is_not_judged_where_there_is_no_pod(instance: Instance, pods: PodEnd) -> None:
    pods.api.full = True
    with pytest.raises(UnavailableError):
        Screener(instance).screen(Upload(ANA, ALPHA, "table.csv", b"a,b\n1,2\n"))


def test_records_are_protected_in_a_pod(instance: Instance) -> None:
    told = record_files.attempt(instance, Username("olga"), ALPHA, DatasetName("births"), PLAN)
    assert told.document["records"] == 400
