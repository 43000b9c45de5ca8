"""The whole main job without a person, against real processes: every step is real, timed and checked.

Sign-in with a one-time code, a room, the example notebook in a real kernel, an automatic release, an output checker's
approval on the airlock's pages, a figure that two checkers see, a release paid from a privacy budget, forgeries that
must be refused, a table that another project's release forbids, records that leave by their owner's plan, a linked
project from its departments' deliveries to released tables and through a refresh, a protected aggregated table,
bundles and the audit trail verified offline.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from saferoom.clock import SystemClock
from saferoom.hub.demo import budgeting, checking, files, forgeries, proofs, protecting, record_files
from saferoom.hub.demo.linked import performing
from saferoom.hub.demo.notebook import RunCell, read_cells
from saferoom.hub.demo.process import RunningHub, running_hub
from saferoom.hub.demo.stage import NOTEBOOK, OTHER_PROJECT, PROJECT, Stage, set_stage, stage_linked
from saferoom.hub.demo.steps import Steps
from saferoom.hub.drive import HubSession, Room
from saferoom.hub.home import Home
from saferoom.hub.linkage.zones import not_enforced
from saferoom.hub.sandbox import enforcement
from saferoom.ids import Username

RESEARCHER, STRANGER = Username("rosa"), Username("ravi")
CHECKERS = (Username("carla"), Username("chen"))
OWNER = Username("olga")

# What the notebook's variables must have come to, in one line of code for its kernel.
_OUTCOME = """
import json
print(json.dumps({
    "verdicts": {name: globals()[name].verdict.value for name in
                 ("wages", "mobility", "blanked", "rounded", "path", "returns", "highest", "few", "figure")},
    "states": {name: globals()[name].refresh().state for name in
               ("safe_request", "rounded_request", "checked_request", "regression_request", "figure_request")},
    "requests": {name: globals()[name].id for name in
                 ("safe_request", "rounded_request", "checked_request", "regression_request", "figure_request")},
    "outputs": {name: globals()[name].document["outputs"][0]["id"] for name in ("figure_request",)},
    "evaluations": {name: globals()[name].id for name in ("wages", "returns", "highest")},
}))
"""
_VERDICTS = {
    "wages": "pass",
    "mobility": "fail",
    "blanked": "pass",
    "rounded": "pass",
    "path": "pass",
    "returns": "pass",
    "highest": "fail",
    "few": "fail",
    "figure": "review",
}
_STATES = {
    "safe_request": "released",
    "rounded_request": "released",
    "checked_request": "submitted",
    "regression_request": "released",
    "figure_request": "submitted",
}


@dataclass
class Performance:
    """One run: the stage, the hub, and what was learned so far."""

    steps: Steps
    stage: Stage
    hub: RunningHub
    stack: ExitStack
    wait_for_linked: Callable[[], None]
    requests: dict[str, str] = field(default_factory=dict)
    evaluations: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)

    def sign_in(self, person: Username) -> HubSession:
        """Sign `person` in with password and one-time code, as a step."""
        with self.steps.step(f"{person} signs in with password and one-time code"):
            session = self.stack.enter_context(HubSession(self.hub.url))
            sign_in = self.stage.sign_ins[person]
            session.sign_in(person, sign_in.password, sign_in.code(SystemClock().now()))
        return session


def perform(home: Home, port: int, show: Callable[[str], None]) -> None:
    """Run everything at `home`; raise `StepError`, which names the step, when anything is not as it must be."""
    steps = Steps(show)
    with ExitStack() as stack:
        with steps.step("find out what is enforced on this machine") as step:
            gaps = (*enforcement().not_enforced, *not_enforced())
            step.note = f"{enforcement().mode}; not enforced:"
        for gap in gaps:
            show(f"        - {gap}")
        with steps.step("prepare data, people, projects and extracts") as step:
            stage = set_stage(home)
            step.note = f"{stage.changes} documents applied"
        # Departments' deliveries are linked while the hub starts and people work with other data.
        wait_for_linked = stack.enter_context(steps.beside(lambda own: stage_linked(home, own)))
        with steps.step("start the hub, its proxy and the airlock") as step:
            hub = stack.enter_context(running_hub(home, port))
            step.note = hub.url
        performance = Performance(steps, stage, hub, stack, wait_for_linked)
        _drive(performance)
        protecting.on_the_command_line(steps)
        with steps.step("stop everything"):
            stack.close()
    with steps.step("verify the audit trail") as step:
        step.note = proofs.audit(home)
    show(f"All {steps.done} steps are done: {steps.total_seconds:.1f} seconds in total.")


def _drive(performance: Performance) -> None:
    steps, home = performance.steps, performance.stage.home
    rosa, private = _microdata(performance)
    performance.wait_for_linked()
    linked_room, linked = performing.work(steps, rosa)
    performing.next_year(steps, home, rosa, linked_room)
    left = ("safe_request", "rounded_request", "checked_request", "figure_request", "records_request")
    released = [*(performance.requests[name] for name in left), *linked[:1]]
    proofs.certificate(steps, rosa, home, private)
    proofs.bundles(steps, rosa, home, released)


def _microdata(performance: Performance) -> tuple[HubSession, str]:
    """Do everything with the owners' own data; return the researcher's session and the request that was paid for."""
    steps = performance.steps
    rosa = performance.sign_in(RESEARCHER)
    with steps.step(f"open a room of {PROJECT}"):
        room = rosa.start_room(PROJECT)
    _run_notebook(performance, room)
    _check_outcome(performance, room)
    carla, chen = (performance.sign_in(checker) for checker in CHECKERS)
    checking.approve(steps, carla, performance.requests["checked_request"])
    checking.send_back(steps, chen, performance.requests["figure_request"])
    with steps.step("the researcher sees both answers in the notebook") as step:
        said = room.execute("print(*(item.refresh().state for item in (checked_request, figure_request)))").text
        step.expect(said.split() == ["released", "returned"], f"the notebook shows {said.split()}")
    olga = performance.sign_in(OWNER)
    budgeting.set_limit(steps, olga)
    private = budgeting.in_the_room(steps, room)
    forgeries.from_the_room(steps, room, performance.evaluations)
    asked = "figure_request"
    forgeries.own_approval(steps, rosa, performance.requests[asked], performance.outputs[asked])
    files.submit_again(steps, room, performance.requests[asked])
    files.approve(steps, (carla, chen), performance.requests[asked])
    ravi = performance.sign_in(STRANGER)
    with steps.step(f"open a room of {OTHER_PROJECT}, for another researcher"):
        other = ravi.start_room(OTHER_PROJECT)
    forgeries.from_another_project(steps, other, performance.requests, performance.evaluations)
    protecting.across_projects(steps, room, (carla, chen), other)
    record_files.allow(steps, olga)
    performance.requests["records_request"] = record_files.leave(steps, room, (carla, chen), olga)
    forgeries.replayed_token(steps, rosa, room, performance.stage.home)
    return rosa, private


def _run_notebook(performance: Performance, room: Room) -> None:
    with performance.steps.step("open the example notebook") as step:
        answer = room.request("GET", f"api/contents/{NOTEBOOK}", params={"content": "1"})
        step.expect(answer.status_code == 200, f"the room answered {answer.status_code}")
        cells = read_cells(answer.json()["content"])
        step.note = f"{len(cells)} cells with code"
    run = RunCell(room)
    for cell in cells:
        with performance.steps.step(f"run cell {cell.name}") as step:
            step.note = run(cell)


def _check_outcome(performance: Performance, room: Room) -> None:
    with performance.steps.step("safe tables left by themselves, others wait, what is risky stays") as step:
        output = room.execute(_OUTCOME)
        step.expect(not output.error, output.error)
        outcome = json.loads(output.text)
        for part, expected in (("verdicts", _VERDICTS), ("states", _STATES)):
            for name, value in expected.items():
                step.expect(outcome[part][name] == value, f"{name} came to {outcome[part][name]}, not {value}")
        performance.requests.update(outcome["requests"])
        performance.evaluations.update(outcome["evaluations"])
        performance.outputs.update(outcome["outputs"])
        step.note = "3 released, 2 wait for output checkers"
