"""A process of a zone: one job from standard input, lines to standard output, then the end.

Run in its sandbox as ``python -P -m saferoom.hub.linkage.process ZONE DESCRIPTOR [COMING]``; the zone's secret is read
from the open file DESCRIPTOR, which is then closed; so is the one that is about to take its place, while it is changed.
"""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from saferoom.errors import BadInputError, SaferoomError
from saferoom.hub.linkage.messages import Job, Speaker, silent
from saferoom.hub.linkage.opened import INSIDE, OpenZone
from saferoom.hub.linkage.zone_keys import CARRIED_BYTES, KEY_BYTES, ZonePublic, ZoneSecret

_OURS = "saferoom.hub."
_WITH_PANDAS = {"saferoom.hub.linkage.splitting:split", "saferoom.hub.linkage.deriving_inside:derive"}
"""The tasks that measure what records would disclose."""
NO_KEY = -1

Task = Callable[[OpenZone, Mapping[str, Any]], Mapping[str, Any]]


def main() -> None:
    """Do the job on standard input.

    Libraries may write to standard output; only our lines may be read as such, so they go over a copy of it and
    everything else to standard error.
    """
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    speaker = Speaker(answers)
    try:
        zone = open_from_descriptor(sys.argv[1], int(sys.argv[2]))
        coming = open_from_descriptor(sys.argv[1], int(sys.argv[3]))._secret if len(sys.argv) > 3 else None
        job = Job.from_bytes(sys.stdin.buffer.read())
        if job.task not in _WITH_PANDAS:
            sys.meta_path.insert(0, WithoutPandas)
        publics = {name: ZonePublic.from_json(document) for name, document in job.publics.items()}
        opened = OpenZone(zone.zone, zone.folder, publics, zone._secret, speaker.progress, coming)
        speaker.answer(_task(job.task)(opened, job.document))
    except SaferoomError as error:
        speaker.refuse(error)
    except Exception as error:  # whatever it is, its words may hold values
        speaker.fail(error)


def open_from_descriptor(zone: str, descriptor: int) -> OpenZone:
    """Return the zone of this process; its secret is read from `descriptor`, which is closed."""
    if descriptor == NO_KEY:
        return OpenZone(zone, INSIDE, {}, None, silent)
    try:
        secret = os.pread(descriptor, KEY_BYTES + CARRIED_BYTES + 1, 0)
    finally:
        os.close(descriptor)
    return OpenZone(zone, INSIDE, {}, ZoneSecret(secret, zone), silent)


def public_keys(zone: OpenZone, _document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer with the zone's public keys."""
    return zone.secret.public.to_json()


def _task(name: str) -> Task:
    module, _, function = name.partition(":")
    if not module.startswith(_OURS):
        raise BadInputError("a zone runs tasks of this software alone")
    found: Task = getattr(importlib.import_module(module), function)
    return found


class WithoutPandas:
    """A finder that finds no pandas, which most tasks do not need.

    Pyarrow imports it to look for missing values of its kind, which takes longer than many jobs do.
    """

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> None:
        """Refuse pandas, and leave everything else to the finders that follow."""
        if name == "pandas":
            raise ModuleNotFoundError("the processes of this zone have no pandas", name=name)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # they go to standard error, where nobody reads
    main()
