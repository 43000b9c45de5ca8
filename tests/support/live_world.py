"""A small instance for live tests: two projects with different data, people in good standing and not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select

from saferoom.clock import SystemClock
from saferoom.hub.administration import Administration
from saferoom.hub.extract_wiring import provision
from saferoom.hub.home import Home
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.store.migrate import upgrade
from saferoom.hub.wiring import Instance
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.administration.documents import read_entries

PASSWORD = "correct horse battery staple 42"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ALPHA, BETA = "alpha", "beta"

PEOPLE = {
    "ana": ("Ana Alvarez", "researcher"),
    "ben": ("Ben Boateng", "researcher"),
    "cleo": ("Cleo Chan", "researcher"),
    "lena": ("Lena Lapsed", "researcher"),
    "olga": ("Olga Owner", "data-owner"),
    "carla": ("Carla Checker", "output-checker"),
    "chen": ("Chen Checker", "output-checker"),
    "rhea": ("Rhea Reviewer", "clerical-reviewer"),
    "rolf": ("Rolf Reviewer", "clerical-reviewer"),
}
PROJECTS = {ALPHA: ("ana", "cleo"), BETA: ("ben",)}
DATASETS = {ALPHA: "births", BETA: "deaths"}


def build(home: Home) -> Instance:
    """Make the instance at `home` and return it."""
    instance = Instance.open(home)
    upgrade(instance.database)
    for number, name in enumerate(DATASETS.values()):
        pq.write_table(_records(number), home.sources / f"{name}.parquet")
    admin = Administration(instance.database, SystemClock(), instance.signing_key, actor="setup")
    admin.apply(read_entries([("\n---\n".join([*_people(), *_datasets(), *_projects()]), "world")]))
    for name in PEOPLE:
        instance.credentials.set_password(Username(name), PASSWORD, totp_secret=SECRET)
    for slug in PROJECTS:
        provision(home, instance.registry, ProjectSlug(slug))
    return instance


def restore(instance: Instance) -> None:
    """Put people, projects and approvals back to what `build` made, after a test changed them."""
    admin = Administration(instance.database, SystemClock(), instance.signing_key, actor="setup")
    admin.apply(read_entries([("\n---\n".join([*_people(), *_datasets(), *_projects()]), "world")]))
    for slug in PROJECTS:
        provision(instance.home, instance.registry, ProjectSlug(slug))


def audit_actions(instance: Instance, since: str) -> set[tuple[str, str, str]]:
    """Return actor, action and subject of every event since then."""
    with instance.database.reading() as session:
        rows = session.scalars(select(AuditLinkRow).where(AuditLinkRow.at >= since[:19]))
        return {(row.actor, row.action, row.subject) for row in rows}


def people_document(name: str, *, accredited: bool = True) -> str:
    """Return a person's YAML document."""
    title, role = PEOPLE[name]
    day = datetime.now(UTC).date() + timedelta(days=365 if accredited else -1)
    return (
        f"kind: person\nusername: {name}\ndisplay_name: {title}\nroles: [{role}]\n"
        f"accreditation_expires: {day}\ntraining_expires: {day}\n"
    )


def _people() -> list[str]:
    return [people_document(name, accredited=name != "lena") for name in PEOPLE]


def _datasets() -> list[str]:
    return [
        f"kind: dataset\nname: {name}\ntitle: {name.capitalize()}\nowner: olga\nsource: {name}.parquet\n"
        'version: "1"\nunits: [person_id]\nvariables:\n'
        "  - {name: person_id, type: integer, role: id}\n"
        "  - {name: region, type: text, role: quasi, codelist: [north, south]}\n"
        "  - {name: pay, type: number, role: sensitive}\n"
        f"risk_appetite: {{name: {name}}}\nrelease_route: {{name: {name}, automatic: true}}\n"
        for name in DATASETS.values()
    ]


def _projects() -> list[str]:
    until = datetime.now(UTC).date() + timedelta(days=100)
    return [
        f"kind: project\nslug: {slug}\ntitle: Project {slug}\nmembers: [{', '.join(members)}]\nends: {until}\n"
        f"---\nkind: approval\nproject: {slug}\ndataset: {DATASETS[slug]}\ngranted_by: olga\nuntil: {until}\n"
        "ended: false\n"
        for slug, members in PROJECTS.items()
    ]


def _records(number: int) -> pa.Table:
    people = range(400)
    return pa.table(
        {
            "person_id": [1000 * (number + 1) + i for i in people],
            "region": ["north" if i % 3 else "south" for i in people],
            "pay": [10.0 + i % 17 for i in people],
        }
    )


def home_at(folder: Path) -> Home:
    """Return a home below `folder`."""
    return Home(folder / "home")
