"""Inputs as the proxy hears them."""

from __future__ import annotations

from tests.support.airlock_server import Service
from tests.support.airlock_world import MOBILITY

from saferoom.digests import sha256
from saferoom.ids import Username
from saferoom.projects.inputs.model import Heard, Kind

KERNEL = "0b1c2d3e-aaaa-bbbb-cccc-0123456789ab"


def heard(text: str, kind: Kind = Kind.EXECUTE) -> Heard:
    """Return an input with a short text."""
    whole = text.encode()
    return Heard(KERNEL, kind, text, len(whole), sha256(whole), cut=False)


def inputs_seen(airlock: Service) -> dict[str, tuple[str, str]]:
    """Return every kind of page about inputs: who looks, and where."""
    inputs = airlock.world.instance.inputs
    code = "import saferoom\n\npeople = saferoom.read('survey')\npeople.groupby('region')['income'].mean()"
    long = "a_very_long_name = " + "x" * 400
    inputs.record(MOBILITY, Username("ana"), [heard(code), heard("yes", Kind.ANSWER), heard(long)])
    broken = Heard("", Kind.UNREADABLE, "\ufffd{", 70_000, sha256(b"x"), cut=True)
    inputs.record(MOBILITY, Username("chris"), [heard("%run prepare.py"), broken])
    at = "projects/mobility/inputs"
    return {
        "inputs, a checker": ("ben", at),
        "inputs, found": ("ben", f"{at}?q=groupby&person=ana&before=2099-01-01T00:00:00%2B00:00"),
        "inputs, nothing found": ("ben", f"{at}?q=nothing"),
        "inputs, own": ("chris", at),
        "inputs, none": ("rita", "projects/income/inputs"),
    }
