"""The people of the `capacity` benchmark: each has a project to work in, five to a project, and one more only looks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from saferoom.clock import SystemClock
from saferoom.hub.administration import Administration
from saferoom.hub.bench.web_people import ACTOR, PASSWORD, SECRET
from saferoom.hub.home import Home
from saferoom.hub.store.migrate import upgrade
from saferoom.hub.wiring import Instance
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.administration.documents import read_entries

VISITOR = Username("visitor")
"""Opens pages while the others want rooms."""
_OWNER = Username("owner")
_DATASET = "survey"
_EACH = 5
_ROWS = 10_000


def make_world(home: Home, people: int) -> dict[Username, ProjectSlug]:
    """Write an instance at `home` with `people` researchers; return the project of each."""
    members = {Username(f"person{number:03d}"): _project(number // _EACH) for number in range(people)}
    instance = Instance.open(home)
    try:
        upgrade(instance.database)
        _write_survey(home)
        admin = Administration(instance.database, instance.clock, instance.signing_key, ACTOR)
        admin.apply(read_entries([("\n---\n".join(_documents(members)), "world")]))
        for username in (*members, VISITOR):
            instance.credentials.set_password(username, PASSWORD, actor=ACTOR, totp_secret=SECRET)
        for slug in sorted(set(members.values())):
            instance.extracts(ACTOR).provision(slug)
    finally:
        instance.close()
    return members


def code() -> str:
    """Return the one-time code that everybody has now."""
    import pyotp

    return pyotp.TOTP(SECRET).at(SystemClock().now())


def _project(number: int) -> ProjectSlug:
    return ProjectSlug(f"project-{number:02d}")


def _documents(members: dict[Username, ProjectSlug]) -> Iterator[str]:
    until = SystemClock().now().date() + timedelta(days=30)
    for username in (*members, VISITOR):
        yield _person(username, "researcher", until)
    yield _person(_OWNER, "data-owner", until)
    yield (
        f"kind: dataset\nname: {_DATASET}\ntitle: A survey of pay\nowner: {_OWNER}\nsource: {_DATASET}.parquet\n"
        'version: "1"\nunits: [person_id]\nvariables:\n'
        "  - {name: person_id, type: integer, role: id}\n"
        "  - {name: region, type: text, role: quasi, codelist: [north, south]}\n"
        "  - {name: pay, type: number, role: sensitive}\n"
        f"risk_appetite: {{name: {_DATASET}}}\nrelease_route: {{name: {_DATASET}, automatic: true}}"
    )
    for slug in sorted(set(members.values())):
        inside = ", ".join(username for username, project in members.items() if project == slug)
        yield f"kind: project\nslug: {slug}\ntitle: Pay in {slug}\nmembers: [{inside}]\nends: {until}"
        yield f"kind: approval\nproject: {slug}\ndataset: {_DATASET}\ngranted_by: {_OWNER}\nuntil: {until}"


def _person(username: Username, role: str, until: date) -> str:
    return (
        f"kind: person\nusername: {username}\ndisplay_name: {username.capitalize()}\nroles: [{role}]\n"
        f"accreditation_expires: {until}\ntraining_expires: {until}"
    )


def _write_survey(home: Home) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    dice = np.random.default_rng(20_260_101)
    columns = {
        "person_id": np.arange(_ROWS),
        "region": np.where(dice.random(_ROWS) < 0.5, "north", "south"),
        "pay": dice.lognormal(3, 0.4, _ROWS).round(2),
    }
    pq.write_table(pa.table(columns), home.sources / f"{_DATASET}.parquet")
