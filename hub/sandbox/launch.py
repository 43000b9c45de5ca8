"""The step between the hub and bubblewrap: enters control groups, sets resource limits, then becomes bubblewrap.

Run as ``python -I -S launch.py JSON COMMAND...`` by `process.start`. A separate program rather than a hook between
fork and exec, because the hub has threads. Any failure ends it before the command starts.
"""

from __future__ import annotations

import json
import os
import resource
import sys


def main() -> None:
    """Do what the first argument says, then replace this process by the rest of the arguments."""
    plan = json.loads(sys.argv[1])
    for procs in plan["groups"]:
        # The file must exist: a control group that vanished must not become an ordinary file.
        group = os.open(procs, os.O_WRONLY | os.O_CLOEXEC)
        os.write(group, str(os.getpid()).encode())
        os.close(group)
    for name, value in plan["limits"].items():
        kind = getattr(resource, name)
        hard = resource.getrlimit(kind)[1]
        bounded = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (bounded, bounded))
    os.umask(0o077)
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606


if __name__ == "__main__":
    main()
