"""Sandboxes: processes without a network, without privileges, and with only what was given to them.

`start` and `run` are the only ways in. Notebook rooms and evaluators both live in one; there is no unsandboxed
alternative anywhere.
"""

from __future__ import annotations

from saferoom.hub.sandbox.enforcement import Enforcement, enforcement
from saferoom.hub.sandbox.identities import identity
from saferoom.hub.sandbox.process import Completed, Running, run, start
from saferoom.hub.sandbox.spec import Bind, Limits, Sandbox

__all__ = [
    "Bind",
    "Completed",
    "Enforcement",
    "Limits",
    "Running",
    "Sandbox",
    "enforcement",
    "identity",
    "run",
    "start",
]
