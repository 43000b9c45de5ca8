"""What the chart tells the airlock about the pods of tasks; `helm/saferoom/templates/airlock.yaml` writes it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from saferoom.errors import UnavailableError
from saferoom.hub.jupyter.cluster import PodSettings

NAMESPACE = "SAFEROOM_EVALUATIONS_NAMESPACE"
INSTANCE = "SAFEROOM_EVALUATIONS_INSTANCE"
MOST = "SAFEROOM_EVALUATIONS_MOST"
START = "SAFEROOM_EVALUATIONS_START_SECONDS"
ROOMS = "SAFEROOM_ROOMS_SETTINGS"
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class PodPlace:
    """Where pods of tasks are made.

    Attributes
    ----------
    namespace : str
        Of the chart's templates, too.
    instance : str
        The release, as labels say it.
    most : int
        Pods at one time: evaluations, file checks and deliveries.
    start_seconds : int
        The longest to wait for a place on a node.
    rooms : Path
        What the chart says about rooms; the projects with claims are of interest here.
    """

    namespace: str
    instance: str
    most: int
    start_seconds: int
    rooms: Path

    @property
    def projects(self) -> list[str]:
        """Those that have claims now; Kubernetes renews the file when the chart's values change."""
        return PodSettings.read(self.rooms).projects

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> PodPlace:
        """Return what the environment says.

        Raises
        ------
        UnavailableError, BadInputError
            A setting is missing or wrong; it is named.
        """
        rooms = environment.get(ROOMS, "")
        if not rooms:
            raise UnavailableError(f"{ROOMS} has to name the file that says what rooms are made of; the chart sets it")
        PodSettings.read(Path(rooms))
        return cls(
            namespace=_name(environment, NAMESPACE),
            instance=_name(environment, INSTANCE),
            most=_number(environment, MOST, 1),
            start_seconds=_number(environment, START, 5),
            rooms=Path(rooms),
        )


def _name(environment: Mapping[str, str], variable: str) -> str:
    found = environment.get(variable, "")
    if not _NAME.fullmatch(found):
        raise UnavailableError(f"{variable} has to be a name as Kubernetes has them; the chart sets it")
    return found


def _number(environment: Mapping[str, str], variable: str, least: int) -> int:
    found = environment.get(variable, "")
    if not re.fullmatch(r"[0-9]{1,6}", found, re.ASCII) or int(found) < least:
        raise UnavailableError(f"{variable} has to be a whole number from {least} to 999999; the chart sets it")
    return int(found)
