"""What rooms leave behind: many are started, used and stopped, one after the other, and then the machine is looked at.

Nothing of a room may be left: no process, file of the running instance, mount, control group, opened extract, or row of
JupyterHub's database. Open descriptors and memory of the hub, its proxy and the airlock are read after every room, and
how they grow is told for each room.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from saferoom.clock import SystemClock
from saferoom.hub.bench.leftovers import Machine
from saferoom.hub.demo.process import any_port, running_hub
from saferoom.hub.demo.stage import PROJECT, set_stage
from saferoom.hub.drive import HubSession
from saferoom.hub.home import Home
from saferoom.hub.sandbox import enforcement
from saferoom.ids import Username

Say = Callable[[str], None]
CYCLES, WARM_CYCLES = 200, 5
COMMAND = "saferoom bench leaks --page docs/explanation/leaks-of-rooms.md"
MOST_DESCRIPTORS_PER_ROOM = 0.05
MOST_KIB_PER_ROOM = 64.0
LEAST_ROOMS = 50
"""Of fewer rooms growth is told and not judged: what is left in caches would be most of it."""
_PERSON = Username("rosa")


def cycle(session: HubSession, project: str, machine: Machine) -> None:
    """Start the room, run one line in it, and stop it."""
    room = session.start_room(project)
    room.execute("print(6 * 7)")
    machine.note_groups()
    session.stop_room(project)


def run(_rows: int | None, say: Say, cycles: int = CYCLES) -> dict[str, Any]:
    """Start, use and stop a room `cycles` times, after a few that fill caches; return what is left, and growth."""
    with tempfile.TemporaryDirectory(prefix="saferoom-bench-") as folder:
        stage = set_stage(Home(Path(folder) / "home"))
        sign_in = stage.sign_ins[_PERSON]
        with running_hub(stage.home, any_port(None)) as hub, HubSession(hub.url) as session:
            machine = Machine(stage.home, hub.process.pid)
            sizes: list[dict[str, tuple[int, int]]] = []
            started = time.perf_counter()
            session.sign_in(_PERSON, sign_in.password, sign_in.code(SystemClock().now()))
            before = machine.left()
            for number in range(-WARM_CYCLES, cycles):
                if number == 0:
                    machine.settled(before)
                    before = machine.left()
                cycle(session, PROJECT, machine)
                if number >= 0:
                    sizes.append(machine.sizes())
                    say(f"leaks: room {number + 1} of {cycles}")
            seconds = time.perf_counter() - started
            left = machine.settled(before)
    return summary(cycles, seconds, sizes, left)


def summary(
    cycles: int, seconds: float, sizes: Sequence[Mapping[str, tuple[int, int]]], left: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the result: growth for each room is the slope of a least-squares line over the second half of them."""
    services: dict[str, dict[str, Any]] = {
        name: {
            "descriptors": [sizes[0][name][0], sizes[-1][name][0]],
            "descriptors_per_room": round(_slope([one[name][0] for one in sizes]), 4) + 0.0,
            "resident_kib": [sizes[0][name][1], sizes[-1][name][1]],
            "kib_per_room": round(_slope([one[name][1] for one in sizes]), 2) + 0.0,
        }
        for name in sizes[0]
    }
    grows = [
        name
        for name, one in services.items()
        if one["descriptors_per_room"] > MOST_DESCRIPTORS_PER_ROOM or one["kib_per_room"] > MOST_KIB_PER_ROOM
    ]
    return {
        "bench": "leaks",
        "cycles": cycles,
        "mode": enforcement().mode,
        "seconds_per_cycle": round(seconds / (cycles + WARM_CYCLES), 2),
        "left": dict(left),
        "services": services,
        "bounds": {"descriptors_per_room": MOST_DESCRIPTORS_PER_ROOM, "kib_per_room": MOST_KIB_PER_ROOM},
        "grows": grows,
        "holds": False if left else None if cycles < LEAST_ROOMS else not grows,
    }


def page(result: Mapping[str, Any]) -> str:
    """Return the page of the documentation."""
    bounds = result["bounds"]
    lines = [
        "# What rooms leave behind\n",
        f"<!-- Written by `{COMMAND}`; do not edit. -->\n",
        f"A room is started, a line of code is run in it, and it is stopped: {result['cycles']} times, one after the",
        f"other, after {WARM_CYCLES} that fill caches ({result['mode']} mode, {result['seconds_per_cycle']:g} seconds",
        "each, on a machine shared with other work).\n",
        _afterwards(result["left"]),
        "| service | open descriptors, first and last | per room | resident MiB, first and last | KiB per room |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, one in result["services"].items():
        first, last = (size / 1024 for size in one["resident_kib"])
        lines.append(
            f"| {name} | {one['descriptors'][0]}, {one['descriptors'][1]} | {one['descriptors_per_room']:.3f} "
            f"| {first:.0f}, {last:.0f} | {one['kib_per_room']:.1f} |"
        )
    most = f"{bounds['descriptors_per_room']:g} descriptors and {bounds['kib_per_room']:g} KiB for each room"
    lines.append("\nGrowth is the slope over the second half of the rooms.\n\n## What is promised\n")
    lines.append(f"- That nothing is left, and that growth is at most {most}: {_verdict(result)}.\n")
    return "\n".join(lines)


def report(result: Mapping[str, Any], say: Say) -> None:
    """Print the result for people."""
    say(f"\nafter {result['cycles']} rooms ({result['mode']} mode, {result['seconds_per_cycle']} s each)")
    say(f"  left behind: {_in_words(result['left']) if result['left'] else 'nothing'}")
    for name, one in result["services"].items():
        say(
            f"  {name:8} descriptors {one['descriptors'][0]:4} to {one['descriptors'][1]:4} "
            f"({one['descriptors_per_room']:+.3f} a room)   resident {one['resident_kib'][0]:8,} to "
            f"{one['resident_kib'][1]:8,} KiB ({one['kib_per_room']:+.1f} a room)"
        )
    say(f"  nothing left and no growth beyond bounds is promised: {_verdict(result)}")


def _verdict(result: Mapping[str, Any]) -> str:
    if result["holds"] is None:
        return f"is NOT judged: growth needs {LEAST_ROOMS} rooms"
    return "holds" if result["holds"] else "does NOT hold"


def _afterwards(left: Mapping[str, Any]) -> str:
    kinds = (
        "process, file of the running instance, mount, control group, opened extract or row of JupyterHub's database"
    )
    if left:
        return f"Afterwards this was left: {_in_words(left)}.\n"
    return f"Afterwards no {kinds} was left.\n"


def _in_words(left: Mapping[str, Any]) -> str:
    return "; ".join(f"{what}: {more}" for what, more in left.items())


def _slope(values: Sequence[float]) -> float:
    """Return how much `values` grow from one to the next, shape (n,), over the second half."""
    half = values[len(values) // 2 :]
    return float(np.polyfit(np.arange(len(half)), half, 1)[0]) if len(half) > 1 else 0.0
