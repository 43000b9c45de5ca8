"""Attacks on post-processing: tables that are not made of the certified one, however well they are sealed.

What is stored here was sealed and encrypted with the instance's own keys, as a fault of ours or a thief would do it:
what leaves is still computed again from what was drawn, and everything else stays.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any
from unittest import mock

import pytest
from tests.support.airlock_world import MOBILITY, judged
from tests.support.privacy_airlock import ANA, COUNTS, PrivacyAirlock, privacy_airlock

from saferoom.audit import Event
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.verdict import Table, Verdict
from saferoom.errors import BadInputError, IntegrityError, NotFoundError, SaferoomError
from saferoom.hub.store import tables
from saferoom.ids import EvaluationId, Username
from saferoom.projects.airlock import evaluations, processed, seals
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.model import EvaluationRecord
from saferoom.projects.airlock.states import State
from saferoom.projects.ledger.model import ChargeState

STEPS = [{"round": {"to": 10}}]
_forged = count(100)
Change = Callable[[Evaluation], Evaluation]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivacyAirlock]:
    with privacy_airlock(tmp_path_factory.mktemp("forged"), sandboxed=False) as made:
        yield made


@pytest.fixture(scope="module")
def quote(here: PrivacyAirlock) -> EvaluationRecord:
    """Return a quote whose result has left."""
    return released(here)


def released(here: PrivacyAirlock, **query: Any) -> EvaluationRecord:
    found = here.evaluate({**COUNTS, "protect": {"method": "dp", "rho": 0.01}, **query})
    assert here.ask(found.id).state is State.RELEASED
    return found


def kept(here: PrivacyAirlock, id_: EvaluationId) -> tuple[EvaluationRecord, Judgement]:
    return here.airlock.evaluated(ANA, MOBILITY, id_)


def stored(here: PrivacyAirlock, id_: EvaluationId, change: Change, **record: Any) -> EvaluationRecord:
    """Store another evaluation like `id_`, changed, and sealed as the airlock seals."""
    found, judgement = kept(here, id_)
    airlock, name = here.airlock, EvaluationId(f"processed-{next(_forged)}-forged")
    forged = dataclasses.replace(judgement, evaluation=change(judgement.evaluation))
    digest = airlock.vault.put(airlock.cipher.seal(forged.to_bytes(), evaluations.about(name)))
    draft = dataclasses.replace(found, id=name, digest=digest, seal={}, **record)
    sealed = dataclasses.replace(draft, seal=seals.seal_evaluation(draft, airlock.signing_key))
    with airlock.store.transaction() as tx:
        tx.add_evaluation(sealed, Event("ana", "evaluation.processed", name, seals.evaluation_claims(sealed)))
    return sealed


def stays_inside(here: PrivacyAirlock, forged: EvaluationRecord) -> None:
    """It cannot be submitted, and if it could it would not be released."""
    with pytest.raises(IntegrityError, match="nothing is released"):
        here.ask(forged.id)
    with mock.patch.object(processed, "check_current"):
        assert "nothing is released" in why_not(here, forged)


def why_not(here: PrivacyAirlock, forged: EvaluationRecord) -> str:
    """Return what keeps it inside; empty where nothing does."""
    try:
        request = here.ask(forged.id)
    except IntegrityError as error:
        return error.message
    return request.blocked if request.state is State.APPROVED and request.release is None else ""


def processing(**changed: Any) -> Change:
    """Return a change of how the evaluation says that it was processed."""

    def change(found: Evaluation) -> Evaluation:
        said = {**(found.privacy or {})}
        return dataclasses.replace(found, privacy={**said, "processing": {**said["processing"], **changed}})

    return change


def table(rows: Callable[[Table], Table]) -> Change:
    def change(found: Evaluation) -> Evaluation:
        assert found.outgoing is not None
        other = rows(found.outgoing)
        return dataclasses.replace(found, table=other, outgoing=other)

    return change


def _one_more(found: Table) -> Table:
    return Table(found.columns, (*found.rows, ("north", *found.rows[0][1:])))


def _one_off(found: Table) -> Table:
    first = found.rows[0]
    assert isinstance(first[1], int | float)
    return Table(found.columns, ((first[0], first[1] + 10, *first[2:]), *found.rows[1:]))


def _renamed(found: Table) -> Table:
    return Table(("a message", *found.columns[1:]), found.rows)


@pytest.mark.parametrize("change", [_one_more, _one_off, _renamed])
def test_a_table_that_is_not_from_the_certified_one_stays_inside(
    here: PrivacyAirlock, quote: EvaluationRecord, change: Callable[[Table], Table]
) -> None:
    made, _ = here.airlock.process(ANA, MOBILITY, quote.id, STEPS)
    stays_inside(here, stored(here, made.id, table(change)))


@pytest.mark.parametrize(
    "changed",
    [
        {"steps": [{"round": {"to": 1000}}]},
        {"steps": []},
        {"steps": [{"multiply": 2}]},
        {"joined": {"names": {"region": "a message"}, "groups": {}, "figures": {}}, "steps": [{"rename": "catalogue"}]},
        {"joined": None},
        {"source": "evaluation-nothing"},
    ],
)
def test_steps_that_do_not_make_the_table_keep_it_inside(
    here: PrivacyAirlock, quote: EvaluationRecord, changed: dict[str, Any]
) -> None:
    made, _ = here.airlock.process(ANA, MOBILITY, quote.id, STEPS)
    stays_inside(here, stored(here, made.id, processing(**changed)))


def test_a_table_made_of_exact_numbers_stays_inside(here: PrivacyAirlock, quote: EvaluationRecord) -> None:
    made, _ = here.airlock.process(ANA, MOBILITY, quote.id, STEPS)
    exact = here.airlock.record_evaluation(ANA, MOBILITY, judged(Verdict.PASS))
    stays_inside(here, stored(here, made.id, processing(source=exact.id)))


def test_a_table_made_of_a_quote_stays_inside(here: PrivacyAirlock, quote: EvaluationRecord) -> None:
    made, _ = here.airlock.process(ANA, MOBILITY, quote.id, STEPS)
    stays_inside(here, stored(here, made.id, processing(source=here.evaluate().id)))


def test_a_table_made_of_a_processed_one_stays_inside(here: PrivacyAirlock, quote: EvaluationRecord) -> None:
    made, _ = here.airlock.process(ANA, MOBILITY, quote.id, STEPS)
    stays_inside(here, stored(here, made.id, processing(source=made.id)))


def test_a_table_made_of_another_draw_stays_inside(here: PrivacyAirlock, quote: EvaluationRecord) -> None:
    other = released(here)
    made, _ = here.airlock.process(ANA, MOBILITY, quote.id, STEPS)
    stays_inside(here, stored(here, made.id, processing(source=f"drawn-{other.id}")))


def test_exact_numbers_that_are_called_processed_stay_inside(here: PrivacyAirlock, quote: EvaluationRecord) -> None:
    said = kept(here, EvaluationId(f"drawn-{quote.id}"))[1].evaluation.privacy
    made = {"source": f"drawn-{quote.id}", "steps": STEPS, "joined": {"names": {}, "groups": {}, "figures": {}}}
    exact = here.airlock.record_evaluation(ANA, MOBILITY, judged(Verdict.PASS))

    def claimed(found: Evaluation) -> Evaluation:
        return dataclasses.replace(
            found,
            privacy={**(said or {}), "processing": made},
            verdict=Verdict.PASS,
            findings=(),
            automatic_obstacles=(),
        )

    stays_inside(here, stored(here, exact.id, claimed, verdict=Verdict.PASS))


def test_what_a_broken_evaluator_says_of_processing_is_not_believed(
    here: PrivacyAirlock, quote: EvaluationRecord
) -> None:
    found = kept(here, EvaluationId(f"drawn-{quote.id}"))[1].evaluation
    made = {"source": f"drawn-{quote.id}", "steps": STEPS, "joined": {"names": {}, "groups": {}, "figures": {}}}
    exact = kept(here, here.airlock.record_evaluation(ANA, MOBILITY, judged(Verdict.PASS)).id)[1]
    lie = dataclasses.replace(
        exact.evaluation,
        privacy={**(found.privacy or {}), "processing": made},
        verdict=Verdict.PASS,
        findings=(),
        automatic_obstacles=(),
    )
    stays_inside(here, here.airlock.record_evaluation(ANA, MOBILITY, lie))


def test_a_table_of_somebody_elses_draw_stays_inside(here: PrivacyAirlock, quote: EvaluationRecord) -> None:
    made, _ = here.airlock.process(ANA, MOBILITY, quote.id, STEPS)
    forged = stored(here, made.id, lambda found: found, author=Username("chris"))
    with pytest.raises(IntegrityError, match="nothing is released"):
        here.ask(forged.id, author=Username("chris"))


def test_a_charge_that_was_withheld_takes_its_processed_tables_with_it(here: PrivacyAirlock) -> None:
    other = released(here)
    made, _ = here.airlock.process(ANA, MOBILITY, other.id, STEPS)
    from saferoom.hub.store.ledger_tables import ChargeRow

    with here.world.instance.database.transaction() as session:
        session.get_one(ChargeRow, here.charge(other).id).state = ChargeState.WITHHELD.value
    with pytest.raises(SaferoomError, match="withheld"):
        here.ask(made.id)


@pytest.mark.parametrize(
    "step",
    [
        {"join": "register"},
        {"join": "survey"},
        {"join": {"dataset": "register", "on": "person_id"}},
        {"join": ["person_id"]},
        {"join": ["wage"]},
        {"join": ["region"]},
    ],
)
def test_data_about_people_cannot_be_joined(
    here: PrivacyAirlock, quote: EvaluationRecord, step: dict[str, Any]
) -> None:
    with pytest.raises(BadInputError, match=r"steps"):
        here.airlock.process(ANA, MOBILITY, quote.id, [step])


def test_what_two_owners_say_differently_is_not_joined(here: PrivacyAirlock) -> None:
    # The hierarchy of one dataset must not tell groups of another's codes.
    view = "SELECT s.* FROM survey s JOIN register r ON s.person_id = r.person_id"
    both = released(here, views={"both": view}, **{"from": "both"})
    with here.world.instance.database.transaction() as session:
        for row in session.query(tables.VariableRow).filter_by(name="region"):
            other = row.dataset == "survey"
            row.hierarchy = (
                {"a": ["north", "east", "south", "west"]} if other else {"b": ["north", "east", "south", "west"]}
            )
    with pytest.raises(BadInputError, match="no classification of region"):
        here.airlock.process(ANA, MOBILITY, both.id, [{"join": "region"}])


def test_a_processed_table_leaves_once(here: PrivacyAirlock, quote: EvaluationRecord) -> None:
    made, _ = here.airlock.process(ANA, MOBILITY, quote.id, STEPS)
    first = here.ask(made.id)
    assert here.ask(made.id).id == first.id
    with pytest.raises(SaferoomError, match="it can leave once"):
        here.ask(made.id, title="Once more")


def test_the_same_steps_at_once_make_one_evaluation(here: PrivacyAirlock) -> None:
    quote = released(here)

    def process(_: int) -> EvaluationId:
        return here.airlock.process(ANA, MOBILITY, quote.id, STEPS)[0].id

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(process, range(8)))) == 1


def test_nobody_learns_whether_somebody_elses_evaluation_exists(here: PrivacyAirlock, quote: EvaluationRecord) -> None:
    said = set()
    for id_ in (quote.id, EvaluationId(f"drawn-{quote.id}"), EvaluationId("evaluation-nothing"), EvaluationId("")):
        with pytest.raises(NotFoundError) as error:
            here.airlock.process(Username("chris"), MOBILITY, id_, STEPS)
        said.add(error.value.message)
    assert len(said) == 1
