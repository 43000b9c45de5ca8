"""Processes killed at every step of taking in a delivery and of linking: what was valid before stays valid."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.empty_store import tampering
from tests.support.forked import Forked
from tests.support.zones_world import (
    ACTOR,
    NOW,
    ZonesWorld,
    copied,
    people,
    pupils,
    run_program,
    taxpayers,
    write_csv,
)

from saferoom.clock import FrozenClock
from saferoom.errors import UnavailableError
from saferoom.hub.home import Home
from saferoom.hub.linkage import ingesting, linking, places, zones
from saferoom.hub.linkage.deliveries import linked_sources
from saferoom.hub.linkage.ingesting import Delivered, ingest, store_of
from saferoom.hub.linkage.linking import Wish, link_index
from saferoom.hub.linkage.status import linked_data
from saferoom.hub.linkage.zones import Zone
from saferoom.hub.store.zones import ZonesTransaction
from saferoom.hub.store.zones_tables import LinkageRow
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName

_KILLED = 9
_SECONDS = 120
KNOWN = people(240)


@pytest.fixture(scope="module")
def own(place: ZonesWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZonesWorld]:
    """Yield a copy of the linked world; whatever is tried here leaves it as it was."""
    with copied(place, tmp_path_factory.mktemp("killed")) as made:
        yield made


def die(*_: Any, **__: Any) -> None:
    os._exit(_KILLED)


def after(kept: Callable[..., Any]) -> Callable[..., Any]:
    def done(*words: Any, **named: Any) -> None:
        kept(*words, **named)
        os._exit(_KILLED)

    return done


def on_call(kept: Callable[..., Any], number: int) -> Callable[..., Any]:
    calls = []

    def counted(*words: Any, **named: Any) -> Any:
        calls.append(words)
        if len(calls) == number:
            os._exit(_KILLED)
        return kept(*words, **named)

    return counted


def killed(place: ZonesWorld, step: str, work: str, file: Path | None = None) -> None:
    """Do `work` in a process of its own that ends without a word at `step`.

    The process is no copy of this one, which has threads: what DuckDB's would have gone on with is lost in a copy.
    """
    log = place.home.root / "killed.log"
    words = (str(place.home.root), step, work, str(file or ""))
    environment = os.environ | {"SAFEROOM_DATABASE_URL": place.home.database_url}
    process = Forked(_until_killed, *words, environment=environment, log=log)
    assert process.wait(_SECONDS) == _KILLED, log.read_text(errors="replace")
    process.close()


def _until_killed(home: str, step: str, work: str, file: str) -> None:
    setattr(*STEPS[step])
    instance = Instance.open(Home(Path(home)), FrozenClock(NOW))
    if work == "link":
        link_index(instance, Wish("person"), ACTOR)
    else:
        ingest(instance, Delivered(DatasetName("pupils"), Path(file), "2"), ACTOR)


def state(place: ZonesWorld) -> tuple[list[tuple[DatasetName, str]], list[str], str]:
    with store_of(place.instance).reading() as now:
        deliveries = [(one.dataset, one.version) for one in now.deliveries()]
        linkages = [one.name for index in now.indexes() for one in now.linkages(index.name)]
        return deliveries, linkages, now.registry.dataset(DatasetName("pupils")).version


def kept_files(place: ZonesWorld) -> set[str]:
    folders = (place.home.linker, place.home.provisioner, place.home.splits)
    return {str(path) for folder in folders for path in folder.rglob("*") if path.is_file()}


def delivery(place: ZonesWorld) -> Callable[[Instance], object]:
    file = _file(place)
    return lambda instance: ingest(instance, Delivered(DatasetName("pupils"), file, "2"), ACTOR)


def _file(place: ZonesWorld) -> Path:
    return write_csv(place.inbox / "pupils-2.csv", pupils(KNOWN[:220]))


INGESTING: dict[str, tuple[Any, str, Any]] = {
    "before the splitter": (ingesting, "run_in_zone", die),
    "after the splitter": (ingesting, "take_back", die),
    "before anything is in its place": (ingesting, "move_in", die),
    "one zone has its part": (ingesting, "move_in", on_call(places.move_in, 2)),
    "both zones have their parts": (ingesting, "_record", die),
    "while it is recorded": (ZonesTransaction, "record_version", die),
}
LINKING: dict[str, tuple[Any, str, Any]] = {
    "the linker did its work, and its map is with the provisioner": (linking, "_rated", die),
    "nearly recorded": (ZonesTransaction, "add_linkage", after(ZonesTransaction.add_linkage)),
}
STEPS = {**INGESTING, **LINKING}


def test_ingest_killed_at_any_step_leaves_what_was_and_can_be_done_again(place: ZonesWorld, tmp_path: Path) -> None:
    with copied(place, tmp_path) as made:
        before, files = state(made), kept_files(made)
        for step in INGESTING:
            killed(made, step, "ingest", _file(made))
            assert state(made) == before, step
            assert files <= kept_files(made), step
        delivery(made)(made.instance)
        assert state(made)[0] == [("pupils", "1"), ("pupils", "2"), ("taxpayers", "1")]
        # What the killed processes left behind is gone: a delivery is six files.
        assert len(kept_files(made)) == len(files) + 6


def test_splitter_that_dies_leaves_what_was(own: ZonesWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    before, files = state(own), kept_files(own)
    for program in ("import os; os.kill(os.getpid(), 9)", "raise SystemExit(3)", "import time; time.sleep(60)"):
        with monkeypatch.context() as patch:
            patch.setattr(zones, "COMMAND", (*zones.COMMAND[:2], "-c"))
            patch.setattr(zones, "_MODULE", program)
            if "sleep" in program:
                patch.setattr(ingesting, "run_in_zone", _impatient)
            with pytest.raises(UnavailableError, match="nothing was changed"):
                delivery(own)(own.instance)
        assert (state(own), kept_files(own)) == (before, files)


def _impatient(*words: Any, **named: Any) -> Any:
    return zones.run_in_zone(*words, **named, timeout_seconds=0.5)


@pytest.mark.parametrize(
    "said",
    [
        "print('{}')",
        "print('[]')",
        "print('pass')",
        "print('{\"answer\": null}')",
        "answer({})",
        "answer({'rows': 120, 'sha256': 'x', 'stamps': {}, 'report': {}, 'profile': {}})",
        'print(\'{"refused": {"kind": "KeyboardInterrupt", "message": "Abbot"}}\')',
        'print(\'{"answer": {}, "progress": ["x", 1]}\')',
        "sys.stdout.write('x' * 3_000_000)",
    ],
)
def test_answer_that_is_none_changes_nothing(own: ZonesWorld, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    from tests.support import zones_world as support

    from saferoom.errors import SaferoomError

    before, files = state(own), kept_files(own)
    monkeypatch.setattr(zones, "_MOST_BYTES", 1 << 20)
    monkeypatch.setattr(zones, "COMMAND", (*zones.COMMAND[:2], "-c"))
    monkeypatch.setattr(zones, "_MODULE", support._PRELUDE + said)
    with pytest.raises(SaferoomError, match="nothing was changed") as error:
        delivery(own)(own.instance)
    assert "Abbot" not in error.value.message
    assert (state(own), kept_files(own)) == (before, files)


def test_files_that_a_splitter_adds_are_not_taken_over(own: ZonesWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links and files that nobody told of would be the service's to follow."""
    from saferoom.errors import IntegrityError

    before, files = state(own), kept_files(own)
    kept = zones.take_back
    for name, make in (
        ("a file", lambda folder: (folder / "note").write_text("x")),
        ("a link", lambda folder: (folder / "note").symlink_to("/etc/shadow")),
    ):
        monkeypatch.setattr(ingesting, "take_back", lambda path, make=make: (make(path / "linker"), kept(path)))
        with pytest.raises(IntegrityError, match="nothing was taken over"):
            delivery(own)(own.instance)
        assert (state(own), kept_files(own)) == (before, files), name


def test_link_killed_at_any_step_leaves_what_was_and_can_be_done_again(place: ZonesWorld, tmp_path: Path) -> None:
    with copied(place, tmp_path) as made:
        made.deliver("taxpayers", taxpayers(KNOWN[20:]), "2")
        before, files = state(made), kept_files(made)
        for step in LINKING:
            killed(made, step, "link")
            assert state(made) == before
            assert files <= kept_files(made)
            (source,) = linked_sources(made.instance, [(DatasetName("taxpayers"), "1")])
            assert [ref.number for ref in source.maps] == [1]
        assert made.link().name == "person@2"
        assert state(made)[1] == ["person@2", "person@1"]
        assert rows(made, "taxpayers", "1", "2") == [200, 220]


def test_review_that_a_killed_process_did_not_open_is_opened_later(place: ZonesWorld, tmp_path: Path) -> None:
    with copied(place, tmp_path) as made:
        with tampering(made.instance.database) as session:
            row = session.get_one(LinkageRow, ("person", 1))
            row.queue = [[1, 0, True], [2, 1, False]]
        assert made.instance.clerical.settled("person@1") == ()
        (index,) = linked_data(made.instance).indexes
        assert index.review is not None
        (again,) = linked_data(made.instance).indexes
        assert again.review == index.review


def rows(place: ZonesWorld, dataset: str, *versions: str) -> list[int]:
    """Return how many rows the provisioner makes of each version."""
    program = (
        "from saferoom.hub.linkage.provisioner import LinkedSource, materialise\n"
        "zone, of = opened(job), job.document['of']\n"
        "file = Path('/tmp/plain.parquet')\n"
        "answer({'rows': [materialise(zone, LinkedSource.from_json(one), file) for one in of]})"
    )
    sources = linked_sources(place.instance, [(DatasetName(dataset), version) for version in versions])
    found: list[int] = run_program(place.home, Zone.PROVISIONER, program, {"of": [one.to_json() for one in sources]})[
        "rows"
    ]
    return found
