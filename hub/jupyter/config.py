"""JupyterHub's whole configuration for an instance."""

from __future__ import annotations

import json
import os
import secrets
from functools import partial
from pathlib import Path
from typing import Any

from tornado.web import StaticFileHandler

from saferoom.hub.home import Home, unix_url
from saferoom.hub.jupyter import hub_log, programs
from saferoom.hub.jupyter.addresses import host
from saferoom.hub.jupyter.authenticator import LocalAuthenticator, RegistryAuthenticator
from saferoom.hub.jupyter.desk import Desk
from saferoom.hub.jupyter.entitled import take_turns
from saferoom.hub.jupyter.factors.party import RelyingParty
from saferoom.hub.jupyter.room_terms import TOKEN_SCOPES
from saferoom.hub.jupyter.settings import Settings
from saferoom.hub.jupyter.spawner import START_SECONDS, RoomSpawner
from saferoom.hub.jupyter.waiting import WaitingList
from saferoom.hub.linkage.desk.names import PAGES, SERVICE
from saferoom.hub.sandbox.memory import free_bytes
from saferoom.hub.sandbox.software import keep_apart
from saferoom.hub.sign_in_settings import OidcSignIn
from saferoom.hub.web.shell.navigation import RECORDER, REVIEW_PREFIX
from saferoom.hub.wiring import Instance

# A working day; then everybody signs in again.
SESSION_HOURS = 10
# How often a signed-in person's standing, and a running room's right to run, are looked at again.
REFRESH_SECONDS = 15
POLL_SECONDS = 10

_HERE = Path(__file__).parent
# One look for everything people see: the airlock's.
_LOOK = _HERE.parent / "web" / "static"
_AIRLOCK_SCOPE = "access:services!service=airlock"
# Who may review is said behind the door; no room's token has this.
_LINKAGE_SCOPE = "access:services!service=linkage"
_HUB_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def configure(c: Any, home: Home, settings: Settings | None = None) -> None:
    """Set everything on JupyterHub's configuration object `c` for the instance at `home`."""
    settings = settings or Settings()
    keep_apart(home.root)
    instance = Instance.open(home)
    desk = desk_of(instance, settings)
    secret = secrets.token_hex(32)
    _addresses(c, home, settings)
    _proxy(c, home, secret)
    sign_in(c, desk, secret, secure_cookies=settings.secure_cookies)
    _rooms(c, desk, settings)
    _airlock(c, home)
    pages(c, desk)


def _addresses(c: Any, home: Home, settings: Settings) -> None:
    c.JupyterHub.bind_url = f"http://{host(settings.address)}:{settings.port}"
    c.JupyterHub.hub_bind_url = unix_url(home.socket("hub"))
    # Rooms run under other user ids; what they may do there is up to their tokens.
    c.JupyterHub.hub_socket_mode = 0o666
    c.JupyterHub.db_url = f"sqlite:///{home.hub / 'jupyterhub.sqlite'}"
    c.JupyterHub.cookie_secret_file = str(home.hub / "cookie_secret")
    c.JupyterHub.pid_file = str(home.hub / "hub.pid")
    c.JupyterHub.cleanup_servers = True
    c.JupyterHub.cleanup_proxy = True


def _proxy(c: Any, home: Home, secret: str) -> None:
    c.ConfigurableHTTPProxy.api_url = unix_url(home.socket("proxy"))
    c.ConfigurableHTTPProxy.pid_file = str(home.hub / "proxy.pid")
    c.ConfigurableHTTPProxy.command = programs.proxy_command()
    c.ConfigurableHTTPProxy.command_umask = 0o077
    # The proxy inherits the hub's environment; rooms inherit nothing.
    os.environ["SAFEROOM_PROXY_MODULES"] = str(programs.proxy_modules())
    os.environ["SAFEROOM_PROXY_SECRET"] = secret
    os.environ["SAFEROOM_RECORDER"] = str(home.socket(RECORDER))
    os.environ["SAFEROOM_PROXY_NAMES"] = json.dumps(
        {
            programs.AIRLOCK_NAME: str(home.socket("airlock-web")),
            programs.LINKAGE_NAME: str(home.run / "linkage" / PAGES),
        }
    )


def sign_in(c: Any, desk: Desk, secret: str, *, secure_cookies: bool) -> None:
    """Set who gets in, for how long, and what they may ask the hub; `secret` is what the proxy alone knows."""
    kind, hours = _method(c, desk)
    c.JupyterHub.authenticator_class = kind
    section = c[kind.__name__]
    section.desk = desk
    section.proxy_secret = secret
    section.manage_groups = True
    section.allow_all = True
    section.auth_refresh_age = REFRESH_SECONDS
    section.auth_refresh_strict = True
    section.refresh_pre_spawn = True
    c.JupyterHub.cookie_max_age_days = hours / 24
    c.JupyterHub.tornado_settings = {
        "cookie_options": {"SameSite": "Lax", "secure": secure_cookies},
        "headers": {"Content-Security-Policy": _HUB_POLICY},
        "slow_spawn_timeout": 15,
    }
    # People use their own rooms and the airlock. Nobody makes tokens that outlive a session, and nobody administers.
    c.JupyterHub.load_roles = [
        {
            "name": "user",
            "description": "Own rooms and the airlock",
            "scopes": [
                "servers!user",
                "access:servers!user",
                "read:users!user",
                "users:activity!user",
                _AIRLOCK_SCOPE,
                _LINKAGE_SCOPE,
            ],
        }
    ]


def desk_of(instance: Instance, settings: Settings) -> Desk:
    """Return the front desk of an instance where people sign in as `settings` say."""
    if settings.oidc is None:
        return Desk(instance, RelyingParty.at(settings.keys_at))
    from saferoom.hub.jupyter.oidc.gate import OidcDesk

    return OidcDesk(instance, settings.oidc)


def _method(c: Any, desk: Desk) -> tuple[type[RegistryAuthenticator], float]:
    """Return what signs people in at `desk`, and for how many hours."""
    settings = getattr(desk, "settings", None)
    if not isinstance(settings, OidcSignIn):
        return LocalAuthenticator, SESSION_HOURS
    # Loaded only where it is used.
    from saferoom.hub.jupyter.oidc.authenticator import OidcAuthenticator

    c.OidcAuthenticator.login_service = settings.name
    c.OidcAuthenticator.client_id = settings.client_id
    c.OidcAuthenticator.scope = list(settings.scopes)
    c.OidcAuthenticator.oauth_callback_url = settings.callback
    return OidcAuthenticator, settings.session_hours


def _rooms(c: Any, desk: Desk, settings: Settings) -> None:
    c.JupyterHub.spawner_class = RoomSpawner
    every_room(c, c.RoomSpawner, desk)
    c.RoomSpawner.limits = settings.limits
    take_turns(c, c.RoomSpawner, WaitingList(settings.rooms, free_bytes), START_SECONDS)
    c.RoomSpawner.http_timeout = 30


def every_room(c: Any, section: Any, desk: Desk) -> None:
    """Set what holds for rooms wherever they run; `section` is their spawner's part of `c`."""
    section.desk = desk
    section.env_keep = []
    section.poll_interval = POLL_SECONDS
    section.poll_jitter = 0
    section.consecutive_failure_limit = 0
    section.server_token_scopes = list(TOKEN_SCOPES)
    c.JupyterHub.allow_named_servers = True
    c.JupyterHub.named_server_limit_per_user = 100


def _airlock(c: Any, home: Home) -> None:
    # JupyterHub knows services at TCP ports only. So it starts these without an address, and the proxy, which knows
    # the names, passes requests on to the sockets.
    c.ConfigurableHTTPProxy.extra_routes = {
        programs.AIRLOCK_PREFIX: f"http://{programs.AIRLOCK_NAME}",
        REVIEW_PREFIX: f"http://{programs.LINKAGE_NAME}",
    }
    c.JupyterHub.services = [
        _service(home, "airlock", programs.airlock_command(), programs.AIRLOCK_PREFIX, home.socket("airlock-web")),
        _service(home, SERVICE, programs.linkage_command(), REVIEW_PREFIX, home.run / "linkage" / PAGES),
    ]


_SETTINGS = ("SAFEROOM_KEYS", "SAFEROOM_VAULT", "SAFEROOM_OPENED", "SAFEROOM_METRICS_PORT", "SAFEROOM_LOG_FORMAT")
"""Settings of the hub's own environment that its services need as well; JupyterHub passes nothing on by itself."""


def _service(home: Home, name: str, command: list[str], prefix: str, socket: Path) -> dict[str, Any]:
    return {
        "name": name,
        "command": command,
        "environment": {
            **{setting: os.environ[setting] for setting in _SETTINGS if setting in os.environ},
            "SAFEROOM_HOME": str(home.root),
            "SAFEROOM_DATABASE_URL": home.database_url,
            "JUPYTERHUB_SERVICE_URL": unix_url(socket),
            "JUPYTERHUB_SERVICE_PREFIX": prefix,
            "JUPYTERHUB_OAUTH_CALLBACK_URL": f"{prefix}oauth_callback",
        },
        "oauth_redirect_uri": f"{prefix}oauth_callback",
        "oauth_no_confirm": True,
    }


def _first_page(desk: Desk, handler: Any) -> str:
    """Return where somebody begins; nothing for nobody, who then signs in and comes back."""
    user = handler.current_user
    return desk.first_page(user.name, "/hub/home", programs.AIRLOCK_PREFIX) if user else ""


def pages(c: Any, desk: Desk) -> None:
    """Set what people see of the hub."""
    # The second folder has the bar of both the hub's and the airlock's pages.
    c.JupyterHub.template_paths = [str(_HERE / "templates"), str(_LOOK.parent / "templates")]
    c.JupyterHub.template_vars = {"desk": desk, "airlock_url": programs.AIRLOCK_PREFIX}
    c.JupyterHub.logo_file = str(_LOOK / "icon.svg")
    c.JupyterHub.extra_handlers = [
        (r"/saferoom/static/(.*)", StaticFileHandler, {"path": str(_HERE / "static")}),
        (r"/saferoom/look/(.*)", StaticFileHandler, {"path": str(_LOOK)}),
    ]
    c.JupyterHub.default_url = partial(_first_page, desk)
    c.JupyterHub.log_level = "INFO"
    c.JupyterHub.logging_config = hub_log.settings()
