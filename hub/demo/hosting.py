"""The demonstration for people: a running hub, and everything they need to know on one screen."""

from __future__ import annotations

from collections.abc import Callable

from saferoom.clock import SystemClock
from saferoom.errors import UnavailableError
from saferoom.hub.cli.text import table
from saferoom.hub.demo.linked.beside import linking_beside
from saferoom.hub.demo.linked.staging import NOTEBOOK as LINKED_NOTEBOOK
from saferoom.hub.demo.linked.staging import PROJECT as LINKED
from saferoom.hub.demo.mailbox import Kept, mailbox
from saferoom.hub.demo.process import ADDRESS, RunningHub, running_hub
from saferoom.hub.demo.stage import NOTEBOOK, PROJECT, Stage, folder, set_stage
from saferoom.hub.home import Home
from saferoom.hub.linkage.zones import not_enforced
from saferoom.hub.sandbox import enforcement

_ROLES = {
    "rosa": f"researcher in {PROJECT}",
    "ravi": "researcher in another project",
    "carla": "output checker",
    "chen": "output checker",
    "olga": "data owner of htv",
    "omar": "data owner of twoyear",
    "esme": "data owner of schools' data",
    "tom": "data owner of taxes and benefits",
    "nora": "data owner of births, census, derived data",
    "ada": "administrator",
}


def host(home: Home, port: int, show: Callable[[str], None]) -> None:
    """Prepare, start, say how to get in, and stay until Ctrl-C or until the hub ends."""
    # First of all: without a sandbox there is nothing to show.
    gaps = (*enforcement().not_enforced, *not_enforced())
    show("saferoom: preparing data, people and projects")
    try:
        stage = set_stage(home)
        show("saferoom: starting the hub, its proxy and the airlock")
        pages = f"http://{ADDRESS}:{port}/services/airlock/"
        with mailbox(home, folder(home) / "mail", pages) as mail, running_hub(home, port) as hub:
            for line in _welcome(stage, hub, gaps, mail):
                show(line)
            with linking_beside(home):
                _stay(hub, show)
    except KeyboardInterrupt:
        show("saferoom: the hub, the airlock and every room have ended; nothing is lost. Come back with: saferoom demo")


def _stay(hub: RunningHub, show: Callable[[str], None]) -> None:
    try:
        status = hub.wait()
    except KeyboardInterrupt:
        show("\nsaferoom: stopping the rooms, the airlock and the hub (Ctrl-C again does not wait for them)")
        raise
    raise UnavailableError(f"the hub ended by itself with status {status}; its log is {hub.log}")


def _welcome(stage: Stage, hub: RunningHub, gaps: tuple[str, ...], mail: Kept) -> list[str]:
    now = SystemClock().now()
    rows = [
        (name, _ROLES.get(name, ""), sign_in.password, sign_in.totp_secret, sign_in.code(now))
        for name, sign_in in sorted(stage.sign_ins.items(), key=lambda item: list(_ROLES).index(item[0]))
    ]
    return [
        "",
        f"  Rooms     {hub.url}/",
        f"  Airlock   {hub.url}/services/airlock/",
        "",
        table(("user", "who", "password", "one-time secret", "code now"), rows),
        "",
        "  A code holds for 30 seconds and works once. A new one: saferoom demo --code USER",
        "  (or put the one-time secret into an authenticator app).",
        f"  Sign in as rosa, open {PROJECT}, and run {NOTEBOOK}; then sign in as carla",
        "  in a private window and open the airlock. Rosa's other project has linked data:",
        f"  {LINKED}, with {LINKED_NOTEBOOK}; it is ready a while after the first start.",
        "",
        "  Not enforced on this machine:",
        *(f"   - {gap}" for gap in gaps),
        "",
        f"  Home {stage.home.root}, log {hub.log}",
        f"  E-mail is kept, not delivered: {mail.folder}",
        "  Ctrl-C stops the hub, the airlock and every room. --fresh starts over.",
    ]
