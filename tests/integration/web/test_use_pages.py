"""The page of versions and variables: what changed, what no query named, and who is shown it."""

from __future__ import annotations

import pytest
from tests.support.airlock_server import Service
from tests.support.airlock_world import MOBILITY, NOW, OWNERS

from saferoom.hub.administration import Administration
from saferoom.ids import DatasetName, Username
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.extracts.refreshes import Refreshed
from saferoom.projects.life.parts import Actor

QUERY = {"from": "survey", "statistic": "frequency", "by": ["region"]}


@pytest.fixture(autouse=True)
def known(airlock: Service) -> None:
    """Give the project a life, as registering it with a command does."""
    instance = airlock.world.instance
    admin = Administration(instance.database, instance.clock, instance.signing_key, "admin:root")
    data = [
        f"kind: approval\nproject: mobility\ndataset: {name}\ngranted_by: {owner}\nuntil: 2098-12-31\nended: false\n"
        for name, owner in OWNERS.items()
    ]
    project = "kind: project\nslug: mobility\ntitle: Moving up\nmembers: [ana, chris]\n"
    admin.apply(read_entries([("---\n".join([project, *data]), "change")]))


def _lead(airlock: Service) -> None:
    airlock.world.instance.lives.hand_over(Actor.console("admin:root"), MOBILITY, Username("ana"))


def test_lead_sees_what_no_query_named_and_what_a_refresh_changed(airlock: Service) -> None:
    _lead(airlock)
    records = airlock.world.instance.extract_records
    changes = ("wage: its codes changed: none gone, <b> new",)
    records.refreshed(MOBILITY, Refreshed(DatasetName("survey"), "1", "2", changes, NOW), "system")
    linked = ("linked records: person 1 became person 2",)
    records.refreshed(MOBILITY, Refreshed(DatasetName("survey"), "2", "2", linked, NOW), "system")
    assert airlock.room().post("evaluations", {"query": QUERY}).status_code == 200
    page = airlock.browser("ana").get("projects/mobility/use").text
    assert "2 of 3 variables were named by none of 1 queries ever" in page
    assert "No query was asked yet" in page  # of the register
    assert "version 1 became 2" in page
    assert "&lt;b&gt; new" in page
    whole = airlock.browser("ana").get("projects/mobility").text
    assert "version 1 became 2" in whole
    assert "version 2 linked anew" in page
    assert "version 2 linked anew" in whole
    assert "projects/mobility/use" in whole
    later = airlock.browser("ana").get("projects/mobility/use?since=2099-01-01").text
    assert "No query was asked since 2099-01-01" in later


def test_data_owner_sees_the_own_dataset_alone(airlock: Service) -> None:
    page = airlock.browser("dora").get("projects/mobility/use").text
    assert "<h3>survey</h3>" in page
    assert "<h3>register</h3>" not in page


def test_others_are_shown_nothing(airlock: Service) -> None:
    for name in ("rita", "chris", "ben"):
        assert airlock.browser(name).get("projects/mobility/use").status_code in (403, 404)
    assert "projects/mobility/use" not in airlock.browser("chris").get("projects/mobility").text


def test_day_that_is_none_is_refused(airlock: Service) -> None:
    answer = airlock.browser("dora").get("projects/mobility/use?since=tomorrow")
    assert answer.status_code == 422
    assert "must be a day" in answer.text
