"""The instance that administrative commands work on, and in whose name."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saferoom.hub.administration import Administration
    from saferoom.hub.wiring import Instance


@contextmanager
def opened() -> Iterator[tuple[Instance, Administration]]:
    """Open the instance of this environment, its tables up to date, in the name of the system's user."""
    from saferoom.hub.administration import Administration
    from saferoom.hub.home import Home
    from saferoom.hub.store import migrate
    from saferoom.hub.wiring import Instance

    instance = Instance.open(Home.from_environment())
    try:
        migrate.upgrade(instance.database)
        actor = f"admin:{system_user()}"
        yield instance, Administration(instance.database, instance.clock, instance.signing_key, actor)
    finally:
        instance.close()


def system_user() -> str:
    """Return who the system says is running this; the environment could say anything."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
