"""A wheel that an administrator allowed is installed in a real room by plain ``pip``, and in no other project's."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pyotp
import pytest
from tests.support import live_world
from tests.support.live import HubProcess, Live, as_root, free_port
from tests.support.live_world import ALPHA, BETA
from tests.support.ordinary import as_ordinary_user, hand_over
from tests.support.wheels import wheel

from saferoom.clock import SystemClock
from saferoom.hub.drive import HubSession
from saferoom.hub.home import Home
from saferoom.hub.packages.bringing import Bringing
from saferoom.hub.wiring import Instance
from saferoom.ids import ProjectSlug
from saferoom.projects.packages.model import wanted

pytestmark = pytest.mark.live

WHERE = "import tidal; print(tidal.HEIGHT, tidal.__file__)"


def bring(instance: Instance, folder: Path) -> None:
    """Tidal, which needs deep and what every room has, is for alpha; lonely is for beta."""
    folder.mkdir()
    wheel(folder, "tidal", requires=["deep", "numpy>=1"])
    wheel(folder, "deep")
    wheel(folder, "lonely")
    Bringing(instance.packages, instance.wheel_files, SystemClock(), "admin:root").add([folder])
    instance.packages.allow("admin:root", ProjectSlug(ALPHA), [wanted("tidal"), wanted("deep")])
    instance.packages.allow("admin:root", ProjectSlug(BETA), [wanted("lonely")])


@pytest.fixture(scope="module")
def brought(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Live:
    bring(live.instance, tmp_path_factory.mktemp("wheels") / "brought")
    return live


def test_allowed_package_is_installed_with_what_it_needs_and_imported(brought: Live) -> None:
    room = brought.room("ana", ALPHA)
    said = room.execute("%pip install tidal", 120).text
    assert "Successfully installed" in said, said
    assert "deep-1.0" in said
    assert "numpy" not in said.split("Successfully installed")[1]
    assert room.execute(WHERE).text.split()[0] == "42"
    assert room.execute("import sys, numpy; print(numpy.__file__.startswith(sys.prefix))").text.strip() == "False"
    assert "tidal" in room.execute("import saferoom; print(saferoom.packages())").text


def test_what_is_not_allowed_is_not_found_and_pip_says_where_it_looked(brought: Live) -> None:
    room = brought.room("ana", ALPHA)
    for name in ("lonely", "nowhere"):
        said = room.execute(f"!pip install {name}", 120).text
        assert f"No matching distribution found for {name}" in said, said
        assert "only-what-an-administrator-allowed-for-this-project" in said
    other = brought.room("ben", BETA)
    assert "No matching distribution found for tidal" in other.execute("!pip install tidal", 120).text
    assert "Successfully installed lonely" in other.execute("!pip install lonely", 120).text


def test_package_is_still_there_in_the_next_room_and_can_be_removed(brought: Live) -> None:
    room = brought.room("ana", ALPHA)
    room.execute("%pip install tidal", 120)
    brought.session("ana").stop_room(ALPHA)
    room = brought.room("ana", ALPHA)
    assert room.execute(WHERE).text.split()[0] == "42"
    # A colleague has an environment of one's own.
    assert "ModuleNotFoundError" in str(brought.room("cleo", ALPHA).execute("import tidal").error)
    assert "Successfully uninstalled tidal" in room.execute("%pip uninstall -y tidal", 120).text
    room.restart()
    assert "ModuleNotFoundError" in str(room.execute("import tidal").error)


ASK = """
import http.client, os
folders = os.path.dirname(os.__file__), os.path.dirname(__import__('numpy').__file__)
print([os.access(one, os.W_OK) for one in folders])
index = '/only-what-an-administrator-allowed-for-this-project'
for path in ('/', '/api/room/datasets', '/hub/api', index + '/simple/../../datasets'):
    wire = http.client.HTTPConnection('127.0.0.1', 3141)
    wire.request('GET', path)
    print(wire.getresponse().status)
"""


def test_rooms_software_cannot_be_written_and_the_index_leads_nowhere_else(brought: Live) -> None:
    said = brought.room("ana", ALPHA).execute(ASK).text
    assert said.split() == ["[False,", "False]", "404", "404", "404", "404"]


def test_kernel_without_own_packages_removes_what_breaks_the_other(brought: Live) -> None:
    kernels = brought.room("ana", ALPHA).request("GET", "api/kernelspecs").json()["kernelspecs"]
    assert kernels["python3-room"]["spec"]["display_name"] == "Python 3, without own packages"
    assert "/room/.saferoom/ana/" in kernels["python3"]["spec"]["argv"][0]
    assert "/room/" not in kernels["python3-room"]["spec"]["argv"][0]


@pytest.mark.skipif(not as_root(), reason="these tests run as an ordinary user already, and so does their hub")
def test_room_of_a_hub_that_an_ordinary_user_started_installs_packages() -> None:
    # Not below pytest's own folder, which is closed to others.
    folder = Path(tempfile.mkdtemp(prefix="saferoom-", dir="/tmp"))
    home = Home(folder / "home")
    instance = live_world.build(home)
    bring(instance, folder / "brought")
    instance.close()
    hand_over(folder)
    hub = HubProcess(home, free_port(), before=tuple(as_ordinary_user()))
    try:
        hub.start()
        with HubSession(hub.url) as session:
            session.sign_in("ana", live_world.PASSWORD, pyotp.TOTP(live_world.SECRET).now())
            room = session.start_room(ALPHA)
            said = room.execute("!pip install tidal", 120).text
            assert "Successfully installed" in said, said
            assert room.execute(WHERE).text.split()[0] == "42"
    finally:
        hub.stop()
        shutil.rmtree(folder)
