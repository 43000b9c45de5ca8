"""What goes wrong after the charge: one sentence, whatever it was; a result without its charge never leaves."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from tests.support.empty_store import tampering
from tests.support.opened import sealed
from tests.support.privacy_airlock import ANA, COUNTS, LIMIT, PrivacyAirlock, privacy_airlock

from saferoom.disclosure.evaluation import Evaluation
from saferoom.errors import (
    BadInputError,
    IntegrityError,
    SaferoomError,
    TooManyError,
    UnavailableError,
    WrongStateError,
)
from saferoom.hub.evaluator.runner import Evaluator
from saferoom.hub.store.vault import FileVault
from saferoom.ids import Digest, ProjectSlug, Username
from saferoom.projects.airlock import paying, privacy
from saferoom.projects.airlock.drawing import Draw
from saferoom.projects.airlock.model import EvaluationRecord
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.store import Selection
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import ChargeState, Paid
from saferoom.projects.ledger.service import BudgetError, Ledger

SENTENCE = (
    "the noise of output 1 could not be drawn; what it cost stays paid, because its noise could have been seen. "
    "Evaluate it again for a new one"
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[PrivacyAirlock]:
    with privacy_airlock(tmp_path, sandboxed=False) as made:
        yield made


@dataclass(frozen=True)
class Tampering:
    """Draws as the evaluator does, and changes what it drew."""

    place: PrivacyAirlock
    change: Callable[[Evaluation], Evaluation]

    @contextmanager
    def ready(
        self, author: Username, project: ProjectSlug, queries: Sequence[Mapping[str, Any]]
    ) -> Iterator[Sequence[Draw]]:
        with self.place.world.instance.evaluator.ready(author, project, queries) as draws:
            yield [lambda plan, draw=draw: self.change(draw(plan)) for draw in draws]  # type: ignore[misc]


def fails(error: Exception) -> Callable[[Evaluation], Evaluation]:
    def change(_: Evaluation) -> Evaluation:
        raise error

    return change


FAULTS: list[Exception] = [
    BadInputError("the query took longer than 60 seconds; ask for fewer cells or simpler views"),
    BadInputError("the query needs more memory than an evaluation may use; ask for fewer cells"),
    UnavailableError("the evaluator stopped unexpectedly; nothing was judged and nothing can be released"),
    ZeroDivisionError("person 17 has no wage"),
    MemoryError(),
    OSError(28, "No space left on device"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{type(fault).__name__}-{str(fault)[:12]}")
def test_attack_every_fault_after_the_charge_says_the_same(place: PrivacyAirlock, fault: Exception) -> None:
    quote = place.evaluate()
    with pytest.raises(UnavailableError) as caught:
        place.with_parts(drawing=Tampering(place, fails(fault))).ask(quote.id)
    assert caught.value.message == SENTENCE
    assert caught.value.__context__ is None, "the fault itself is not told along"
    assert (place.charge(quote).state, place.spent) == (ChargeState.FAILED, place.charge(quote).wanted.loss)
    with pytest.raises(WrongStateError) as again:
        place.ask(quote.id)
    assert again.value.message == SENTENCE


def test_attack_fault_of_one_output_keeps_nothing_from_the_others_that_are_paid(place: PrivacyAirlock) -> None:
    quotes = [place.evaluate() for _ in range(3)]
    drawn: list[int] = []

    def second(found: Evaluation) -> Evaluation:
        drawn.append(1)
        if len(drawn) == 2:
            raise ValueError("person 17")
        return found

    with pytest.raises(UnavailableError, match="output 2 could not be drawn"):
        place.with_parts(drawing=Tampering(place, second)).ask(*(quote.id for quote in quotes))
    states = [place.charge(quote).state for quote in quotes]
    assert states == [ChargeState.COMPUTED, ChargeState.FAILED, ChargeState.COMPUTED]
    spent = place.spent
    assert place.with_parts(drawing=None).ask(quotes[0].id, quotes[2].id).state is State.RELEASED
    assert place.spent == spent


CHANGES: dict[str, Callable[[Evaluation], Evaluation]] = {
    "not drawn": lambda found: replace(found, privacy={**(found.privacy or {}), "drawn": False}),
    "another plan": lambda found: replace(found, privacy={**(found.privacy or {}), "plan": {}}),
    "no table": lambda found: replace(found, outgoing=None),
    "another query": lambda found: replace(found, query=replace_where(found)),
    "another label": lambda found: replace(found, privacy={**(found.privacy or {}), "label": "safe"}),
}


def replace_where(found: Evaluation) -> Any:
    return found.query.model_copy(update={"where": "education > 9"})


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_attack_answer_that_is_not_what_was_paid_for_is_not_kept(
    place: PrivacyAirlock, change: Callable[[Evaluation], Evaluation]
) -> None:
    quote = place.evaluate()
    with pytest.raises(UnavailableError):
        place.with_parts(drawing=Tampering(place, change)).ask(quote.id)
    assert place.charge(quote).result is None


def test_attack_two_submissions_at_once_are_charged_and_drawn_once(place: PrivacyAirlock) -> None:
    quote, drawn, both = place.evaluate(), [], threading.Barrier(4)

    def noted(found: Evaluation) -> Evaluation:
        drawn.append(found.outgoing)
        return found

    def ask(_: int) -> str:
        both.wait()
        try:
            return place.with_parts(drawing=Tampering(place, noted)).ask(quote.id).state.value
        except WrongStateError as error:
            return error.message

    with ThreadPoolExecutor(4) as pool:
        became = set(pool.map(ask, range(4)))
    assert State.RELEASED in became
    assert all("being drawn at this moment" in one for one in became - {State.RELEASED})
    assert (len(drawn), len(place.charges())) == (1, 1)
    assert place.ask(quote.id).state is State.RELEASED
    assert len(drawn) == 1


def test_attack_many_submissions_at_once_for_the_last_of_a_budget_are_as_many_as_it_holds(
    place: PrivacyAirlock,
) -> None:
    quotes, all_ = [place.evaluate() for _ in range(6)], threading.Barrier(6)
    drawing = Evaluator(place.world.instance, waiting_each=6)

    def ask(quote: EvaluationRecord) -> str:
        all_.wait()
        try:
            return place.with_parts(drawing=drawing).ask(quote.id).state.value
        except BudgetError as error:
            return error.message

    with ThreadPoolExecutor(6) as pool:
        became = list(pool.map(ask, quotes))
    assert became.count(State.RELEASED) == 4
    assert sum("does not allow this" in one for one in became) == 2
    assert (len(place.charges()), len(released(place))) == (4, 4)
    assert place.spent.within(LIMIT)


def test_attack_turn_that_is_not_there_costs_nothing(place: PrivacyAirlock) -> None:
    quote = place.evaluate()
    evaluator = Evaluator(place.world.instance, at_once=1, waiting=0)

    def asked() -> None:
        with pytest.raises(TooManyError):
            place.with_parts(drawing=evaluator).ask(quote.id)

    with evaluator.ready(Username("chris"), ProjectSlug("mobility"), []):
        asked()
    assert place.charges() == []


def test_attack_extract_that_is_gone_costs_nothing(place: PrivacyAirlock) -> None:
    quote = place.evaluate()
    sealed(place.world.home, "mobility", "survey").unlink()
    with pytest.raises(SaferoomError):
        place.ask(quote.id)
    assert place.charges() == []


def test_attack_vault_that_is_full_keeps_the_charge_and_shows_nothing(
    place: PrivacyAirlock, monkeypatch: pytest.MonkeyPatch
) -> None:
    quote = place.evaluate()

    def full(_: FileVault, _data: bytes) -> Digest:
        raise OSError(28, "No space left on device")

    def at(step: str) -> None:
        if step == "drawn":
            monkeypatch.setattr(FileVault, "put", full)

    with pytest.raises(UnavailableError, match="could not be drawn"):
        place.with_parts(checkpoint=at).ask(quote.id)
    monkeypatch.undo()
    assert place.charge(quote).state is ChargeState.FAILED
    assert place.spent.rho > 0


def test_attack_database_that_is_full_or_locked_after_the_draw_is_mended_later(
    place: PrivacyAirlock, monkeypatch: pytest.MonkeyPatch
) -> None:
    quote = place.evaluate()

    def broken(*_: object, **__: object) -> None:
        raise OperationalError("insert", {}, sqlite3.OperationalError("database or disk is full"))

    def at(step: str) -> None:
        if step == "kept":
            monkeypatch.setattr(Ledger, "_step", broken)

    with pytest.raises(UnavailableError, match="could not be drawn"):
        place.with_parts(checkpoint=at).ask(quote.id)
    monkeypatch.undo()
    assert place.charge(quote).state is ChargeState.CHARGED
    with pytest.raises(WrongStateError, match="being drawn at this moment"):
        place.ask(quote.id)
    place.airlock.resume()
    assert place.charge(quote).state is ChargeState.CHARGED, "somebody could still be drawing"
    place.world.clock.advance(paying.LONGEST + timedelta(seconds=1))
    place.airlock.resume()
    assert place.charge(quote).state is ChargeState.FAILED
    assert released(place) == []


def test_attack_clock_set_forward_while_drawing_releases_nothing(place: PrivacyAirlock) -> None:
    quote = place.evaluate()

    def at(step: str) -> None:
        if step == "drawn":
            place.world.clock.advance(timedelta(days=1))
            place.airlock.resume()

    with pytest.raises(UnavailableError, match="could not be drawn"):
        place.with_parts(checkpoint=at).ask(quote.id)
    assert place.charge(quote).state is ChargeState.FAILED
    assert released(place) == []


def test_attack_ledger_that_is_down_when_a_release_left_is_told_later(
    place: PrivacyAirlock, monkeypatch: pytest.MonkeyPatch
) -> None:
    quote = place.evaluate()

    def broken(*_: object) -> None:
        raise OperationalError("update", {}, sqlite3.OperationalError("database is locked"))

    monkeypatch.setattr(Ledger, "released", broken)
    request = place.ask(quote.id)
    assert (request.state, place.charge(quote).state) == (State.RELEASED, ChargeState.COMPUTED)
    monkeypatch.undo()
    place.airlock.resume()
    assert place.charge(quote).state is ChargeState.RELEASED


def released(place: PrivacyAirlock) -> list[str]:
    with place.airlock.store.reading() as tx:
        return [request.id for request in tx.requests(Selection(states=frozenset({State.RELEASED})))]


def sql(place: PrivacyAirlock, statement: str) -> None:
    with tampering(place.world.instance.database) as session:
        session.execute(text(statement))


ROWS = {
    "no charge": "update ledger_charges set key = 'another'",
    "another result": "update ledger_charges set result = 'f'",
    "not computed": "update ledger_charges set state = 'charged', result = null",
    "withheld": "update ledger_charges set state = 'withheld'",
    "failed": "update ledger_charges set state = 'failed'",
    "no link": "update audit_links set action = 'x' where action = 'budget.charged'",
}


@pytest.mark.parametrize("statement", ROWS.values(), ids=ROWS)
def test_attack_ledger_changed_behind_our_back_before_the_release_blocks_it(
    place: PrivacyAirlock, statement: str
) -> None:
    quote = place.evaluate()

    def at(step: str) -> None:
        if step == "approved":
            sql(place, statement)

    request = place.with_parts(checkpoint=at).ask(quote.id)
    assert request.state is State.APPROVED
    assert request.blocked
    assert place.airlock.resume()[0].state is State.APPROVED
    assert released(place) == []


def test_attack_result_that_was_changed_in_the_vault_blocks_the_release(place: PrivacyAirlock) -> None:
    quote = place.evaluate()

    def at(step: str) -> None:
        if step == "approved":
            digest = place.charge(quote).result
            assert digest is not None
            path = place.world.home.vault / digest[:2] / digest[2:]
            path.chmod(0o600)
            path.write_bytes(path.read_bytes()[:-1] + b"x")

    request = place.with_parts(checkpoint=at).ask(quote.id)
    assert (request.state, bool(request.blocked)) == (State.APPROVED, True)


def test_attack_drawn_result_of_another_quote_cannot_take_its_place(place: PrivacyAirlock) -> None:
    one, other = place.evaluate(), place.evaluate({**COUNTS, "protect": {"method": "dp", "rho": 0.1}})
    place.ask(one.id)

    def at(step: str) -> None:
        if step == "computed":
            result = place.charge(one).result
            sql(place, f"update ledger_charges set result = '{result}' where key = '{other.id}'")

    with pytest.raises(IntegrityError):
        place.with_parts(checkpoint=at).ask(other.id)
    assert len(released(place)) == 1


def test_attack_quote_that_states_a_smaller_loss_pays_what_its_plan_costs(place: PrivacyAirlock) -> None:
    judged = place.airlock.evaluation(ANA, place.evaluate().id).evaluation
    lying = replace(judged, privacy={**(judged.privacy or {}), "loss": 1e-9, "rho": 0})
    record = place.airlock.record_evaluation(ANA, ProjectSlug("mobility"), lying)
    place.ask(record.id)
    assert place.spent.rho > 0.24 * 10**9


@pytest.mark.parametrize("plan", [None, {}, {"version": 1}, "plan"])
def test_attack_quote_without_a_plan_is_not_paid_for(place: PrivacyAirlock, plan: object) -> None:
    judged = place.airlock.evaluation(ANA, place.evaluate().id).evaluation
    broken = replace(judged, privacy={**(judged.privacy or {}), "plan": plan})
    record = place.airlock.record_evaluation(ANA, ProjectSlug("mobility"), broken)
    with pytest.raises(SaferoomError):
        place.ask(record.id)
    assert (place.spent, place.charges()) == (Loss(), [])


def test_mutation_charge_of_another_result_lets_it_leave(
    place: PrivacyAirlock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def any_charge(parts: Parts, record: EvaluationRecord, _: Evaluation) -> Paid | None:
        return paying.ledger_of(parts).paid(record.project, record.id.removeprefix("drawn-"))

    monkeypatch.setattr(paying, "paid", any_charge)
    with pytest.raises(AssertionError):
        test_attack_ledger_changed_behind_our_back_before_the_release_blocks_it(place, ROWS["another result"])


def test_mutation_without_the_comparison_another_query_is_kept(
    place: PrivacyAirlock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(privacy, "_as_charged", lambda drawn, _: drawn)
    with pytest.raises(pytest.fail.Exception):
        test_attack_answer_that_is_not_what_was_paid_for_is_not_kept(place, CHANGES["another query"])
