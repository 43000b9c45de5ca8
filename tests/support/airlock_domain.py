"""An airlock with a real store, a real vault and really evaluated queries; people and data are held in memory."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import MetaData, Table, and_, select, text
from tests.support.empty_store import store_at, tampering
from tests.support.registry_world import MemoryRegistry

from saferoom.audit import ChainReport
from saferoom.clock import FrozenClock
from saferoom.disclosure.checker import Context, check
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.files.model import FileReport, Grid
from saferoom.disclosure.files.view import View
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.hub.store.airlock import AirlockStore
from saferoom.hub.store.audit_log import stored_links, verify_audit_log
from saferoom.hub.store.cipher import AtRest
from saferoom.hub.store.database import Database
from saferoom.hub.store.notices_rows import read_notice
from saferoom.hub.store.notices_tables import ToldRow
from saferoom.hub.store.vault import FileVault
from saferoom.ids import DatasetName, Digest, EvaluationId, ProjectSlug, RequestId, Username
from saferoom.policies.models import ReleaseRoute
from saferoom.projects.airlock.model import Choice, EvaluationRecord, Request
from saferoom.projects.airlock.service import Airlock
from saferoom.projects.airlock.uploads import Screened, Upload
from saferoom.projects.approvals.model import Approval, Project
from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole, VariableType
from saferoom.projects.notices.model import Notice
from saferoom.projects.people.model import Person, Role, Training
from saferoom.projects.policies import effective
from saferoom.signing import SigningKey

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = date(2099, 12, 31)
ANA, CHRIS, RITA = Username("ana"), Username("chris"), Username("rita")
BEN, CLEO, DEE = Username("ben"), Username("cleo"), Username("dee")
DORA, OTTO, ADA = Username("dora"), Username("otto"), Username("ada")
MOBILITY, INCOME = ProjectSlug("mobility"), ProjectSlug("income")
SURVEY, WAGES = DatasetName("survey"), DatasetName("wages")
REGIONS = ("north", "south", "east")
SAFE: dict[str, Any] = {"from": "survey", "statistic": "frequency", "by": ["region"]}
"""Leaves by itself: the owner of `survey` opted in."""
CHECKED: dict[str, Any] = {"from": "wages", "statistic": "frequency", "by": ["region"]}
"""Proven safe, but the owner of `wages` wants a person to look."""
RISKY: dict[str, Any] = {"from": "survey", "statistic": "frequency", "by": ["region", "education"]}
"""Fails: a few people have a doctorate in the north."""
WORDS = {"title": "Education by region", "context": "For the mobility paper.", "controls": "Counts of 10 or more."}


TABLE = b"region,count\r\nnorth,310\r\nsouth,290\r\n"


def screened(name: str, verdict: Verdict = Verdict.REVIEW, type: str = "csv", **more: Any) -> Screened:
    """Return what the screening of a table would find."""
    finding = Finding(
        rule="unrounded-counts",
        risk=Risk.UNPROVEN,
        severity=verdict if verdict is not Verdict.PASS else Verdict.REVIEW,
        cells=(),
        message=f"the counts in {name}, row 2, are not rounded",
        remedy="Round them to multiples of 5.",
    )
    view = View(grids=(Grid(name, ("region", "count"), (("north", "310"), ("south", "290")), 2),))
    findings = (finding,) if verdict is not Verdict.PASS else ()
    return Screened(FileReport(name, type, verdict, findings), view, **more)


def registry() -> MemoryRegistry:
    """Return who and what there is."""
    people = {
        ANA: [Role.RESEARCHER],
        CHRIS: [Role.RESEARCHER, Role.OUTPUT_CHECKER],
        RITA: [Role.RESEARCHER],
        BEN: [Role.OUTPUT_CHECKER],
        CLEO: [Role.OUTPUT_CHECKER],
        DEE: [Role.OUTPUT_CHECKER, Role.RESEARCHER],
        DORA: [Role.DATA_OWNER],
        OTTO: [Role.DATA_OWNER],
        ADA: [Role.ADMINISTRATOR],
    }
    made: list[Person | Dataset | Project | Approval] = [
        Person(
            username=name,
            display_name=name.capitalize(),
            roles=frozenset(roles),
            accreditation_expires=LATER,
            trainings=dict.fromkeys(Training, LATER),
        )
        for name, roles in people.items()
    ]
    made += [_dataset(SURVEY, DORA, automatic=True), _dataset(WAGES, OTTO, automatic=False)]
    for slug, members in ((MOBILITY, {ANA, CHRIS}), (INCOME, {RITA})):
        made.append(Project(slug=slug, title=slug.capitalize(), members=frozenset(members)))
        for name, owner in ((SURVEY, DORA), (WAGES, OTTO)):
            made.append(Approval(project=slug, dataset=name, granted_by=owner, until=LATER, automatic=name == SURVEY))
    return MemoryRegistry.of(*made)


def _dataset(name: DatasetName, owner: Username, automatic: bool) -> Dataset:
    return Dataset(
        name=name,
        title=name.capitalize(),
        owner=owner,
        source=f"{name}.parquet",
        units=("person_id",),
        variables=(
            Variable(name="person_id", type=VariableType.INTEGER, role=VariableRole.ID),
            Variable(name="region", type=VariableType.TEXT, role=VariableRole.QUASI, codelist=REGIONS),
            Variable(name="education", type=VariableType.INTEGER, role=VariableRole.QUASI, codelist=(9, 12, 16, 21)),
            Variable(name="age", type=VariableType.INTEGER, role=VariableRole.QUASI),
            Variable(name="wage", type=VariableType.NUMBER, role=VariableRole.SENSITIVE),
        ),
        release_route=ReleaseRoute(automatic=automatic),
    )


@cache
def _extract(name: str) -> bytes:
    dice = random.Random(name)
    ids = sorted(dice.getrandbits(63) | 1 << 62 for _ in range(900))
    regions = [dice.choice(REGIONS) for _ in ids]
    education = [dice.choice((9, 12, 16)) for _ in ids]
    for place in [i for i, region in enumerate(regions) if region == "north"][:3]:
        education[place] = 21
    table = {
        "person_id": ids,
        "region": regions,
        "education": education,
        "age": [dice.randint(16, 80) for _ in ids],
        "wage": [round(dice.uniform(8, 40), 2) for _ in ids],
    }
    made = io.BytesIO()
    pq.write_table(pa.table(table), made)
    return made.getvalue()


@dataclass(frozen=True)
class Domain:
    """The airlock and everything around it."""

    folder: Path
    registry: MemoryRegistry
    clock: FrozenClock
    key: SigningKey
    database: Database
    vault: FileVault
    airlock: Airlock

    def extract(self, dataset: str) -> Path:
        return self.folder / f"{dataset}.parquet"

    def identifiers(self, dataset: str = "survey") -> list[int]:
        ids: list[int] = pq.read_table(self.extract(dataset), columns=["person_id"])["person_id"].to_pylist()
        return ids

    def evaluate(self, query: Mapping[str, Any], project: ProjectSlug = MOBILITY) -> Evaluation:
        """Judge `query` as the evaluator does, against everything released."""
        names = [DatasetName(str(query["from"]))]
        appetite, route = effective(self.registry, project, names)
        sources = [
            Source(name, self.extract(name), ("person_id",), {"region": REGIONS, "education": (9, 12, 16, 21)})
            for name in names
        ]
        memory = self.airlock.memory_for(project, names)
        return check(parse_query(query), Context(sources, appetite.policy, route.policy, memory))

    def record(
        self, query: Mapping[str, Any] = SAFE, author: Username = ANA, project: ProjectSlug = MOBILITY
    ) -> EvaluationRecord:
        return self.airlock.record_evaluation(author, project, self.evaluate(query, project))

    def upload(self, data: bytes = TABLE, **changes: Any) -> EvaluationRecord:
        """Let Ana upload a file in which `changes` says what was found."""
        upload = Upload(
            author=changes.pop("author", ANA),
            project=changes.pop("project", MOBILITY),
            name=changes.pop("name", "table.csv"),
            data=data,
            query_of=changes.pop("query_of", None),
        )
        return self.airlock.record_file(upload, screened(upload.name, **changes))

    def submit(self, *queries: Mapping[str, Any], **words: str) -> Request:
        """Let Ana submit `queries` in one request."""
        return self.ask([self.record(query).id for query in queries or (SAFE,)], **words)

    def ask(self, ids: list[EvaluationId], **words: str) -> Request:
        """Let Ana submit evaluations."""
        said = {**WORDS, **words}
        return self.airlock.submit(ANA, MOBILITY, ids, said["title"], said["context"], said["controls"])

    def support(self, ids: list[EvaluationId], supporting: list[EvaluationId]) -> Request:
        """Let Ana submit evaluations with supporting files."""
        said = (WORDS["title"], WORDS["context"], WORDS["controls"])
        return self.airlock.submit(ANA, MOBILITY, ids, *said, supporting)

    def approve(self, request: Request, checker: Username = BEN) -> Request:
        """Let `checker` approve every output."""
        for output in request.outputs:
            request = self.airlock.vote(checker, request.id, output.id, Choice.APPROVED)
        return request

    def stored(self, id_: RequestId) -> Request:
        """Return a request as it is, nothing hidden."""
        with self.airlock.store.reading() as tx:
            found = tx.request(id_)
        assert found is not None
        return found

    def route(self, **changes: Any) -> None:
        """Change what the owner of `wages` asks."""
        route = ReleaseRoute(**changes)
        self.registry.sets[WAGES] = self.registry.sets[WAGES].model_copy(update={"release_route": route})

    def project_route(self, **changes: Any) -> None:
        """Change what the project asks."""
        route = ReleaseRoute(automatic=True).model_copy(update=changes)
        self.registry.works[MOBILITY] = self.registry.works[MOBILITY].model_copy(update={"release_route": route})

    def actions(self) -> list[str]:
        """Return the actions of the audit trail, oldest first."""
        with self.database.reading() as session:
            return [stored.link.action for stored in stored_links(session)]

    def told(self, who: Username | None = None) -> list[Notice]:
        """Return what everybody, or one person, was told, in order."""
        with self.database.reading() as session:
            found = [read_notice(row) for row in session.scalars(select(ToldRow).order_by(ToldRow.id))]
        return [one for one in found if who in (None, one.to)]

    def recipients(self) -> list[tuple[str, tuple[Username, ...]]]:
        """Return each step that somebody was told of, with who that was."""
        steps: dict[str, list[Notice]] = {}
        for one in self.told():
            steps.setdefault(one.key.rpartition(":")[0], []).append(one)
        return [(told[0].kind, tuple(one.to for one in told)) for told in steps.values()]

    def audit(self) -> ChainReport:
        with self.database.reading() as session:
            return verify_audit_log(session, self.key.verifying_key)

    def sql(self, statement: str, **values: Any) -> None:
        """Change the database behind the airlock's back."""
        with tampering(self.database) as session:
            session.execute(text(statement), values)

    def rewrite(self, table: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        """Change every row of a table behind the airlock's back: `change` returns a row's new values."""
        with tampering(self.database) as session:
            known = Table(table, MetaData(), autoload_with=session.connection())
            for row in session.execute(select(known)).mappings().all():
                own = and_(*(column == row[column.name] for column in known.primary_key))
                session.execute(known.update().where(own).values(**change(dict(row))))

    def spoil(self, digest: Digest) -> None:
        """Change one byte of a vault object."""
        path = self.folder / "vault" / digest[:2] / digest[2:]
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.chmod(0o600)
        path.write_bytes(bytes(data))

    def mend(self, digest: Digest) -> None:
        """Undo `spoil`."""
        self.spoil(digest)

    def with_checkpoint(self, checkpoint: Callable[[str], None]) -> Domain:
        return replace(self, airlock=replace(self.airlock, checkpoint=checkpoint))


@contextmanager
def domain(folder: Path, key: SigningKey | None = None, database: Database | None = None) -> Iterator[Domain]:
    """Yield an airlock below `folder`; opened again on the same folder and key it finds everything as it was."""
    for name in ("survey", "wages"):
        if not (folder / f"{name}.parquet").exists():
            (folder / f"{name}.parquet").write_bytes(_extract(name))
    clock, key, people = FrozenClock(NOW), key or SigningKey.generate(), registry()
    database, vault = database or store_at(folder / "store.sqlite"), FileVault(folder / "vault")
    store = AirlockStore(database, clock, key)
    airlock = Airlock(
        store=store, registry=people, vault=vault, clock=clock, signing_key=key, cipher=AtRest(b"rest" * 8)
    )
    try:
        yield Domain(folder, people, clock, key, database, vault, airlock)
    finally:
        database.dispose()
