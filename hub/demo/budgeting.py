"""Differential privacy: a data owner's budget, a quote, a release, and more than is left of the budget."""

from __future__ import annotations

import json
from typing import Any

from saferoom.hub.demo.checking import AIRLOCK
from saferoom.hub.demo.pages import Pages
from saferoom.hub.demo.steps import Step, Steps
from saferoom.hub.drive import HubSession, Room

DATASET = "htv"
_RHO = 0.02
_QUOTE = f"""
import json, saferoom
quote = saferoom.mean(
    "wage", by="region", source="{DATASET}", protect=saferoom.dp(rho={_RHO}, bounds=[0, 50])
)
print(json.dumps({{"loss": quote.privacy.loss, "refusal": quote.privacy.refusal, "facts": quote.privacy.facts,
                  "margins": [column["margin_95"] for column in quote.privacy.columns]}}))
"""
_RELEASE = """
words = {"context": "Mean hourly wage by region, for a map.", "controls": "Noise, paid from the budget."}
noisy_request = quote.release(**words)
again = quote.release(**words)
(noisy,) = noisy_request.results
(same,) = again.results
print(json.dumps({"id": noisy_request.id, "state": noisy_request.state, "same": noisy.frame().equals(same.frame()),
                  "again": again.id, "people": float(noisy.frame()["count"].sum()),
                  "left": min(one.left for one in saferoom.budget() if one.left is not None)}))
"""
_TOO_MUCH = f"""
much = saferoom.frequency("region", source="{DATASET}", protect=saferoom.dp(rho=100))
try:
    much.release(**words)
    print(json.dumps({{"refused": ""}}))
except saferoom.RoomError as error:
    print(json.dumps({{"refused": error.message, "status": error.status, "said": much.privacy.refusal}}))
"""
_PEOPLE = 1_230


def set_limit(steps: Steps, owner: HubSession) -> None:
    """Let the data owner say how much may be lost about the people of a dataset, on the page of its budget."""
    with steps.step(f"{owner.username} sets a privacy budget for {DATASET}: epsilon 2 with delta 0.000001") as step:
        pages = Pages(owner.http)
        page = pages.open(f"{AIRLOCK}budgets/lineage/{DATASET}")
        step.expect(page.status == 200, f"the page answered {page.status}")
        done = pages.send(page, page.form(f"/lineage/{DATASET}"), allows="up-to", epsilon="2", delta="0.000001")
        step.expect(done.status == 200, f"the page answered {done.status}")
        step.expect(done.url.endswith("?done=limit-set"), "the page does not say that the limit was set")


def in_the_room(steps: Steps, room: Room) -> str:
    """Quote, release, and ask for too much; return the request that was released."""
    with steps.step("the researcher asks what means with differential privacy would cost: a quote") as step:
        quote = _said(step, room, _QUOTE)
        step.expect(quote["loss"] == _RHO, f"it would cost {quote['loss']}")
        step.expect(quote["refusal"] == "", f"the budget is not enough: {quote['refusal']}")
        step.note = "; ".join(f"{name} {said}" for name, said in quote["facts"][:2])
    with steps.step("the researcher releases it: paid, drawn once, and gone without a person") as step:
        made = _said(step, room, _RELEASE)
        step.expect(made["state"] == "released", f"the request is {made['state']}")
        step.expect(made["same"] and made["again"] == made["id"], "asking again gave other numbers")
        step.expect(
            abs(made["people"] - _PEOPLE) < _PEOPLE / 2, "the noisy counts are nowhere near the people there are"
        )
        step.note = f"rho {made['left']:g} is left"
    with steps.step("refused: a release that costs more than is left of the budget") as step:
        refused = _said(step, room, _TOO_MUCH)
        step.expect(refused.get("status") == 409, f"it was not refused: {refused}")
        step.expect(bool(refused["said"]), "the quote did not say so")
        step.note = refused["refused"]
    return str(made["id"])


def _said(step: Step, room: Room, code: str) -> dict[str, Any]:
    output = room.execute(code)
    step.expect(not output.error, output.error)
    found: dict[str, Any] = json.loads(output.text.strip().splitlines()[-1])
    return found
