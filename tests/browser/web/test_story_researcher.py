"""A researcher's story: a proposal, an output of the room, a request, an answer, another try, a signed bundle."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from tests.support.airlock_server import Room
from tests.support.airlock_world import NOW, World
from tests.support.stories import Stage, Walker

from saferoom.hub.extract_wiring import provision
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.verify import verify_bundle
from saferoom.projects.approvals.model import Terms
from saferoom.projects.life.parts import Actor

pytestmark = pytest.mark.browser
SCHOOLS = ProjectSlug("schools")
LAST_DAY = NOW.date() + timedelta(days=300)
CODE = b"import saferoom\nsaferoom.frequency('region', where='education >= 9', protect='suppress')\n"


def test_researcher_goes_from_a_proposal_to_a_signed_bundle(stage: Stage) -> None:
    world = stage.airlock.world
    with stage.walker("ana", "catalogue") as ana:
        _proposes(ana)
        _others_agree(world)
        ana.open("projects/schools")
        ana.reads("running", "Its people may open rooms and work with the approved data.")
        _works_in_the_room(stage.airlock.room("ana", SCHOOLS))
        _asks(ana)
        request = world.instance.airlock.requests_of(Username("ana"))[0]
        _checkers_say(world, "Which year are these numbers from?")
        _answers(ana)
        world.approve(world.instance.airlock.found(request.id))
        ana.open(f"requests/{request.id}")
        ana.reads("released")
        bundle = ana.saves("Download the signed bundle").read_bytes()
        verify_bundle(bundle, world.instance.signing_key.verifying_key)
        ana.open(f"register/projects/{SCHOOLS}")
        ana.reads("Schools and regions")


def _proposes(ana: Walker) -> None:
    ana.write("Words", "region")
    ana.press("Search")
    ana.follow("Survey")
    ana.follow("Propose a project with it")
    ana.write("Short name", "Our schools!")
    ana.write("Title", "Schools and regions")
    ana.write("What do you want to find out?", "Does schooling differ between regions?")
    ana.write("What does the public gain?", "Money for schools goes where it is needed.")
    ana.write("Legal gateway", "Digital Economy Act 2017, section 64")
    ana.write("Assessments", "DPIA 12, ethics approval E-2026-7")
    ana.write("What do you expect to release?", "Tables of counts.")
    ana.write("Last day", LAST_DAY.isoformat())
    for name in ("region", "education"):
        ana.tick(f"{name}:")
    ana.press("Keep the draft")
    ana.page.get_by_role("alert").get_by_role("link", name="Short name").click()
    ana.page.keyboard.press("Control+A")
    ana.page.keyboard.type("schools")
    ana.picture("researcher-proposal")
    ana.press("Keep the draft")
    ana.told("The draft is kept.")
    ana.follow("Submit the proposal")
    ana.press("Submit", exact=True)
    ana.told("Its data owners decide now.")
    ana.reads("dora")
    ana.picture("researcher-project")


def _others_agree(world: World) -> None:
    """Dora approves her data, Ada confirms the people and makes the extract."""
    lives, survey = world.instance.lives, DatasetName("survey")
    terms = Terms(until=LAST_DAY, variables=("region", "education"))
    lives.approve(Actor.person(Username("dora")), SCHOOLS, survey, terms)
    lives.confirm(Actor.person(Username("ada")), SCHOOLS)
    provision(world.home, world.instance.registry, SCHOOLS, clock=world.clock)


def _works_in_the_room(room: Room) -> None:
    """A statistic that is not safe, its safe variant, and a code file that is dropped into the outbox."""
    plain = {"statistic": "frequency", "from": "survey", "by": ["region"], "where": "education >= 9"}
    (data,) = room.get("datasets").json()
    assert [column["name"] for column in data["columns"]] == ["person_id", "region", "education"]
    refused = room.post("evaluations", {"query": plain}).json()
    assert refused["verdict"] == "fail", refused
    safe = room.post("evaluations", {"query": {**plain, "protect": {"method": "suppress"}}}).json()
    assert safe["verdict"] == "pass", safe
    headers = {"Authorization": f"token {room.token}", "Content-Type": "application/octet-stream"}
    asked = {"name": "regions.py", "folder": "supporting"}
    dropped = room.http.post("/api/room/outbox", params=asked, content=CODE, headers=headers).json()
    assert dropped["became"] == "drafted", dropped


def _asks(ana: Walker) -> None:
    ana.open("requests")
    ana.follow("A draft without a title")
    ana.follow("Put it together")
    ana.choose("What to add", "not safe as it is")
    ana.press("Add it")
    ana.reads("has no table that may leave")
    ana.choose("What to add", "proven safe")
    ana.press("Add it")
    ana.told("Added to your draft.")
    ana.write("Title", "Schooling by region")
    ana.write("Context", "How many adults with schooling live where; for chapter two.")
    ana.press("Save", exact=True)
    ana.told("Your draft is saved.")
    ana.press("Submit", exact=True)
    ana.page.get_by_role("alert").first.wait_for()
    ana.reads("controls")
    ana.write("Controls", "Regions with few people are left out.")
    ana.press("Save", exact=True)
    ana.picture("researcher-draft")
    ana.press("Submit", exact=True)
    ana.told("Your request is submitted.")
    ana.reads("an output checker")


def _checkers_say(world: World, words: str) -> None:
    airlock, ana = world.instance.airlock, Username("ana")
    (request,) = airlock.requests_of(ana)
    assert request.state is State.SUBMITTED
    world.clock.advance(timedelta(minutes=25))
    airlock.return_to_author(Username("ben"), request.id, words)


def _answers(ana: Walker) -> None:
    ana.open("notices")
    ana.page.get_by_role("heading", name=re.compile("was returned")).first.wait_for()
    ana.press("Open")
    ana.reads("Which year are these numbers from?")
    ana.picture("researcher-returned")
    ana.follow("Change it and submit again")
    ana.write("Context", "How many adults with schooling live where, in 2025; for chapter two.")
    ana.press("Save", exact=True)
    ana.press("Submit again")
    ana.told("Your request is submitted.")
