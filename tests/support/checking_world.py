"""A request with everything a checker can meet: groups, statistics, files, a safe variant, an earlier version."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tests.support.airlock_world import MOBILITY, OWNERS, World, judged

from saferoom.disclosure.files.model import Concealed, FileReport, Grid, Passage
from saferoom.disclosure.files.view import View
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.remedies.model import Suggestion
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.hub.store.tables import DatasetRow
from saferoom.ids import EvaluationId, Username
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.uploads import Screened, Upload
from saferoom.projects.airlock.wanted import WantedGroup

ANA, BEN, CLEO = Username("ana"), Username("ben"), Username("cleo")
CODE = "import pandas as pd\nframe = pd.read_parquet('/data/survey.parquet')\n"


def file(world: World, name: str, view: View, data: bytes, kind: str = "csv") -> EvaluationId:
    """Let Ana upload a file in which one cell is at risk."""
    place = view.grids[0].place if view.grids else ""
    finding = Finding(
        rule="low-count",
        risk=Risk.LOW_COUNT,
        severity=Verdict.REVIEW,
        cells=((place, 3, 2),) if place else (),
        message=f"{name}, row 3 column 2: a count of units is below the threshold",
        remedy="Merge the categories.",
    )
    report = FileReport(name, kind, Verdict.REVIEW, (finding,) if place else ())
    return world.instance.airlock.record_file(Upload(ANA, MOBILITY, name, data), Screened(report, view)).id


def table_view(name: str = "pay.csv") -> View:
    """Return a small table with a low count."""
    rows = (("north", "310"), ("south", "7"), ("east", "290"))
    return View(grids=(Grid(name, ("region", "count"), rows, 2),), concealed=(Concealed(name, "a hidden column"),))


def code_view(text: str) -> View:
    """Return code."""
    return View(passages=(Passage("the whole file", text, is_code=True),))


def statistic(world: World, where: str = "", *, suggest: bool = True) -> EvaluationId:
    """Let Ana have a statistic judged, of which a safe variant is known."""
    document = {"from": "survey", "statistic": "frequency", "by": ["region"]} | ({"where": where} if where else {})
    variant = Suggestion({"protect": {"method": "suppress"}}, Verdict.PASS, 0.04, "small cells are left out")
    found = replace(judged(), query=parse_query(document), suggestions=(variant,) if suggest else ())
    return world.instance.airlock.record_evaluation(ANA, MOBILITY, found).id


def groups(world: World, where: str = "", code: str = CODE) -> list[WantedGroup]:
    """Return two groups: a statistic, and a file with its code."""
    table = file(world, "pay.csv", table_view(), f"region,count {where}".encode())
    script = file(world, "pay.py", code_view(code), code.encode(), "python")
    return [
        WantedGroup(
            (statistic(world, where),), "Education in the regions, for chapter two.", "Ten or more.", "Education"
        ),
        WantedGroup((table,), "Pay by region, for the appendix.", "Rounded to five.", "Pay", (script,)),
    ]


@contextmanager
def routed(world: World, **rules: object) -> Iterator[None]:
    """Let all data leave in another way for a while."""
    for name in OWNERS:
        world.change(DatasetRow, name, release_route={"kind": "release-route", **rules})
    yield
    for name in OWNERS:
        world.change(DatasetRow, name, release_route={"kind": "release-route", "automatic": name == "survey"})


def asked(world: World, title: str = "Education and pay") -> Request:
    """Return a submitted request with two groups."""
    return world.instance.airlock.submit_groups(ANA, MOBILITY, title, groups(world))


def asked_again(world: World) -> Request:
    """Return a request that was returned, changed and submitted again."""
    airlock = world.instance.airlock
    first = asked(world)
    airlock.return_to_author(BEN, first.id, "Only people of working age, please.")
    found = airlock.found(first.id)
    changed = groups(world, "education >= 9", CODE + "frame = frame[frame.education >= 9]\n")
    saved = airlock.save(ANA, first.id, found.version, "Education and pay of adults", changed)
    return airlock.submit_draft(ANA, first.id, saved.version)
