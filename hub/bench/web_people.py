"""Who and what there is in the world of the `web` benchmark: people, datasets, projects and approvals.

Everything is written the way an administrator's documents are, with its audit events; nobody and nothing in it is real.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.registry_writer import RegistryWriter
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.policies.models import PolicyModel, ReleaseRoute
from saferoom.projects.administration.changes import compare
from saferoom.projects.approvals.model import Approval, Project
from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole, VariableType
from saferoom.projects.people.model import Person, Role, Training

PASSWORD = "a-password-for-the-benchmark"  # noqa: S105 of people that live for this benchmark, on loopback
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 as above
ACTOR = "saferoom bench"
REGIONS = tuple(f"region {number:02d}" for number in range(12))
BANDS = ("16 to 24", "25 to 34", "35 to 49", "50 to 64", "65 and over")
VISITING = {Role.RESEARCHER: 30, Role.OUTPUT_CHECKER: 10, Role.DATA_OWNER: 8, Role.ADMINISTRATOR: 2}
"""How many people of each role are on the pages at once."""
DATASETS = 40
_RESEARCHERS = 300
_MEMBERS = 3
_VARIABLES = 40
_LETTER = {Role.RESEARCHER: "r", Role.OUTPUT_CHECKER: "c", Role.DATA_OWNER: "o", Role.ADMINISTRATOR: "a"}


@dataclass(frozen=True)
class Registered:
    """A project as the requests need it."""

    slug: ProjectSlug
    members: tuple[Username, ...]
    datasets: tuple[DatasetName, ...]


def name_of(role: Role, number: int) -> Username:
    """Return the user name of the person of a role with a number, from 0."""
    return Username(f"{_LETTER[role]}{number:03d}")


def visitors() -> dict[Username, Role]:
    """Return the people who visit, with their roles."""
    return {name_of(role, number): role for role, count in VISITING.items() for number in range(count)}


def owner_of(dataset: int) -> Username:
    """Return who owns the dataset with a number."""
    return name_of(Role.DATA_OWNER, dataset % VISITING[Role.DATA_OWNER])


def dataset_name(number: int) -> DatasetName:
    """Return the name of the dataset with a number, from 0."""
    return DatasetName(f"survey{number:02d}")


def registered(number: int) -> Registered:
    """Return the project with a number, from 0: three people, two datasets."""
    members = sorted({name_of(Role.RESEARCHER, (number * (7 + 4 * i) + i) % _RESEARCHERS) for i in range(_MEMBERS)})
    datasets = (dataset_name(number % DATASETS), dataset_name((number * 3 + 1) % DATASETS))
    return Registered(ProjectSlug(f"project-{number:04d}"), tuple(members), tuple(dict.fromkeys(datasets)))


def register(instance: Instance, projects: int) -> tuple[Registered, ...]:
    """Write everybody and everything with `projects` projects."""
    now = instance.clock.now()
    made = tuple(registered(number) for number in range(projects))
    with instance.database.transaction() as session:
        log = AuditLog(session, instance.clock, instance.signing_key)
        writer = RegistryWriter(session, log, now, ACTOR)
        for kind, key, record in _records(made, now.date() + timedelta(days=365)):
            change = compare(kind, key, None, record)
            if change is not None:
                writer.write(change)
    return made


def enrol(instance: Instance) -> None:
    """Give those who visit a password and a second factor."""
    for username in visitors():
        instance.credentials.set_password(username, PASSWORD, actor=ACTOR, totp_secret=SECRET)


def _records(projects: tuple[Registered, ...], until: date) -> Iterator[tuple[str, str, PolicyModel]]:
    for role, count in {**VISITING, Role.RESEARCHER: _RESEARCHERS}.items():
        for number in range(count):
            yield "person", name_of(role, number), _person(name_of(role, number), role, until)
    for number in range(DATASETS):
        yield "dataset", dataset_name(number), _dataset(number)
    for number, project in enumerate(projects):
        title = f"How region, age and pay go together, part {number}"
        # Every twentieth is over.
        made = Project(
            slug=project.slug, title=title, members=frozenset(project.members), ends=until, active=number % 20 != 19
        )
        yield "project", project.slug, made
        for dataset in project.datasets:
            approval = Approval(
                project=project.slug,
                dataset=dataset,
                granted_by=owner_of(int(dataset[-2:])),
                until=until,
                automatic=number % 3 == 0,
                sign_off=number % 5 == 0,
            )
            yield "approval", f"{project.slug}/{dataset}", approval


def _person(username: Username, role: Role, until: date) -> Person:
    return Person(
        username=username,
        display_name=f"Person {username.upper()}",
        roles=frozenset({role}),
        accreditation_expires=until,
        trainings=dict.fromkeys(Training, until),
    )


def _dataset(number: int) -> Dataset:
    told = tuple(
        Variable(name=f"answer_{i:02d}", type=VariableType.NUMBER, label=f"Answer to question {i} about pay and hours")
        for i in range(_VARIABLES - 4)
    )
    return Dataset(
        name=dataset_name(number),
        title=f"Survey of pay and hours, part {number}",
        owner=owner_of(number),
        source=f"{dataset_name(number)}.parquet",
        units=("person_id",),
        variables=(
            Variable(name="person_id", type=VariableType.INTEGER, role=VariableRole.ID),
            Variable(name="region", type=VariableType.TEXT, role=VariableRole.QUASI, codelist=REGIONS, label="Region"),
            Variable(name="age", type=VariableType.TEXT, role=VariableRole.QUASI, codelist=BANDS, label="Age"),
            Variable(name="pay", type=VariableType.NUMBER, role=VariableRole.SENSITIVE, label="Pay in an hour"),
            *told,
        ),
        release_route=ReleaseRoute(automatic=number % 2 == 0),
        description="Answers of adults in private households to questions about pay and hours of work. " * 3,
    )
