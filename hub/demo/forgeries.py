"""Attempts that must be refused: changed verdicts, other projects' data, own approval, a replayed token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from saferoom.hub.demo.checking import AIRLOCK
from saferoom.hub.demo.pages import Form, Pages
from saferoom.hub.demo.steps import Step, StepError, Steps
from saferoom.hub.drive import HubSession, Room
from saferoom.hub.home import Home
from saferoom.hub.notebook.connection import Connection
from saferoom.hub.notebook.errors import RoomError

# The client is the researcher's to edit; so the attacks speak to the airlock's socket directly.
_SEND = """
import json
from saferoom.hub.notebook.connection import Connection
from saferoom.hub.notebook.errors import RoomError
try:
    connection = Connection.from_environment()
    answer = connection.{method}({arguments})
    print(json.dumps({{"status": 200, "answer": answer}}))
except RoomError as error:
    print(json.dumps({{"status": error.status, "message": error.message}}))
"""
_EDITED_CLIENT = """
from saferoom.disclosure.verdict import Verdict
highest.verdict, highest.findings = Verdict.PASS, ()
highest.route = wages.route
highest.release(context="The client says that this is safe.", controls="none")
"""
_WORDS = {"title": "Forged", "context": "A forged request.", "controls": "None."}


def from_the_room(steps: Steps, room: Room, evaluations: Mapping[str, str]) -> None:
    """Try to pass a verdict from inside the room, in every place where one could be written."""
    with steps.step("refused: a client edited to say 'pass'") as step:
        output = room.execute(_EDITED_CLIENT)
        step.expect(output.error.startswith("RoomError"), "the edited client was not refused")
        step.note = output.error.removeprefix("RoomError: ")
    with steps.step("refused: a request that brings its own verdict and table") as step:
        body = {**_WORDS, "outputs": [evaluations["highest"]], "verdict": "pass", "table": {"columns": [], "rows": []}}
        _refused(step, room, 422, "/api/room/requests", body)
    with steps.step("refused: an evaluation that brings its own verdict") as step:
        query = {"statistic": "max", "measure": "wage", "from": "htv", "verdict": "pass"}
        _refused(step, room, 422, "/api/room/evaluations", {"query": query})
    with steps.step("refused: a request in the name of another project") as step:
        body = {**_WORDS, "outputs": [evaluations["highest"]], "project": "college-wages"}
        _refused(step, room, 422, "/api/room/requests", body)
    with steps.step("refused: a column that the data owner did not approve") as step:
        unapproved = {"statistic": "frequency", "by": ["origin"], "from": "twoyear"}
        _refused(step, room, 422, "/api/room/evaluations", {"query": unapproved})


def own_approval(steps: Steps, author: HubSession, request: str, output: str) -> None:
    """Try to vote on `output` of one's own `request`, with the form that an output checker's page has."""
    with steps.step("refused: a researcher who approves the own request") as step:
        pages = Pages(author.http)
        page = pages.open(f"{AIRLOCK}requests/{request}")
        step.expect(page.status == 200, f"the page answered {page.status}")
        token = page.form("/withdraw").fields["csrf"]
        form = Form(f"{AIRLOCK}requests/{request}/outputs/{output}/vote", "post", {"csrf": token})
        done = pages.send(page, form, choice="approved", comment="")
        step.expect(done.status == 403, f"the page answered {done.status}, not 403")
        step.note = f"status {done.status}"


def from_another_project(steps: Steps, room: Room, requests: Mapping[str, str], evaluations: Mapping[str, str]) -> None:
    """Try, from another project's room, to reach this project's data, evaluation, request and extract."""
    with steps.step("refused: another project's data") as step:
        _refused(
            step,
            room,
            422,
            "/api/room/evaluations",
            {"query": {"statistic": "frequency", "by": ["town"], "from": "htv"}},
        )
    with steps.step("refused: another project's evaluation") as step:
        _refused(step, room, 404, "/api/room/requests", {**_WORDS, "outputs": [evaluations["wages"]]})
    with steps.step("refused: another project's request") as step:
        _refused(step, room, 404, f"/api/room/requests/{requests['checked_request']}")
    with steps.step("refused: another project's files") as step:
        output = room.execute(_SEES)
        step.expect(output.text.strip() == "False [] []", f"the room sees {output.text.strip()!r}")


# Beside what every room has of its own: settings, and an outbox with a note on what it is for.
_SEES = """
import os
files = sorted(set(os.listdir("/room")) - {".saferoom", "outbox"})
dropped = [name for name in os.listdir("/outbox") if not name.startswith(".") and name != "WHAT-HAPPENED.txt"]
print(os.path.exists("/data/htv.parquet"), files, dropped)
"""


def replayed_token(steps: Steps, session: HubSession, room: Room, home: Home) -> None:
    """Take the room's token out, stop the room, and use the token again at the airlock's socket."""
    with steps.step("refused: a room's token after the room was closed") as step:
        output = room.execute("import os; print(os.environ['JUPYTERHUB_API_TOKEN'])")
        connection = Connection(str(home.socket("airlock")), output.text.strip())
        connection.get("/api/room/datasets")  # while the room lives the token is good
        session.stop_room(room.project)
        try:
            connection.get("/api/room/datasets")
        except RoomError as error:
            step.expect(error.status == 401, f"the airlock answered {error.status}, not 401")
            step.note = "status 401"
        else:
            raise StepError("the airlock accepted the token of a closed room")


def _refused(step: Step, room: Room, status: int, path: str, body: Mapping[str, Any] | None = None) -> None:
    arguments = repr(path) if body is None else f"{path!r}, json.loads({json.dumps(body)!r})"
    output = room.execute(_SEND.format(method="get" if body is None else "post", arguments=arguments))
    step.expect(not output.error, output.error)
    answer = json.loads(output.text)
    step.expect(answer["status"] == status, f"the airlock answered {answer['status']}, not {status}")
    step.note = f"status {status}, {answer['message']}"
