"""A small real instance for tests of the airlock: people, data, extracts, keys and store, in a folder of its own."""

from __future__ import annotations

import atexit
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from tests.support.empty_store import copy_store, tampering

from saferoom.clock import Clock, FrozenClock
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.verdict import Finding, Label, Risk, Table, Verdict
from saferoom.hub.extract_wiring import provision
from saferoom.hub.home import Home
from saferoom.hub.store import tables
from saferoom.hub.store.migrate import upgrade
from saferoom.hub.wiring import Instance
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.airlock.model import Choice, Request

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = date(2099, 12, 31)
MOBILITY, INCOME = ProjectSlug("mobility"), ProjectSlug("income")
REGIONS = ("north", "south", "east", "west")
PEOPLE = {
    "ana": ("Ana Abel", ("researcher",)),
    "rita": ("Rita Ruiz", ("researcher",)),
    "chris": ("Chris Cole", ("researcher", "output-checker")),
    "ben": ("Ben Berg", ("output-checker",)),
    "cleo": ("Cleo Chan", ("output-checker",)),
    "dora": ("Dora Dahl", ("data-owner",)),
    "otto": ("Otto Oort", ("data-owner",)),
    "ada": ("Ada Admin", ("administrator",)),
}
MEMBERS = {MOBILITY: ("ana", "chris"), INCOME: ("rita",)}
OWNERS = {"survey": "dora", "register": "otto"}


@dataclass(frozen=True)
class World:
    """An instance and shortcuts to what happens in it."""

    instance: Instance

    @property
    def home(self) -> Home:
        return self.instance.home

    @property
    def clock(self) -> FrozenClock:
        clock = self.instance.clock
        assert isinstance(clock, FrozenClock)
        return clock

    def person(self, name: str) -> Username:
        """Return the user name of somebody."""
        return Username(name)

    def request(self, author: str = "ana", project: ProjectSlug = MOBILITY, **words: str) -> Request:
        """Return a submitted request with one output that waits for a checker."""
        record = self.instance.airlock.record_evaluation(Username(author), project, judged())
        texts = {"title": "Education by region", "context": "A first look.", "controls": "Nothing special."} | words
        return self.instance.airlock.submit(
            Username(author), project, [record.id], texts["title"], texts["context"], texts["controls"]
        )

    def approve(self, request: Request, checker: str = "ben") -> Request:
        """Let `checker` approve every output of `request`."""
        after = request
        for output in request.outputs:
            after = self.instance.airlock.vote(Username(checker), request.id, output.id, Choice.APPROVED)
        return after

    def change(self, row: type[Any], key: Any, **values: Any) -> None:
        """Change a stored row, as an administrator's command would."""
        with tampering(self.instance.database) as session:
            found = session.get(row, key)
            for name, value in values.items():
                setattr(found, name, value)


@contextmanager
def world(folder: Path, clock: Clock | None = None, *, fresh: bool = False) -> Iterator[World]:
    """Yield a new instance below `folder`: a copy of one that was made before, or made for itself if `fresh`."""
    if fresh:
        _fill(folder / "home")
    else:
        made = _made()
        shutil.copytree(made, folder / "home")
        copy_store(made / "saferoom.sqlite", folder / "home" / "saferoom.sqlite")
    instance = Instance.open(Home(folder / "home"), clock or FrozenClock(NOW))
    try:
        yield World(instance)
    finally:
        instance.close()


@cache
def _made() -> Path:
    """Make the home that every world begins as a copy of; once per process."""
    folder = Path(tempfile.mkdtemp(prefix="saferoom-world-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _fill(folder / "home")
    return folder / "home"


def _fill(root: Path) -> None:
    instance = Instance.open(Home(root), FrozenClock(NOW))
    upgrade(instance.database)
    _register(instance)
    for slug in MEMBERS:
        provision(instance.home, instance.registry, slug, clock=instance.clock)
    instance.close()


def _register(instance: Instance) -> None:
    for name in OWNERS:
        pq.write_table(_people(name), instance.home.sources / f"{name}.parquet")
    with instance.database.transaction() as session:
        for username, (name, roles) in PEOPLE.items():
            session.add(
                tables.PersonRow(
                    username=username,
                    display_name=name,
                    active=True,
                    roles=[tables.PersonRoleRow(role=role) for role in roles],
                    records=[record(username, type_) for type_ in ("full", "safe-researcher", "output-checker")],
                )
            )
        session.flush()
        for name, owner in OWNERS.items():
            session.add(_dataset(name, owner))
        session.flush()
        for slug, members in MEMBERS.items():
            rows = [tables.MemberRow(username=member, since=NOW) for member in members]
            session.add(tables.ProjectRow(slug=slug, title=slug.capitalize(), active=True, members=rows))
            session.flush()
            for name, owner in OWNERS.items():
                approval = tables.ApprovalRow(
                    project=slug, dataset=name, granted_by=owner, until=LATER, automatic=name == "survey"
                )
                session.add(approval)


def record(username: str, type_: str, expires: date = LATER) -> tables.PersonRecordRow:
    """Return an accreditation (``full``) or a training."""
    return tables.PersonRecordRow(
        id=f"record-{username}-{type_}",
        username=username,
        kind="accreditation" if type_ == "full" else "training",
        type=type_,
        body="The body",
        expires=expires,
        evidence="A letter.",
        recorded_by="ada",
        recorded_at=NOW,
    )


def _dataset(name: str, owner: str) -> tables.DatasetRow:
    described: list[dict[str, Any]] = [
        {"name": "person_id", "type": "integer", "role": "id"},
        {"name": "region", "type": "text", "role": "quasi", "codelist": list(REGIONS), "label": "Region of residence"},
        {"name": "education", "type": "integer", "role": "quasi", "label": "Years of education"},
        {"name": "wage", "type": "number", "role": "sensitive", "label": "Hourly wage"},
    ]
    return tables.DatasetRow(
        name=name,
        title=name.capitalize(),
        owner=owner,
        source=f"{name}.parquet",
        version="1",
        units=["person_id"],
        risk_appetite={"kind": "risk-appetite"},
        release_route={"kind": "release-route", "automatic": name == "survey"},
        variables=[tables.VariableRow(position=number, **variable) for number, variable in enumerate(described)],
    )


def _people(name: str) -> pa.Table:
    """Return 600 invented people; region `west` of `survey` has three."""
    dice = random.Random(name)
    regions = ["west"] * 3 + [dice.choice(REGIONS[:3]) for _ in range(597)]
    return pa.table(
        {
            "person_id": list(range(1, 601)),
            "region": regions,
            "education": [dice.choice((9, 12, 16)) for _ in regions],
            "wage": [round(dice.uniform(8, 40), 2) for _ in regions],
        }
    )


def judged(verdict: Verdict = Verdict.REVIEW, *, label: Label = "west", dataset: str = "survey") -> Evaluation:
    """Return an evaluation as the checker would give it, without running one."""
    table = Table(("region", "count"), ((label, 3), ("north", 220), ("south", 180), ("east", 197)))
    finding = Finding(
        rule="threshold",
        risk=Risk.LOW_COUNT,
        severity=verdict if verdict is not Verdict.PASS else Verdict.REVIEW,
        cells=((label,),),
        message="Somebody who knows that a person is in this cell would learn about the few others in it.",
        remedy="protect: {method: suppress}",
    )
    return Evaluation(
        query=parse_query({"from": dataset, "statistic": "frequency", "by": ["region"]}),
        verdict=verdict,
        findings=(finding,) if verdict is not Verdict.PASS else (),
        table=table,
        protected=None,
        outgoing=table if verdict is not Verdict.FAIL else None,
        title="Frequency by region",
        automatic_obstacles=(),
        evidence={"units": 600},
    )
