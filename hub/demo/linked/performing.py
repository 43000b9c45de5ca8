"""The linked project at work: its notebook in a room, and a year's new data that reach it while the room is open."""

from __future__ import annotations

import html
import json
from typing import Any

from saferoom.hub.demo.checking import AIRLOCK
from saferoom.hub.demo.linked.staging import NEXT_VERSION, NOTEBOOK, PROJECT, VERSION, refresh
from saferoom.hub.demo.notebook import RunCell, read_cells
from saferoom.hub.demo.pages import Pages
from saferoom.hub.demo.steps import Step, Steps
from saferoom.hub.drive import HubSession, Room
from saferoom.hub.home import Home

_REGIONS = 12
_CATALOGUE = f"{AIRLOCK}catalogue/"
_OUTCOME = """
import json
released = {name: globals()[name].refresh() for name in ("lost_request", "corrected_request", "mobility_request")}
print(json.dumps({
    "verdicts": {name: globals()[name].verdict.value for name in
                 ("lost", "corrected", "mobility", "areas", "few")},
    "states": {name: found.state for name, found in released.items()},
    "requests": {name: found.id for name, found in released.items()},
    "regions": [len(lost.frame()), len(mobility.frame())],
    "lost": [float(lost.frame()["count"].sum()), float(corrected.frame()["count"].sum())],
}))
"""
_VERDICTS = {
    "lost": "pass",
    "corrected": "pass",
    "mobility": "pass",
    "areas": "pass",
    "few": "fail",
}
_LATER = """
again = saferoom.data("schools_years")
now = again.frame()
kept = set(pupils["person_id"]) & set(saferoom.data("schools_pupils").frame()["person_id"])
print(json.dumps({"version": again.version, "last": int(now["school_year"].max()),
                  "kept": len(kept) / pupils["person_id"].nunique()}))
"""
_LEAST_KEPT = 0.97
_QUALITY = """
print(json.dumps({"version": quality.version, "sentences": quality.sentences, "groups": len(quality.frame())}))
"""


def work(steps: Steps, rosa: HubSession) -> tuple[Room, list[str]]:
    """Run the linked project's notebook; return its room and the requests that left."""
    with steps.step(f"open a room of {PROJECT}"):
        room = rosa.start_room(PROJECT)
    with steps.step("open the linked project's notebook") as step:
        answer = room.request("GET", f"api/contents/{NOTEBOOK}", params={"content": "1"})
        step.expect(answer.status_code == 200, f"the room answered {answer.status_code}")
        cells = read_cells(answer.json()["content"])
        step.note = f"{len(cells)} cells with code"
    run = RunCell(room)
    for cell in cells:
        with steps.step(f"run cell {cell.name}") as step:
            step.note = run(cell)
    with steps.step("lost children and mobility by region left by themselves, corrected for linkage") as step:
        outcome = _said(step, room, _OUTCOME)
        for name, expected in _VERDICTS.items():
            found = outcome["verdicts"][name]
            step.expect(found == expected, f"{name} came to {found}, not {expected}")
        for name, state in outcome["states"].items():
            step.expect(state == "released", f"{name} is {state}")
        step.expect(outcome["regions"] == [_REGIONS, _REGIONS], f"the tables have {outcome['regions']} rows")
        counted, corrected = outcome["lost"]
        step.expect(counted < corrected < 2 * counted, "the correction for linkage does not add a few children")
        step.note = f"{counted:,.0f} lost children were found, {corrected:,.0f} with the correction"
    _whom_linking_loses(steps, rosa, room)
    return room, list(outcome["requests"].values())


def _whom_linking_loses(steps: Steps, rosa: HubSession, room: Room) -> None:
    with steps.step("page and room say the same of whom linking loses") as step:
        told = _said(step, room, _QUALITY)
        page = Pages(rosa.http).open(f"{_CATALOGUE}census_people/versions/{VERSION}/linkage")
        step.expect(page.status == 200, f"the page answered {page.status}")
        step.expect(told["version"] == VERSION, f"the room tells of version {told['version']}")
        step.expect(bool(told["sentences"]) and told["groups"] > 0, "the room tells of no groups")
        shown = html.unescape(page.text)
        step.expect(all(said in shown for said in told["sentences"]), "the page has not every sentence of the room")
        step.note = told["sentences"][0]


def next_year(steps: Steps, home: Home, rosa: HubSession, room: Room) -> None:
    """Let the schools deliver again while the room is open, and look at it from inside."""
    refresh(steps, home)
    with steps.step("the open room has the new year, under the same pseudonyms") as step:
        found = _said(step, room, _LATER)
        step.expect(found["version"] == NEXT_VERSION, f"the room shows version {found['version']}")
        step.expect(str(found["last"]) == NEXT_VERSION, f"the last school year is {found['last']}")
        step.expect(found["kept"] > _LEAST_KEPT, f"{found['kept']:.1%} of the pupils have the id they had")
        step.note = f"{found['kept']:.1%} of the pupils are there as before; the others are gone from the register"
    with steps.step("the researcher was told what changed") as step:
        page = Pages(rosa.http).open(f"{AIRLOCK}notices")
        step.expect(page.status == 200, f"the page answered {page.status}")
        step.expect(f"Project {PROJECT} has a new version of a dataset" in page.text, "there is no such notice")
    with steps.step("how well each version is linked stands side by side") as step:
        for version, compared in (
            (VERSION, "everything anew"),
            (NEXT_VERSION, "new records with those that were known"),
        ):
            page = Pages(rosa.http).open(f"{_CATALOGUE}schools_pupils/versions/{version}/linkage")
            step.expect(compared in page.text, f"the page of version {version} answered {page.status}")
        room_told = _said(step, room, 'print(json.dumps(saferoom.linkage_quality("schools_pupils").version))')
        step.expect(room_told == NEXT_VERSION, f"the room tells of version {room_told}")


def _said(step: Step, room: Room, code: str) -> Any:
    output = room.execute(code)
    step.expect(not output.error, output.error)
    return json.loads(output.text.strip().splitlines()[-1])
