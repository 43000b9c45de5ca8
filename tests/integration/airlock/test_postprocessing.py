"""What was released with differential privacy is processed for nothing, leaves by itself, and keeps its certificate."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.airlock_world import MOBILITY, judged
from tests.support.naming import names
from tests.support.privacy_airlock import ANA, COUNTS, PrivacyAirlock, privacy_airlock

from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError, NotFoundError, WrongStateError
from saferoom.hub.store import tables
from saferoom.ids import EvaluationId, ProjectSlug, Username
from saferoom.projects.airlock.model import EvaluationRecord, Lane, Request
from saferoom.projects.airlock.processing import MOST_WAYS
from saferoom.projects.airlock.records import Cause
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.verify import verify_bundle

BROAD = {"plains": ["north", "east"], "hills": ["south", "west"]}
STEPS: list[dict[str, Any]] = [{"clip": {"least": 0}}, {"round": 10}, {"drop": ["count_clipped"]}]


@pytest.fixture
def here(tmp_path: Path) -> Iterator[PrivacyAirlock]:
    with privacy_airlock(tmp_path, sandboxed=False) as made:
        yield made


def released(here: PrivacyAirlock, query: Mapping[str, Any] = COUNTS) -> tuple[EvaluationRecord, Request]:
    """Return a quote whose result has left, and the request that it left with."""
    quote = here.evaluate(query)
    request = here.ask(quote.id)
    assert request.state is State.RELEASED, (request.blocked, request.waits_because)
    return quote, request


def process(here: PrivacyAirlock, id_: EvaluationId, steps: Any = STEPS) -> EvaluationRecord:
    record, _ = here.airlock.process(ANA, MOBILITY, id_, steps)
    return record


def bundle_of(here: PrivacyAirlock, request: Request) -> bytes:
    assert request.release is not None
    return here.world.instance.vault.get(request.release.bundle)


def table_in(data: bytes) -> list[list[str]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return list(csv.reader(io.StringIO(archive.read("outputs/output-01.csv").decode())))


def test_a_processed_table_leaves_by_itself_costs_nothing_and_is_verified(here: PrivacyAirlock) -> None:
    quote, first = released(here)
    spent = here.spent
    made = process(here, quote.id)
    assert made.route.automatic
    assert made.title == f"{quote.title}, clipped, rounded to 10, with fewer columns"
    request = here.ask(made.id)
    assert (request.state, request.automatic, request.outputs[0].lane) == (State.RELEASED, True, Lane.PRIVACY)
    assert here.spent == spent
    assert len(here.charges()) == 1
    data = bundle_of(here, request)
    report = verify_bundle(data, here.world.instance.signing_key.verifying_key)
    assert report.ok, report.problem
    drawn, processed = table_in(bundle_of(here, first)), table_in(data)
    assert processed[0] == ["region", "count", "count_margin_95", *processed[0][3:]]
    place = drawn[0].index("count")
    assert [row[0] for row in processed[1:]] == [row[0] for row in drawn[1:]]
    for before, after in zip(drawn[1:], processed[1:], strict=True):
        assert float(after[1]) % 10 == 0
        assert abs(float(after[1]) - max(0.0, float(before[place]))) <= 5


def test_a_certificate_says_how_it_was_processed_and_what_was_drawn(here: PrivacyAirlock) -> None:
    quote, _ = released(here)
    request = here.ask(process(here, quote.id).id)
    with zipfile.ZipFile(io.BytesIO(bundle_of(here, request))) as archive:
        record = json.loads(archive.read("sdc-record.json"))
    envelope = record["outputs"][0]["certificate"]
    key = here.world.instance.signing_key.verifying_key
    document = key.open_json(envelope, "application/vnd.saferoom.privacy-certificate+json")
    assert document["ledger"]["charge"] == here.charge(quote).id
    assert document["processing"]["steps"] == [
        {"clip": {"least": 0}},
        {"round": {"to": 10}},
        {"drop": ["count_clipped"]},
    ]
    assert document["processing"]["drawn"]["columns"][0] == "region"
    assert not names(json.dumps(document), "ana")
    assert not names(json.dumps(document), "dora")


def test_the_same_steps_give_the_same_evaluation(here: PrivacyAirlock) -> None:
    quote, _ = released(here)
    one = process(here, quote.id)
    assert process(here, quote.id) == one
    assert process(here, EvaluationId(f"drawn-{quote.id}")) == one
    other = process(here, quote.id, [{"round": 10}])
    assert other.id != one.id
    assert process(here, quote.id) == one


def test_further_steps_are_steps_on_what_was_drawn(here: PrivacyAirlock) -> None:
    quote, _ = released(here)
    once = process(here, quote.id, [{"drop": ["count_clipped"]}])
    twice, evaluation = here.airlock.process(ANA, MOBILITY, once.id, [{"round": 10}])
    assert twice == process(here, quote.id, [{"drop": ["count_clipped"]}, {"round": 10}])
    assert evaluation.privacy is not None
    assert evaluation.privacy["processing"]["source"] == f"drawn-{quote.id}"
    assert here.ask(twice.id).state is State.RELEASED
    with pytest.raises(BadInputError, match="add up before anything is rounded"):
        process(here, twice.id, [{"totals": ["region"]}])
    with pytest.raises(BadInputError, match="there are more than 10"):
        process(here, twice.id, [{"round": 10}] * 9)


def test_groups_of_the_catalogue_and_its_names_are_joined(here: PrivacyAirlock) -> None:
    with here.world.instance.database.transaction() as session:
        for row in session.query(tables.VariableRow).filter_by(name="region"):
            row.hierarchy = BROAD
    quote, _ = released(here)
    made = process(here, quote.id, [{"join": "region"}, {"totals": "region"}])
    request = here.ask(made.id)
    assert request.state is State.RELEASED, request.blocked
    data = bundle_of(here, request)
    assert verify_bundle(data, here.world.instance.signing_key.verifying_key).ok
    assert {row[0] for row in table_in(data)[1:]} == {"plains", "hills"}
    named = here.ask(process(here, quote.id, [{"rename": "catalogue"}]).id)
    assert table_in(bundle_of(here, named))[0][0] == "Region of residence"


def test_public_figures_of_the_catalogue_are_joined(here: PrivacyAirlock) -> None:
    with here.world.instance.database.transaction() as session:
        for row in session.query(tables.VariableRow).filter_by(name="region", dataset="survey"):
            row.figures = {"population": {"north": 1_200_000, "south": 2_500_000.5}}
    quote, _ = released(here)
    made = process(here, quote.id, [{"figures": {"region": ["population"]}}, {"round": 10}])
    assert made.route.automatic
    request = here.ask(made.id)
    data = bundle_of(here, request)
    report = verify_bundle(data, here.world.instance.signing_key.verifying_key)
    assert report.ok, report.problem
    head, *rows = table_in(data)
    assert head[-1] == "region_population"
    assert {row[0]: row[-1] for row in rows} == {"north": "1200000", "south": "2500000.5", "east": "", "west": ""}
    with pytest.raises(BadInputError, match="no such figures of region; it has population"):
        process(here, quote.id, [{"figures": {"region": ["income"]}}])


def test_a_chart_is_drawn_of_what_leaves(here: PrivacyAirlock) -> None:
    quote, _ = released(here)
    made, evaluation = here.airlock.process(ANA, MOBILITY, quote.id, [{"round": 10}, {"chart": {"kind": "bar"}}])
    assert evaluation.picture is not None
    request = here.ask(made.id)
    assert set(request.outputs[0].files) == {"csv", "xlsx", "png", "svg"}
    assert request.state is State.RELEASED
    report = verify_bundle(bundle_of(here, request), here.world.instance.signing_key.verifying_key)
    assert report.ok, report.problem
    # Of a chart nothing else can be made: further steps begin before it.
    _, plain = here.airlock.process(ANA, MOBILITY, made.id, [{"drop": ["count_clipped"]}])
    assert plain.picture is None


@pytest.mark.parametrize(
    ("chart", "sentence"),
    [
        ({"kind": "map"}, "a map is asked for in the query itself"),
        ({"kind": "heatmap"}, "needs a table with two dimensions"),
        ({"kind": "bar", "value": "wage"}, "has no such column"),
    ],
)
def test_a_chart_that_cannot_be_drawn_is_refused(here: PrivacyAirlock, chart: dict[str, Any], sentence: str) -> None:
    quote, _ = released(here)
    with pytest.raises(BadInputError, match=sentence):
        process(here, quote.id, [{"chart": chart}])


def test_what_was_released_can_be_processed_after_the_data_were_refreshed(here: PrivacyAirlock) -> None:
    quote, _ = released(here)
    here.world.change(tables.DatasetRow, "survey", version="2")
    here.world.clock.advance(timedelta(days=30))
    request = here.ask(process(here, quote.id).id)
    assert request.state is State.RELEASED, request.blocked
    assert verify_bundle(bundle_of(here, request), here.world.instance.signing_key.verifying_key).ok


def test_an_old_processed_table_is_processed_again_instead(here: PrivacyAirlock) -> None:
    quote, _ = released(here)
    made = process(here, quote.id)
    here.world.clock.advance(timedelta(days=7))
    with pytest.raises(WrongStateError, match="process the numbers again, which costs nothing"):
        here.ask(made.id)
    again = process(here, quote.id)
    assert again.id != made.id
    assert here.ask(again.id).state is State.RELEASED


# What cannot be processed


def test_a_quote_cannot_be_processed(here: PrivacyAirlock) -> None:
    quote = here.evaluate()
    with pytest.raises(WrongStateError, match="nothing has been drawn of this query yet"):
        process(here, quote.id)


def test_what_was_not_released_cannot_be_processed(here: PrivacyAirlock) -> None:
    here.world.change(tables.DatasetRow, "survey", release_route={"kind": "release-route", "owner_signs": True})
    quote = here.evaluate()
    request = here.ask(quote.id)
    assert request.state is not State.RELEASED
    with pytest.raises(WrongStateError, match="have not been released"):
        process(here, quote.id)


def test_what_was_withdrawn_cannot_be_processed_nor_leave_processed(here: PrivacyAirlock) -> None:
    quote, request = released(here)
    made = process(here, quote.id)
    here.airlock.withdraw_release(Username("ben"), request.id, Cause.DISCLOSURE_CONTROL, "The wrong unit.")
    with pytest.raises(WrongStateError, match="was withdrawn; do not use them"):
        process(here, quote.id, [{"round": 100}])
    with pytest.raises(WrongStateError, match="was withdrawn; do not use them"):
        here.ask(made.id)


def test_exact_numbers_cannot_be_processed(here: PrivacyAirlock) -> None:
    exact = here.airlock.record_evaluation(ANA, MOBILITY, judged(Verdict.PASS))
    with pytest.raises(BadInputError, match="only numbers with differential privacy"):
        process(here, exact.id)


def test_results_of_others_and_of_other_projects_are_unknown(here: PrivacyAirlock) -> None:
    quote, _ = released(here)
    for author, project in (("chris", "mobility"), ("rita", "income")):
        with pytest.raises(NotFoundError, match="no such evaluation of yours"):
            here.airlock.process(Username(author), ProjectSlug(project), quote.id, STEPS)
    with pytest.raises(NotFoundError):
        process(here, EvaluationId("evaluation-nothing"))
    with pytest.raises(NotFoundError, match="not a member"):
        here.airlock.process(ANA, ProjectSlug("income"), quote.id, STEPS)


def test_steps_that_do_not_fit_leave_nothing_behind(here: PrivacyAirlock) -> None:
    quote, _ = released(here)
    before = here.airlock.statistics_of(ANA, MOBILITY)
    for steps in ([{"drop": ["wage"]}], [{"multiply": 2}], [], [{"rows": {"region": ["nowhere"]}}]):
        with pytest.raises(BadInputError, match="steps"):
            process(here, quote.id, steps)
    assert here.airlock.statistics_of(ANA, MOBILITY) == before


def test_one_table_is_processed_in_so_many_ways_and_no_more(here: PrivacyAirlock) -> None:
    quote, _ = released(here)
    bases = [base * 10**power for power in range(-3, 5) for base in (1, 2, 5)]
    made = [process(here, quote.id, [{"round": base}]) for base in bases[:MOST_WAYS]]
    assert len({one.id for one in made}) == MOST_WAYS
    with pytest.raises(WrongStateError, match=f"processed in {MOST_WAYS} ways already"):
        process(here, quote.id, [{"round": bases[MOST_WAYS]}])
    assert process(here, quote.id, [{"round": bases[0]}]) == made[0]


def test_many_chosen_codes_need_a_person(here: PrivacyAirlock) -> None:
    here.world.change(
        tables.DatasetRow, "survey", release_route={"kind": "release-route", "automatic": True, "literals": 2}
    )
    quote, _ = released(here)
    few = process(here, quote.id, [{"rows": {"region": ["north", "south"]}}])
    assert few.route.automatic
    many = process(here, quote.id, [{"rows": {"region": ["north", "south", "east"]}}])
    assert not many.route.automatic
    assert any("choose more than 2 numbers and codes" in reason for reason in many.route.reasons)
    request = here.ask(many.id)
    assert request.state is State.SUBMITTED


def test_everything_is_on_the_audit_trail(here: PrivacyAirlock) -> None:
    from saferoom.hub.store.audit_log import AuditLinkRow, verify_audit_log

    quote, _ = released(here)
    made = process(here, quote.id)
    with here.world.instance.database.reading() as session:
        link = session.query(AuditLinkRow).filter_by(action="evaluation.processed").one()
        assert (link.actor, link.subject) == ("ana", made.id)
        verify_audit_log(session, here.world.instance.signing_key.verifying_key)
