"""What the chart tells the hub about rooms on a cluster, and what the cluster tells it about addresses.

Rooms look up no names, so they are told addresses: those that Kubernetes puts into the environment of every pod for
the services beside it. See `helm/saferoom/templates/rooms.yaml` for the file.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from saferoom.errors import BadInputError
from saferoom.hub.jupyter.addresses import host
from saferoom.hub.jupyter.room_terms import PORT, Doors
from saferoom.hub.sign_in_settings import SignIn, load

SETTINGS = Path("/etc/saferoom/rooms/rooms.json")
"""Where the chart mounts the settings; ``SAFEROOM_ROOMS_SETTINGS`` names another file."""
SIGN_IN = Path("/etc/saferoom/sign-in/saferoom.yaml")
"""Where it mounts how people sign in; ``SAFEROOM_SIGN_IN_SETTINGS`` names another file."""
SECRET = "SAFEROOM_PROXY_SECRET"  # noqa: S105 - a variable's name
_SECRET_LENGTH = 32
EVERYWHERE = "0.0.0.0"  # noqa: S104 - in a pod, where the cluster's policies say who reaches it

_Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
_Quantity = Annotated[str, Field(pattern=r"^[1-9][0-9]*(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$")]
_Image = Annotated[str, Field(pattern=r"^[^\s@]+@sha256:[0-9a-f]{64}$")]


class PodSettings(BaseModel):
    """Of what rooms are made on a cluster.

    Attributes
    ----------
    instance : str
        The release, as labels say it.
    projects : tuple of str
        Those that have claims.
    most : int
        Rooms at one time.
    devices : mapping of str to str or int
        Resources besides memory and processors, such as graphics cards.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    namespace: _Name
    image: _Image
    pull_secrets: list[_Name]
    instance: _Name
    projects: list[_Name]
    most: Annotated[int, Field(ge=1)]
    memory: _Quantity
    cpu: _Quantity
    scratch: _Quantity
    devices: dict[str, str | int]
    start_seconds: Annotated[int, Field(ge=10)]
    runtime_class: str
    node_selector: dict[str, str]
    tolerations: list[dict[str, Any]]

    @classmethod
    def read(cls, path: Path) -> PodSettings:
        """Read the settings at `path`.

        Raises
        ------
        BadInputError
            The file cannot be read, or a setting in it is missing, unknown or wrong; all of them are named.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise BadInputError(f"{path} cannot be read ({error.strerror}); the chart mounts it into the hub") from None
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'all'}: {one['msg']}" for one in error.errors())
            raise BadInputError(f"{path} is not what the chart writes: {wrong}") from None


@dataclass(frozen=True)
class Cluster:
    """The cluster as the hub's pod sees it.

    Attributes
    ----------
    path : Path
        The settings' file; Kubernetes renews it while the hub runs, when a project is added.
    """

    path: Path
    doors: Doors

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Cluster:
        """Return the cluster that the environment describes.

        Raises
        ------
        BadInputError
            A setting is missing or wrong; it is named.
        """
        path = Path(environment.get("SAFEROOM_ROOMS_SETTINGS") or SETTINGS)
        PodSettings.read(path)
        hub = _address(environment, "HUB_SERVICE_HOST", "HUB_SERVICE_PORT")
        airlock = _address(environment, "AIRLOCK_SERVICE_HOST", "AIRLOCK_SERVICE_PORT_ROOMS")
        return cls(path, Doors(hub=hub, airlock=airlock, server=f"http://{EVERYWHERE}:{PORT}"))

    @property
    def settings(self) -> PodSettings:
        """The settings as they are now."""
        return PodSettings.read(self.path)


def sign_in_settings(environment: Mapping[str, str] = os.environ) -> SignIn:
    """Return how people sign in, by the file that ``saferoom hub --settings`` would read on one machine.

    Raises
    ------
    BadInputError
        There is no such file, or a setting in it is wrong; it is named.
    """
    path = Path(environment.get("SAFEROOM_SIGN_IN_SETTINGS") or SIGN_IN)
    if not path.is_file():
        raise BadInputError(f"{path} is not there; the chart mounts it into the hub")
    return load(path)


def proxy_secret(environment: Mapping[str, str] = os.environ) -> str:
    """Return what the proxy alone knows.

    Raises
    ------
    BadInputError
        It is missing, or short enough to be guessed.
    """
    secret = environment.get(SECRET, "")
    if len(secret) < _SECRET_LENGTH:
        raise BadInputError(f"{SECRET} has to have {_SECRET_LENGTH} characters at least; the chart makes it")
    return secret


def _address(environment: Mapping[str, str], name: str, port_name: str) -> str:
    try:
        address = ipaddress.ip_address(environment.get(name, ""))
    except ValueError:
        raise BadInputError(
            f"{name} has to be the address of a service; Kubernetes sets it for each service that was there first, so "
            "let the hub's pod start again"
        ) from None
    port = environment.get(port_name, "")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16):
        raise BadInputError(f"{port_name} has to be a port, 1 to 65535; Kubernetes sets it with {name}")
    return f"http://{host(str(address))}:{port}"
