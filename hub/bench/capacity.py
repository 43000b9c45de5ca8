"""The `capacity` benchmark: everybody wants a room at the same moment, on one machine, and others open pages meanwhile.

The whole service works as in use, on the loopback interface. Each person presses the button of their project as in a
browser, listens to what the page that waits is told, enters the room when it is there, and runs a line in it. After
the minutes that were given every request is one of: running, starting, or waiting with a sentence that says where the
person stands and why. One that was refused, or that the hub knows nothing of, is told, and then nothing holds.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from saferoom.hub.bench import capacity_page
from saferoom.hub.bench.capacity_memory import RoomMemory
from saferoom.hub.bench.capacity_people import Asking, Visits, signed_in
from saferoom.hub.bench.capacity_summary import Request, summary
from saferoom.hub.bench.capacity_world import VISITOR, code, make_world
from saferoom.hub.bench.leftovers import Machine
from saferoom.hub.demo.process import any_port, running_hub
from saferoom.hub.home import Home
from saferoom.hub.sandbox import enforcement
from saferoom.ids import ProjectSlug, Username

Say = Callable[[str], None]
ROOMS, MINUTES = 50, 5.0
ALONE_SECONDS = 40.0
_LINE_SECONDS = 60.0
"""How long rooms that are there have, after the minutes, to answer the line that was sent to them."""
_TELL_SECONDS = 10.0


def run(_rows: int | None, say: Say, rooms: int = ROOMS, minutes: float = MINUTES) -> dict[str, Any]:
    """Let `rooms` people ask for a room at once, look for `minutes`, and return what became of them."""
    return measure(rooms, minutes * 60, say)


def measure(
    rooms: int, seconds: float, say: Say, *, most: int | None = None, alone_seconds: float = ALONE_SECONDS
) -> dict[str, Any]:
    """Ask for `rooms` rooms and wait `seconds` at most; `most` is how many there may be at once, None for any number.

    Returns
    -------
    dict
        See `summary`; and the memory, MiB, what is left when all rooms have ended, and the machine's load before.
    """
    options = () if most is None else ("--rooms-most", str(most))
    with tempfile.TemporaryDirectory(prefix="saferoom-bench-") as folder, ExitStack() as stack:
        home = Home(Path(folder) / "home")
        say(f"capacity: writing {rooms} people and their projects")
        members = make_world(home, rooms)
        hub = stack.enter_context(running_hub(home, any_port(None), options))
        say(f"capacity: {rooms} people sign in")
        visits, people = _everybody(stack, hub.url, members)
        machine, load = Machine(home, hub.process.pid), os.getloadavg()[0]
        empty, memory = machine.left(), RoomMemory(hub.process.pid)
        with visits.going_on(), memory.watched():
            say(f"capacity: pages alone, {alone_seconds:g} seconds")
            time.sleep(alone_seconds)
            began = time.monotonic()
            say("capacity: everybody asks for a room")
            with _asking(people) as threads:
                _until(began + seconds, people, say)
                seen, ended = _seen(people), time.monotonic()
                _until_told(threads, people)
                taken = memory.taken()
        _stop(people, machine, say)
        # What is kept for the next room of a project or a person is no leak; `leaks` counts it after such a one.
        left = machine.settled(empty, ignoring=("files", "extracts", "rows"))
    found = summary([one.answered_by(person.answered) for one, person in zip(seen, people, strict=True)], began)
    pages = capacity_page.pages(visits.answers, began, ended)
    return {
        "bench": "capacity",
        "rooms": rooms,
        "seconds": round(seconds),
        "most": most,
        "mode": enforcement().mode,
        "processors": os.cpu_count(),
        "load_before": round(load, 1),
        "memory": {
            "free_before_mib": memory.free_before,
            "free_lowest_mib": memory.free_lowest,
            "rooms_mib": taken,
            "room_mib": round(taken / max(1, found["running"])),
        },
        **found,
        **pages,
        "left": left,
        "holds": found["fair"] and not pages["not_answered"] and not left,
    }


def page(result: Mapping[str, Any]) -> str:
    """Return the page of the documentation."""
    return capacity_page.text(result)


def report(result: Mapping[str, Any], say: Say) -> None:
    """Print the result for people."""
    for line in capacity_page.lines(result):
        say(line)


def _everybody(stack: ExitStack, url: str, members: Mapping[Username, ProjectSlug]) -> tuple[Visits, list[Asking]]:
    """Sign in everybody who wants a room, and who only looks."""
    visitor = stack.enter_context(signed_in(url, VISITOR, code))
    # The airlock has a session of its own.
    visitor.http.get("/services/airlock/releases").raise_for_status()
    people = [
        Asking(stack.enter_context(signed_in(url, username, code)), project) for username, project in members.items()
    ]
    return Visits(visitor), people


@contextmanager
def _asking(people: Sequence[Asking]) -> Iterator[list[threading.Thread]]:
    """Let everybody ask in the same moment; at the end nobody listens any more."""
    go, enough = threading.Barrier(len(people)), threading.Event()
    threads = [threading.Thread(target=one.want, args=(go, enough), daemon=True) for one in people]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        enough.set()
        deadline = time.monotonic() + _TELL_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))


def _until(deadline: float, people: Sequence[Asking], say: Say) -> None:
    """Wait until nobody waits any more, or for as long as there is."""
    told = time.monotonic()
    while time.monotonic() < deadline and any(one.answered is None and not one.refused for one in people):
        time.sleep(0.1)
        if time.monotonic() > told + _TELL_SECONDS:
            told = time.monotonic()
            say(f"capacity: {sum(one.ready is not None for one in people)} of {len(people)} rooms are there")


def _until_told(threads: Sequence[threading.Thread], people: Sequence[Asking]) -> None:
    """Let lines that were sent to rooms be answered."""
    deadline = time.monotonic() + _LINE_SECONDS
    for thread, one in zip(threads, people, strict=True):
        while one.ready is not None and one.answered is None and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.1)


def _seen(people: Sequence[Asking]) -> list[Request]:
    """Return what there is to say about everybody's request now."""
    found = []
    for one in people:
        server = one.server()
        found.append(
            Request(
                asked=str(server.get("started") or ""),
                pending=server.get("pending") == "spawn",
                waits=one.waits(),
                places=tuple(one.places()),
                turn=one.turn,
                ready=one.ready,
                refused=one.refused,
            )
        )
    return found


def _stop(people: Sequence[Asking], machine: Machine, say: Say) -> None:
    """Stop every room and every request, as people would: all at once."""
    say("capacity: everything is stopped")
    machine.note_groups()
    # Those who wait first: they would get the places of the others.
    for one in sorted(people, key=lambda person: person.ready is not None):
        one.session.api("DELETE", f"users/{one.session.username}/servers/{one.project}", timeout=120.0)
