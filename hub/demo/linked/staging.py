"""The linked project is prepared: deliveries are ingested, linked, derived from, and a project gets its part.

Everything goes the way an administrator's work goes (``saferoom admin apply``, ``ingest``, ``link``), on files as the
departments would hand them over. Those are removed once they are split: from then on nobody has them together.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from saferoom.errors import WrongStateError
from saferoom.hub.administration import Administration
from saferoom.hub.demo.linked.preparing import FILES, PEOPLE, REFRESHED, deliver, make_world
from saferoom.hub.demo.steps import Step, Steps
from saferoom.hub.home import Home
from saferoom.hub.linkage.definition import read_index
from saferoom.hub.linkage.following import follow
from saferoom.hub.linkage.ingesting import Delivered, ingest, store_of
from saferoom.hub.linkage.linking import Wish, link_index
from saferoom.hub.linkage.messages import Tell
from saferoom.hub.linkage.records import Linkage
from saferoom.hub.refreshing import MADE, provision_entitled
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.administration.documents import read_entries

PROJECT = ProjectSlug("lost-children")
NOTEBOOK = "lost-children.ipynb"
INDEX = "person"
VERSION, NEXT_VERSION = "2021", "2022"
DATASETS, PROJECTS = ("linked-datasets.yaml", "linked-derived.yaml"), ("linked-projects.yaml",)
_INDEX_DOCUMENT = "linked-index.yaml"
_ACTOR = "saferoom demo"


def prepare(steps: Steps, home: Home, texts: Mapping[str, str], people: int = PEOPLE) -> None:
    """Set up the linked project at `home`, where it is not there yet.

    Parameters
    ----------
    texts : mapping
        The demonstration's documents by name.
    """
    with _opened(home) as instance:
        if _is_there(instance):
            with steps.step("the linked world is there already") as step:
                step.note = _standing(instance)
            return
        with steps.step("describe what five departments have, and what is derived from it") as step:
            step.note = f"{_apply(instance, texts, DATASETS)} documents applied"
        with _folder(home) as inbox:
            with steps.step(f"make up {people:,} people, and what the departments know of them") as step:
                files = deliver(make_world(inbox / "world", people=people), inbox / "deliveries")
                shutil.rmtree(inbox / "world")
                step.note = f"{len(files)} deliveries"
            with steps.step("ingest: each delivery is checked, and split between linker and provisioner") as step:
                step.note = f"{_ingest(steps, instance, files, VERSION):,} rows"
        with steps.step("link: the linker, who sees no attribute, finds who is the same person") as step:
            linkage = _link(step, instance, steps.tell, define=True)
        with steps.step("the quality pack, once it passed the checker, says whom linking loses") as step:
            step.note = _loses(step, linkage)
        with steps.step("derive: the provisioner, who sees no name, makes low income and pairs of incomes") as step:
            step.note = _derive(step, instance)
        with steps.step(f"approve {PROJECT}, and make its extracts of the linked data") as step:
            _apply(instance, texts, PROJECTS)
            step.note = _provision(step, instance)


def refresh(steps: Steps, home: Home, people: int = PEOPLE) -> None:
    """Let the schools deliver again, a year later; the project has it before this returns."""
    with _opened(home) as instance, _folder(home) as inbox:
        with steps.step("a year later the schools deliver again") as step:
            world = make_world(inbox / "world", people=people, delivery=2)
            files = deliver(world, inbox / "deliveries", REFRESHED)
            step.note = ", ".join(files)
        with steps.step("ingest the new deliveries: checked against the last ones, and split") as step:
            step.note = f"{_ingest(steps, instance, files, NEXT_VERSION):,} rows"
        with steps.step("link them against the people who are known: ids stay") as step:
            _link(step, instance, steps.tell, define=False)
        with steps.step("derive anew and give every entitled project its new versions") as step:
            followed = follow(instance, list(files), _ACTOR)
            step.expect(not followed.problems, "; ".join(followed.problems))
            step.expect(followed.projects.get(PROJECT, MADE) == MADE, followed.projects.get(PROJECT, ""))
            _expect_all(step, instance)
            step.note = f"made anew: {', '.join(followed.derived)}; {PROJECT} has them"


@contextmanager
def _opened(home: Home) -> Iterator[Instance]:
    instance = Instance.open(home)
    try:
        yield instance
    finally:
        instance.close()


@contextmanager
def _folder(home: Home) -> Iterator[Path]:
    """Give out a folder for what departments hand over; nothing of it stays."""
    with tempfile.TemporaryDirectory(prefix=".departments-", dir=home.root) as folder:
        yield Path(folder)


def _is_there(instance: Instance) -> bool:
    if all(project.slug != PROJECT for project in instance.registry.projects()):
        return False
    return not instance.extracts(_ACTOR).lacking(PROJECT)


def _standing(instance: Instance) -> str:
    with store_of(instance).reading() as now:
        linkage = now.linkage(INDEX)
    return "" if linkage is None else f"{linkage.name}, {linkage.counts['records']:,} records"


def _apply(instance: Instance, texts: Mapping[str, str], names: Iterable[str]) -> int:
    administration = Administration(instance.database, instance.clock, instance.signing_key, _ACTOR)
    return len(administration.apply(read_entries((texts[name], name) for name in names)).changes)


def _ingest(steps: Steps, instance: Instance, files: Mapping[DatasetName, Path], version: str) -> int:
    rows = 0
    for name, file in files.items():
        with store_of(instance).reading() as now:
            there = now.delivery(name, version)
        if there is None:  # an earlier run was interrupted after it
            there = ingest(instance, Delivered(name, file, version), _ACTOR, steps.tell)
        rows += there.rows
        file.unlink()
    return rows


def _link(step: Step, instance: Instance, tell: Tell, *, define: bool) -> Linkage:
    definition = None
    if define:
        text = (resources.files("saferoom.hub.demo") / "documents" / _INDEX_DOCUMENT).read_text(encoding="utf-8")
        definition = read_index(text, _INDEX_DOCUMENT)
    try:
        linkage = link_index(instance, Wish(INDEX, definition), _ACTOR, tell)
    except WrongStateError:  # an earlier run was interrupted after it
        with store_of(instance).reading() as now:
            found = now.linkage(INDEX)
        if found is None:
            raise
        linkage = found
    counts, pack = linkage.counts, linkage.quality["identifiers"]
    step.expect(counts["records"] > counts["entities"] > 0, "nothing was linked")
    step.note = f"{counts['records']:,} records, {counts['entities']:,} people{_estimates(pack)}"
    return linkage


def _estimates(pack: Mapping[str, Any]) -> str:
    """Return what is estimated of a linkage; nothing of a refresh, for which not all pairs are compared."""
    found = [(name, pack.get(name)) for name in ("precision", "recall")]
    said = ", ".join(f"{name} {about['value']:.3f}" for name, about in found if about is not None)
    return f"; estimated {said}" if said else ""


def _loses(step: Step, linkage: Linkage) -> str:
    packs = [linkage.quality["identifiers"], *linkage.quality["attributes"].values()]
    sentences = [sentence["text"] for pack in packs for sentence in pack["sentences"]]
    step.expect(bool(packs), "there is no quality pack")
    return sentences[0] if sentences else "no group is lost more often than others"


def _derive(step: Step, instance: Instance) -> str:
    followed = follow(instance, [DatasetName(name) for name in FILES], _ACTOR)
    step.expect(not followed.problems, "; ".join(followed.problems))
    with store_of(instance).reading() as now:
        made = [now.latest(DatasetName(name)) for name in ("lost_children", "income_pairs")]
    step.expect(all(one is not None for one in made), "a derived dataset is missing")
    return ", ".join(f"{one.dataset} {one.rows:,} rows" for one in made if one is not None)


def _provision(step: Step, instance: Instance) -> str:
    outcome = provision_entitled(
        instance, [approval.dataset for approval in instance.registry.approvals(PROJECT)], _ACTOR
    )
    step.expect(outcome.get(PROJECT, MADE) == MADE, outcome.get(PROJECT, ""))
    _expect_all(step, instance)
    manifest = instance.extracts(_ACTOR).verify(PROJECT)
    return ", ".join(f"{file.dataset} {file.version}" for file in manifest.files)


def _expect_all(step: Step, instance: Instance) -> None:
    """Expect that the project has every extract in its present version, whoever made it: the service looks, too."""
    lacking = instance.extracts(_ACTOR).lacking(PROJECT)
    step.expect(not lacking, f"the project lacks {', '.join(lacking)}")
