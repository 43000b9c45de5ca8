"""What JupyterHub reads: the instance that the environment names. See `saferoom.hub.cli.hub`, which sets it."""

from __future__ import annotations

import json
import os

from saferoom.hub.home import Home
from saferoom.hub.jupyter.config import configure
from saferoom.hub.jupyter.settings import Settings
from saferoom.hub.jupyter.waiting import RoomLimits
from saferoom.hub.sandbox import Limits
from saferoom.hub.sign_in_settings import OidcSignIn

_chosen = json.loads(os.environ.get("SAFEROOM_HUB_SETTINGS", "{}"))
_limits = Limits(**_chosen.pop("limits", {}))
_rooms = RoomLimits(**_chosen.pop("rooms", {}))
_oidc = _chosen.pop("oidc", None)
_oidc = OidcSignIn.model_validate_json(_oidc) if _oidc else None
configure(get_config(), Home.from_environment(), Settings(**_chosen, limits=_limits, rooms=_rooms, oidc=_oidc))  # type: ignore[name-defined]  # noqa: F821
