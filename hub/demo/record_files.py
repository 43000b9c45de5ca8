"""Records that leave: by a plan of their data owner, made on the trusted side, past two checkers and the owner."""

from __future__ import annotations

import json
from dataclasses import replace

from saferoom.hub.demo.checking import AIRLOCK, from_queue
from saferoom.hub.demo.pages import Pages
from saferoom.hub.demo.steps import Steps
from saferoom.hub.drive import HubSession, Room

DATASET, PLAN = "htv", "teaching-file"
_RECORDS = f"{AIRLOCK}catalogue/{DATASET}/records"
_PLAN = """\
keys: [education, region, town]
sensitive: [wage]
columns: [education, region, town, wage]
steps:
  - {method: top_bottom_code, column: wage, top: 40, bottom: 3}
  - {method: microaggregation, columns: [wage], by: each, k: 10}
  - {method: local_suppression, k: 10}
limits: {k: 10, max_risk: 0.1}
"""
_ASK = f"""
import json
(plan,) = [one for one in saferoom.record_plans() if one.name == "{PLAN}"]
protected = saferoom.record_file("{DATASET}", plan="{PLAN}")
records_request = protected.release(
    title="Records for a course",
    context="A teaching file of the sample: education, region, town and wages.",
    controls="Made by the data owner's plan.",
)
print(json.dumps({{"id": records_request.id, "state": records_request.state, "verdict": protected.verdict.value}}))
"""


def allow(steps: Steps, owner: HubSession) -> None:
    """Let the data owner try a plan on a project's extract, and allow it."""
    pages = Pages(owner.http)
    fields = {"name": PLAN, "plan": _PLAN, "until": "2099-12-31", "releases": "1"}
    with steps.step(f"{owner.username} tries a plan by which records of {DATASET} could leave") as step:
        page = pages.open(_RECORDS)
        step.expect("no file of records leaves" in page.text, "a plan is allowed already")
        form = page.form("/records")
        tried = pages.send(page, replace(form, action=f"{form.action}/try"), **fields)
        step.expect(tried.status == 200, f"the page answered {tried.status}")
        step.expect("What the plan would do" in tried.text, "the page does not show what the plan would do")
        step.expect("no file of records leaves" in tried.text, "trying the plan allowed it")
    with steps.step(f"{owner.username} allows the plan") as step:
        done = pages.send(tried, tried.form("/records"), **fields)
        step.expect(done.url.endswith("?done=plan-allowed"), "the page does not say that the plan is allowed")


def leave(steps: Steps, room: Room, checkers: tuple[HubSession, HubSession], owner: HubSession) -> str:
    """Ask for the records in a room by the plan's name; two checkers and the owner let them leave."""
    with steps.step("the researcher asks for records by the plan's name; the trusted side makes them") as step:
        output = room.execute(_ASK)
        step.expect(not output.error, output.error)
        made = json.loads(output.text.strip().splitlines()[-1])
        step.expect((made["verdict"], made["state"]) == ("review", "submitted"), f"the request is {made['state']}")
        request = str(made["id"])
    for checker in checkers:
        with steps.step(f"{checker.username} reads the risk before and after, and approves the records") as step:
            pages = Pages(checker.http)
            page = from_queue(step, pages, request)
            step.expect("Risk before and after" in pages.frame(page, 0).text, "the page does not tell the risk")
            sent = pages.send(page, page.form("/vote"), choice="approved", comment="As the owner's plan says.")
            step.expect(sent.status == 200, f"the page answered {sent.status}")
    with steps.step(f"{owner.username} signs, and the records leave in a bundle") as step:
        pages = Pages(owner.http)
        page = pages.open(f"{AIRLOCK}requests/{request}")
        sent = pages.send(page, page.form("/sign"), comment="")
        step.expect(sent.status == 200, f"the page answered {sent.status}")
        state = room.execute("print(records_request.refresh().state)").text.strip()
        step.expect(state == "released", f"the request is {state}")
    return request
