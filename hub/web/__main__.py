"""``python -P -m saferoom.hub.web``: the airlock service, started and watched by the hub."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import structlog

from saferoom.errors import SaferoomError, UnavailableError
from saferoom.hub.evaluator.places import Sandboxes
from saferoom.hub.filecheck.screener import Screener
from saferoom.hub.home import Home
from saferoom.hub.housekeeping import Housekeeping
from saferoom.hub.key_evidence import check_present
from saferoom.hub.notices.loops import Telling
from saferoom.hub.watching.counts import Check
from saferoom.hub.watching.face import watch_app
from saferoom.hub.watching.gauges import Gauges
from saferoom.hub.watching.readiness import Readiness
from saferoom.hub.watching.verifying import Verification
from saferoom.hub.web import recorder
from saferoom.hub.web.app import page_app, room_app
from saferoom.hub.web.shell import logs
from saferoom.hub.web.shell.hub_auth import Hub
from saferoom.hub.web.shell.intake import Intake
from saferoom.hub.web.shell.navigation import RECORDER
from saferoom.hub.web.shell.parts import Parts
from saferoom.hub.web.shell.patience import ROOMS_PORT
from saferoom.hub.web.shell.rates import Rates
from saferoom.hub.web.shell.serve import (
    only_one,
    page_socket,
    recorder_secret,
    recorder_socket,
    room_socket,
    serve,
    watch_socket,
)
from saferoom.hub.web.shell.sessions import Sessions, SignIns
from saferoom.hub.wiring import Instance

if TYPE_CHECKING:
    from saferoom.hub.deliveries.delivering import Deliveries

_log = structlog.get_logger()


def main() -> None:
    """Run until told to stop."""
    logs.configure()
    try:
        _run(Home.from_environment())
    except SaferoomError as error:
        _log.error("airlock cannot start", reason=error.message)
        sys.exit(1)


def _run(home: Home) -> None:
    service_url = os.environ.get("JUPYTERHUB_SERVICE_URL", "")
    if not os.environ.get("JUPYTERHUB_API_TOKEN") or not service_url:
        raise UnavailableError("the airlock is started by the hub: run `saferoom hub`")
    check_present(home)
    instance = Instance.open(home)
    place = instance.place
    _log.info("tasks", place=type(place).__name__)
    with only_one(home.run / "airlock.lock"):
        try:
            # First what a crash left half-way, then new work; nobody draws any noise yet.
            for charge in instance.ledger.resume():
                _log.warning("noise was not drawn", charge=charge.id, state=charge.state.value)
            for request in instance.airlock.resume():
                _log.info("resumed", request=request.id, state=request.state.value)
            asyncio.run(_serve(instance, service_url))
        finally:
            instance.close()


async def _serve(instance: Instance, service_url: str) -> None:
    parts = Parts(
        instance=instance,
        hub=Hub.from_environment(),
        evaluator=instance.evaluator,
        rates=Rates(),
        sessions=Sessions(instance.clock),
        sign_ins=SignIns(instance.clock),
        screener=Screener(instance),
        intake=Intake(),
        public_url=os.environ.get("JUPYTERHUB_PUBLIC_URL", ""),
    )
    # Rooms of every project connect here; the folder around it is closed to everybody else.
    rooms = room_socket(instance.home.socket("airlock"))
    verification = Verification(instance)
    faces = {
        rooms: room_app(parts),
        page_socket(service_url): page_app(parts),
        recorder_socket(instance.home.socket(RECORDER)): recorder.recorder_app(parts, recorder_secret()),
        watch_socket(instance.home.socket("metrics")): watch_app(_gauges(parts, verification)),
    }
    managed = "JUPYTERHUB_SERVICE_NAME" in os.environ
    chores = [asyncio.create_task(work.run()) for work in (Housekeeping(instance), Telling(instance), verification)]
    chores += [asyncio.create_task(work.run()) for work in _deliveries(instance)]
    try:
        await serve(faces, os.getppid() if managed else None)
    finally:
        for chore in chores:
            chore.cancel()
        await parts.hub.close()


def _deliveries(instance: Instance) -> list[Deliveries]:
    """Return what keeps claims as extracts are: on a cluster; on one machine rooms are given the opened folder."""
    if isinstance(instance.place, Sandboxes):
        return []
    from saferoom.hub.deliveries.delivering import deliveries_of

    return [deliveries_of(instance)]


def _gauges(parts: Parts, verification: Verification) -> Gauges:
    instance = parts.instance
    turns = {Check.STATISTIC: parts.evaluator.turns, Check.FILE: parts.screener.turns}
    # In a pod rooms are on other machines; the hub's own metrics count them.
    rooms = None if ROOMS_PORT in os.environ else instance.home.run / "rooms"
    return Gauges(instance, Readiness(instance), verification, turns, rooms)


if __name__ == "__main__":
    main()
