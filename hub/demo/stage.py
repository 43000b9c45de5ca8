"""Sets the stage: data, people, projects, approvals, extracts, sign-ins and the notebook; again and again without harm.

Everything goes the way an administrator's work goes: the documents beside this module are what ``saferoom admin apply``
reads, and are written into the home so that they can be looked at, changed and applied again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from string import Template

from saferoom.clock import SystemClock
from saferoom.errors import IntegrityError, UnavailableError, WrongStateError
from saferoom.hub.administration import Administration, read_files
from saferoom.hub.demo.linked import staging as linked
from saferoom.hub.demo.linked.describing import codes
from saferoom.hub.demo.preparation import DATASETS, prepare
from saferoom.hub.demo.sign_ins import SignIn, enrol
from saferoom.hub.demo.steps import Steps
from saferoom.hub.extracts import Extracts
from saferoom.hub.home import Home
from saferoom.hub.linkage.deliveries import delivered
from saferoom.hub.linkage.ingesting import Delivered, ingest
from saferoom.hub.sandbox import identity
from saferoom.hub.store.migrate import upgrade
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.extracts.manifest import MANIFEST_FILE
from saferoom.projects.life.parts import Actor
from saferoom.projects.life.states import RUNNING

PROJECT = ProjectSlug("educational-mobility")
OTHER_PROJECT = ProjectSlug("college-wages")
NOTEBOOK = "educational-mobility.ipynb"
_DOCUMENTS = ("people.yaml", "datasets.yaml", "projects.yaml")
LINKED_DOCUMENTS = (*linked.DATASETS, *linked.PROJECTS)
_ACTOR = "saferoom demo"
_DAYS = {"in_half_a_year": 182, "in_a_year": 365, "in_two_years": 730}


@dataclass(frozen=True)
class Stage:
    """A home with everything in its place."""

    home: Home
    sign_ins: dict[Username, SignIn]
    changes: int

    @property
    def notebook(self) -> Path:
        """The example notebook in the project's workspace."""
        return self.home.workspaces / PROJECT / NOTEBOOK


def folder(home: Home) -> Path:
    """Return where the demonstration's own files are."""
    return home.root / "demo"


def set_stage(home: Home) -> Stage:
    """Make or complete the demonstration at `home`."""
    instance = Instance.open(home)
    try:
        upgrade(instance.database)
        prepare(home.sources)
        changes = _apply(instance)
        _take_in(instance)
        _provision(instance, anew=changes > 0)
        _name_leads(instance)
        people = [person.username for person in instance.registry.people()]
        sign_ins = enrol(instance.credentials, people, folder(home) / "sign-ins.json")
        _place_notebook(home, PROJECT, NOTEBOOK)
    finally:
        instance.close()
    return Stage(home, sign_ins, changes)


def stage_linked(home: Home, steps: Steps) -> None:
    """Set up the linked project beside the others; its steps are shown, as they take a while."""
    linked.prepare(steps, home, documents(SystemClock().now().date()))
    instance = Instance.open(home)
    try:
        _name_leads(instance)
    finally:
        instance.close()
    _place_notebook(home, linked.PROJECT, linked.NOTEBOOK)


def example_notebook(name: str = NOTEBOOK) -> str:
    """Return an example notebook, from the package or from the checkout it is developed in."""
    packaged = resources.files("saferoom.hub.demo") / name
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    path = Path(__file__).resolve().parents[2] / "examples" / name
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UnavailableError(f"the example notebook {name} is missing; install Saferoom again") from None


def documents(today: date) -> dict[str, str]:
    """Return the demonstration's documents with dates relative to `today`."""
    days = {name: str(today + timedelta(days=count)) for name, count in _DAYS.items()}
    source = resources.files("saferoom.hub.demo") / "documents"
    named = {**days, **codes()}
    files = (*_DOCUMENTS, *LINKED_DOCUMENTS)
    return {name: Template((source / name).read_text(encoding="utf-8")).substitute(named) for name in files}


def _apply(instance: Instance) -> int:
    target = folder(instance.home)
    target.mkdir(exist_ok=True, mode=0o700)
    texts = documents(instance.clock.now().date())
    for name in _DOCUMENTS:
        (target / name).write_text(texts[name], encoding="utf-8")
    administration = Administration(instance.database, instance.clock, instance.signing_key, _ACTOR)
    return len(administration.apply(read_files([target / name for name in _DOCUMENTS])).changes)


def _take_in(instance: Instance) -> None:
    """Ingest the owners' files: each gets its report and a synthetic twin; what came in before stays as it is."""
    for name in map(DatasetName, DATASETS):
        version = instance.registry.dataset(name).version
        if not delivered(instance, name, version):
            ingest(instance, Delivered(name, instance.home.sources / f"{name}.parquet", version), _ACTOR)


def _provision(instance: Instance, *, anew: bool) -> None:
    """Make the extracts that are missing, damaged, or older than the owners' files; all of them when `anew`."""
    extracts = instance.extracts(_ACTOR)
    newest = max(path.stat().st_mtime for path in instance.home.sources.iterdir())
    for project in instance.registry.projects():
        if project.active and (anew or not _holds(extracts, project.slug, newest)):
            extracts.provision(project.slug)


def _name_leads(instance: Instance) -> None:
    """Let a member lead each project, so that its people can ask for amendments."""
    console = Actor.console(_ACTOR)
    for project in instance.registry.projects():
        life = instance.lives.life(console, project.slug)
        if life.lead is None and life.state in RUNNING and project.members:
            instance.lives.hand_over(console, project.slug, min(project.members))


def _holds(extracts: Extracts, project: ProjectSlug, newest: float) -> bool:
    try:
        extracts.verify(project)
    except (IntegrityError, WrongStateError):
        return False
    made = (extracts.extracts / project / MANIFEST_FILE).stat().st_mtime
    return made >= newest and not extracts.lacking(project)


def _place_notebook(home: Home, project: ProjectSlug, name: str) -> None:
    workspace = home.workspaces / project
    workspace.mkdir(mode=0o700, exist_ok=True)
    target = workspace / name
    # Opened anew or not at all: the workspace is the researchers', and what they put there is not followed.
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(example_notebook(name))
        uid = identity(home, f"project:{project}")
        if uid is not None:
            os.fchown(file.fileno(), uid, uid)
