"""Ten thousand release requests for the `web` benchmark, in every state, sealed and recorded as the airlock does it.

What is judged is judged by the checker, once for each of a few queries; what follows is written in bulk, because
thousands of requests one after the other would take longer than the benchmark.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from saferoom.audit import Event
from saferoom.disclosure.checker import Context, check
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.verdict import Table
from saferoom.errors import UnavailableError
from saferoom.hub.bench.web_people import BANDS, REGIONS, VISITING, Registered, dataset_name, name_of
from saferoom.hub.bench.web_trail import Trail, save, told
from saferoom.hub.store import airlock_rows as rows
from saferoom.hub.wiring import Instance
from saferoom.ids import Digest, EvaluationId, OutputId, ReleaseId, RequestId, Username
from saferoom.policies.models import ReleaseRoute, RiskAppetite
from saferoom.projects.airlock import render, seals
from saferoom.projects.airlock.evaluations import VALID_FOR, Judgement, about, rules_digest
from saferoom.projects.airlock.model import DatasetVersion, EvaluationRecord, Group, Output, Request, Route
from saferoom.projects.airlock.records import Choice, Comment, Release, Vote
from saferoom.projects.airlock.states import State
from saferoom.projects.people.model import Role

WEIGHTS = {
    State.DRAFT: 4,
    State.SUBMITTED: 8,
    State.PARTLY_REVIEWED: 4,
    State.REVIEWED: 3,
    State.AWAITING_SIGN_OFF: 4,
    State.RETURNED: 6,
    State.RELEASED: 61,
    State.REJECTED: 5,
    State.WITHDRAWN: 5,
}
"""Of a hundred requests; one that is approved is released within a second, so that none stays so."""
CHECKERS = tuple(name_of(Role.OUTPUT_CHECKER, number) for number in range(VISITING[Role.OUTPUT_CHECKER]))
_LONG_AGO, _LATELY = 60 * 24 * 400, 60 * 24 * 20
_FINISHED = frozenset({State.RELEASED, State.REJECTED, State.WITHDRAWN})
_VOTES = {State.PARTLY_REVIEWED: 1, State.REVIEWED: 2, State.AWAITING_SIGN_OFF: 2, State.RELEASED: 2}
_QUERIES: tuple[dict[str, Any], ...] = (
    {"statistic": "frequency", "by": ["region", "age"]},
    {"statistic": "mean", "measure": "pay", "by": ["region"]},
    {"statistic": "frequency", "by": ["region"], "protect": {"method": "suppress"}},
)
_ROWS = 4_000
_AT_ONCE = 500


@dataclass(frozen=True)
class Template:
    """What the checker said of a query, and the files that would leave."""

    evaluation: Evaluation
    files: dict[str, Digest]


@dataclass
class Writer:
    """Makes evaluations and requests.

    Attributes
    ----------
    evaluations : dict
        What was judged already, by author, project and query: several requests may hold the same.
    """

    instance: Instance
    trail: Trail
    templates: Sequence[Template]
    dice: random.Random
    now: datetime
    evaluations: dict[tuple[str, str, int], EvaluationRecord] = field(default_factory=dict)

    def write(self, number: int, project: Registered) -> Request:
        """Write the request with a number and return it."""
        state = self.dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        author = self.dice.choice(project.members)
        minutes = self.dice.randrange(60, _LONG_AGO if state in _FINISHED else _LATELY)
        at = self.now - timedelta(minutes=minutes)
        id_ = RequestId(f"request-{number:024d}")
        asked = sorted({self.dice.randrange(len(self.templates)) for _ in range(self.dice.choice((1, 2)))})
        judged = [(which, self._evaluation(author, project, which, at)) for which in asked]
        datasets = tuple(sorted({dataset for _, one in judged for dataset in one.datasets}, key=lambda d: d.name))
        signs = (datasets[0].name,) if number % 5 == 0 or state is State.AWAITING_SIGN_OFF else ()
        made = Request(
            id=id_,
            author=author,
            project=project.slug,
            state=state,
            round=0,
            title=f"Pay by region and age, version {number}",
            automatic=False,
            checkers=2,
            created_at=at,
            updated_at=at,
            since=at,
            groups=(Group("", "The main tables of the paper. " * 12, "Cells below ten are left out. " * 9),),
            datasets=datasets,
            sign_off=signs,
            waits_because=("the data owner lets nothing leave by itself",),
        )
        rounds = [self._round(made, judged, one + 1) for one in range(self.dice.choice((1, 1, 1, 2)))]
        if state is State.DRAFT:
            save(self.trail, replace(made, outputs=()), None)
            return made
        last = self._reviewed(rounds[-1])
        save(self.trail, last, rounds[-2] if len(rounds) > 1 else None)
        return last

    def _round(self, made: Request, judged: Sequence[tuple[int, EvaluationRecord]], number: int) -> Request:
        outputs = tuple(
            Output(
                id=OutputId(f"output-{made.id[-12:]}{number:06d}{position:06d}"),
                round=number,
                position=position,
                evaluation=record.id,
                title=record.title,
                verdict=record.verdict,
                judged=record.digest,
                files=self.templates[which].files,
            )
            for position, (which, record) in enumerate(judged, start=1)
        )
        return replace(made, round=number, submitted_at=made.since - timedelta(hours=30), outputs=outputs)

    def _reviewed(self, request: Request) -> Request:
        """Return `request` with its seal, votes, a comment, and its release where it is released."""
        key = self.instance.signing_key
        sealed = replace(request, seal=seals.seal_submission(request, key))
        checkers = self.dice.sample(CHECKERS, _VOTES.get(request.state, 0))
        split = request.state is State.REVIEWED
        votes = [
            Vote(by, output.id, Choice.CHANGES_REQUESTED if split and place else Choice.APPROVED, "", request.since,
                 request.round)
            for place, by in enumerate(checkers)
            for output in request.outputs
        ]  # fmt: skip
        said = Comment(self.dice.choice(CHECKERS), "Which years are these?", True, None, request.since, request.round)
        left = Release(ReleaseId(f"release-{request.id[-24:]}"), request.id, Digest("0" * 64), request.since)
        return replace(
            sealed,
            votes=tuple(seals.seal_vote(request.id, vote, key) for vote in votes),
            comments=(said,) if self.dice.random() < 0.5 else (),
            release=left if request.state is State.RELEASED else None,
        )

    def _evaluation(self, author: Username, project: Registered, which: int, at: datetime) -> EvaluationRecord:
        known = self.evaluations.get((author, project.slug, which))
        return known or self._judged(author, project, which, at)

    def _judged(self, author: Username, project: Registered, which: int, at: datetime) -> EvaluationRecord:
        dataset = project.datasets[which % len(project.datasets)]
        template, appetite = self.templates[which].evaluation, RiskAppetite()
        query = parse_query({**template.query.document(), "from": dataset})
        judgement = Judgement(replace(template, query=query), (dataset,), appetite, {})
        id_ = EvaluationId(f"evaluation-{len(self.evaluations):024d}")
        unsealed = EvaluationRecord(
            id=id_,
            author=author,
            project=project.slug,
            title=template.title,
            verdict=template.verdict,
            digest=self.instance.vault.put(self.instance.cipher.seal(judgement.to_bytes(), about(id_))),
            rules=rules_digest(appetite),
            datasets=(DatasetVersion(dataset, "1"),),
            route=Route(False, ("the data owner lets nothing leave by itself",), 2),
            created_at=at,
            expires_at=at + VALID_FOR,
        )
        made = replace(unsealed, seal=seals.seal_evaluation(unsealed, self.instance.signing_key))
        self.trail.rows[0].append(rows.evaluation_row(made))
        self.trail.record(Event(author, "evaluation.judged", id_, seals.evaluation_claims(made)), at)
        self.evaluations[author, project.slug, which] = made
        return made


def fill(instance: Instance, projects: Sequence[Registered], count: int) -> dict[str, int]:
    """Write `count` requests, spread over `projects`; return how many there are in each state."""
    now, states = instance.clock.now(), dict.fromkeys((state.value for state in State), 0)
    templates = _templates(instance)
    with instance.database.transaction() as session:
        trail = Trail.of(session)
        writer = Writer(instance, trail, templates, _dice(20_260_101), now)
        for number in range(count):
            made = writer.write(number, projects[number % len(projects)])
            trail.rows[2].extend(told(made, CHECKERS))
            states[made.state.value] += 1
            if number % _AT_ONCE == _AT_ONCE - 1:
                trail.flush()
        trail.sign(instance.signing_key, now)
    return states


def _templates(instance: Instance) -> tuple[Template, ...]:
    """Let the checker judge a few queries on invented people."""
    name = dataset_name(0)
    path = instance.home.sources / f"{name}.parquet"
    _write_people(path)
    source = Source(name, path, ("person_id",), {"region": REGIONS, "age": BANDS})
    context = Context([source], RiskAppetite(), ReleaseRoute(), Memory.empty())
    made = []
    for query in _QUERIES:
        found = check(parse_query({"from": name, **query}), context)
        if found.outgoing is None:
            raise UnavailableError("a query of the benchmark's world has nothing that may leave; its data are wrong")
        made.append(Template(found, _files(instance, found.outgoing)))
    return tuple(made)


def _files(instance: Instance, table: Table) -> dict[str, Digest]:
    return {"csv": instance.vault.put(render.to_csv(table)), "xlsx": instance.vault.put(render.to_xlsx(table))}


def _dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - an invented world, the same each time


def _write_people(path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    dice = _dice(7)
    people = range(1, _ROWS + 1)
    table = pa.table(
        {
            "person_id": list(people),
            "region": [dice.choice(REGIONS) for _ in people],
            "age": [dice.choice(BANDS) for _ in people],
            "pay": [round(dice.uniform(8, 40), 2) for _ in people],
        }
    )
    pq.write_table(table, path)
