"""Control groups on trees made for the test; the real ones are tried by the tests with a real kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from saferoom.errors import UnavailableError
from saferoom.hub.sandbox import cgroups
from saferoom.hub.sandbox.spec import Limits

V1 = """\
30 20 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro
31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
32 30 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
33 30 0:29 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
34 30 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
"""
OWN_V1 = "5:memory:/user/hub\n4:pids:/\n3:cpu,cpuacct:/user\n1:name=systemd:/x\n0::/\n"


def limits() -> Limits:
    return Limits(memory_bytes=1000, processes=7, cpus=0.5)


def test_hierarchies_of_version_1_lie_below_the_hubs_own_groups() -> None:
    found = {one.controllers: one.folder for one in cgroups.hierarchies(V1, OWN_V1)}
    assert found == {
        ("cpu",): Path("/sys/fs/cgroup/cpu,cpuacct/user"),
        ("memory",): Path("/sys/fs/cgroup/memory/user/hub"),
        ("pids",): Path("/sys/fs/cgroup/pids"),
    }


def test_hierarchy_mounted_below_the_own_group_is_used_at_its_mount() -> None:
    mounts = "32 30 0:28 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    found = cgroups.hierarchies(mounts, "5:memory:/docker/abc\n")
    assert [one.folder for one in found] == [Path("/sys/fs/cgroup/memory")]


def test_hierarchy_of_version_2_has_the_controllers_it_offers(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    found = cgroups.hierarchies(f"32 30 0:28 / {tmp_path} rw - cgroup2 cgroup2 rw\n", "0::/\n")
    assert found == (cgroups.Hierarchy(tmp_path, ("memory", "pids", "cpu"), 2),)


def test_machine_without_control_groups_offers_none(tmp_path: Path) -> None:
    assert cgroups.hierarchies("", "0::/\n") == ()
    assert cgroups.hierarchies(f"32 30 0:28 / {tmp_path} rw - cgroup2 cgroup2 rw\n", "0::/\n") == ()


@pytest.fixture
def version_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree that looks like version 2, whose groups get their files when made."""
    (tmp_path / "cgroup.subtree_control").write_text("")
    hierarchy = cgroups.Hierarchy(tmp_path, ("memory", "pids", "cpu"), 2)
    monkeypatch.setattr(cgroups, "hierarchies", lambda: (hierarchy,))
    real = Path.mkdir

    def mkdir(self: Path, *args: object, **options: object) -> None:
        real(self, *args, **options)  # type: ignore[arg-type]
        for file in ("memory.max", "memory.swap.max", "pids.max", "cpu.max", "cgroup.subtree_control", "cgroup.procs"):
            (self / file).write_text("")

    monkeypatch.setattr(Path, "mkdir", mkdir)
    return tmp_path


def test_create_sets_every_limit_of_version_2(version_2: Path) -> None:
    group = cgroups.create("room", limits())
    (folder,) = group.folders
    assert folder.parent == version_2 / "saferoom"
    read = {name: (folder / name).read_text() for name in ("memory.max", "memory.swap.max", "pids.max", "cpu.max")}
    assert read == {"memory.max": "1000", "memory.swap.max": "0", "pids.max": "7", "cpu.max": "50000 100000"}
    assert (version_2 / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"
    assert group.procs == (folder / "cgroup.procs",)


def test_create_refuses_when_a_limit_cannot_be_set(version_2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hierarchy = cgroups.Hierarchy(version_2, ("memory",), 1)
    monkeypatch.setattr(cgroups, "hierarchies", lambda: (hierarchy,))
    with pytest.raises(UnavailableError, match="limits of a room could not be set"):
        cgroups.create("room", limits())


def test_enforceable_tells_what_can_really_be_set(version_2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = cgroups.Hierarchy(version_2, ("pids",), 2)
    bad = cgroups.Hierarchy(version_2 / "nowhere" / "deep", ("memory",), 1)
    monkeypatch.setattr(cgroups, "hierarchies", lambda: (bad, good))
    assert cgroups.enforceable() == ("pids",)
