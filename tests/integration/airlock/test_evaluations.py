"""What was judged is taken only from its author, unaltered, and while it still holds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from tests.support.airlock_domain import (
    ANA,
    BEN,
    CHECKED,
    CHRIS,
    INCOME,
    MOBILITY,
    NOW,
    RISKY,
    RITA,
    SAFE,
    SURVEY,
    WORDS,
    Domain,
)

from saferoom.errors import BadInputError, ForbiddenError, IntegrityError, NotFoundError, SaferoomError, WrongStateError
from saferoom.ids import DatasetName, EvaluationId, ProjectSlug
from saferoom.policies.models import RiskAppetite
from saferoom.projects.airlock.screening import Words
from saferoom.projects.airlock.states import State


def test_evaluation_is_recorded_small_and_its_bytes_are_in_the_vault(world: Domain) -> None:
    record = world.record()
    with world.database.reading() as session:
        row = session.execute(text("select * from airlock_evaluations")).mappings().one()
    assert sum(len(str(value)) for value in row.values()) < 3000
    kept = world.vault.get(record.digest)
    assert world.airlock.evaluation(ANA, record.id).evaluation.contributors.parts
    assert not any(word in kept for word in (b"contributors", b"evidence", b"region", b"north"))
    assert record.title == "Frequency by region (survey)"


def test_snapshot_is_kept_and_concerns_every_dataset_of_the_project(world: Domain) -> None:
    evaluation = world.evaluate(SAFE)
    plain = world.airlock.record_evaluation(ANA, MOBILITY, evaluation)
    record = world.airlock.record_evaluation(ANA, MOBILITY, evaluation, b"PAR1 a table from the room")
    assert {dataset.name for dataset in plain.datasets} < {dataset.name for dataset in record.datasets}
    snapshot = world.airlock.evaluation(ANA, record.id).snapshot
    assert snapshot is not None
    assert world.vault.get(snapshot) == b"PAR1 a table from the room"
    assert world.airlock.evaluation(ANA, plain.id).snapshot is None


def test_evaluation_of_a_stranger_to_the_project_is_refused(world: Domain) -> None:
    evaluation = world.evaluate(SAFE)
    with pytest.raises(NotFoundError):
        world.airlock.record_evaluation(RITA, MOBILITY, evaluation)
    with pytest.raises(ForbiddenError):
        world.airlock.record_evaluation(BEN, MOBILITY, evaluation)


def test_evaluation_is_shown_to_its_author_alone(world: Domain) -> None:
    record = world.record()
    assert world.airlock.evaluation(ANA, record.id).evaluation.title == record.title
    for person in (CHRIS, RITA, BEN):
        with pytest.raises(NotFoundError):
            world.airlock.evaluation(person, record.id)


def test_evaluation_of_somebody_else_cannot_be_submitted(world: Domain) -> None:
    record = world.record(author=CHRIS)
    with pytest.raises(NotFoundError, match="no such evaluation of yours"):
        world.ask([record.id])


def test_evaluation_of_another_project_cannot_be_submitted(world: Domain) -> None:
    members = world.registry.works[INCOME].members | {ANA}
    world.registry.works[INCOME] = world.registry.works[INCOME].model_copy(update={"members": members})
    record = world.record(project=INCOME)
    with pytest.raises(NotFoundError, match="no such evaluation of yours"):
        world.ask([record.id])


def test_evaluation_made_up_cannot_be_submitted(world: Domain) -> None:
    with pytest.raises(NotFoundError):
        world.ask([EvaluationId("evaluation-made-up")])


def test_failing_output_is_refused_with_its_remedy(world: Domain) -> None:
    record = world.record(RISKY)
    assert not record.route.automatic
    with pytest.raises(BadInputError, match="must not leave as it is") as caught:
        world.ask([record.id])
    remedies = [f.remedy for f in world.evaluate(RISKY).findings if f.severity.value == "fail"]
    assert remedies[0] in caught.value.message


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (lambda _: [], "at least one output"),
        (lambda id_: [id_, id_], "same output twice"),
        (lambda _: [EvaluationId(f"e{n}") for n in range(21)], "at most 20 outputs"),
    ],
)
def test_request_of_a_wrong_number_of_outputs_is_refused(
    world: Domain, ids: Callable[[EvaluationId], list[EvaluationId]], message: str
) -> None:
    with pytest.raises(BadInputError, match=message):
        world.ask(ids(world.record().id))


@pytest.mark.parametrize("name", ["title", "context", "controls"])
def test_request_without_its_words_is_refused(world: Domain, name: str) -> None:
    with pytest.raises(BadInputError, match=f"the {name} may not be empty"):
        world.ask([world.record().id], **{name: " "})


def test_evaluation_that_is_too_old_is_refused(world: Domain) -> None:
    record = world.record()
    world.clock.advance(timedelta(days=7))
    with pytest.raises(WrongStateError, match="older than 7 days"):
        world.ask([record.id])


def test_evaluation_of_data_that_were_refreshed_is_refused(world: Domain) -> None:
    record = world.record()
    world.registry.sets[SURVEY] = world.registry.sets[SURVEY].model_copy(update={"version": "2"})
    with pytest.raises(WrongStateError, match="refreshed"):
        world.ask([record.id])


def test_evaluation_under_rules_that_changed_is_refused(world: Domain) -> None:
    record = world.record()
    stricter = RiskAppetite(threshold_units=20)
    world.registry.sets[SURVEY] = world.registry.sets[SURVEY].model_copy(update={"risk_appetite": stricter})
    with pytest.raises(WrongStateError, match="the rules changed"):
        world.ask([record.id])


def test_evaluation_of_data_whose_approval_ended_is_refused(world: Domain) -> None:
    record = world.record()
    granted = world.registry.granted[MOBILITY, SURVEY]
    world.registry.granted[MOBILITY, SURVEY] = granted.model_copy(update={"ended_at": NOW})
    with pytest.raises(ForbiddenError, match="no approval for survey"):
        world.ask([record.id])
    with pytest.raises(ForbiddenError, match="no approval for survey"):
        world.record()


def test_evaluation_that_is_part_of_another_request_is_refused(world: Domain) -> None:
    record = world.record()
    first = world.ask([record.id])
    with pytest.raises(WrongStateError, match=first.id):
        world.ask([record.id], title="Another title")


def test_evaluation_of_a_withdrawn_request_may_be_used_again(world: Domain) -> None:
    request = world.submit(CHECKED)
    world.airlock.withdraw(ANA, request.id)
    assert world.ask([request.outputs[0].evaluation]).id != request.id


CHANGES = {
    "verdict": "update airlock_evaluations set verdict = 'pass'",
    "author": "update airlock_evaluations set author = 'ana'",
    "expiry": "update airlock_evaluations set expires_at = '2099-01-01 00:00:00.000000'",
    "title": "update airlock_evaluations set title = 'other words'",
    "datasets": """update airlock_evaluations set datasets = '[{"name": "wages", "version": "1"}]'""",
    "seal": "update airlock_evaluations set seal = '{}'",
}


@pytest.mark.parametrize("change", CHANGES)
def test_evaluation_whose_row_was_changed_is_refused(world: Domain, change: str) -> None:
    query: dict[str, Any] = RISKY if change == "verdict" else SAFE
    author = CHRIS if change == "author" else ANA
    record = world.record(query, author=author)
    world.sql(CHANGES[change])
    with pytest.raises(IntegrityError, match="nothing is released"):
        world.ask([record.id])


def test_evaluation_row_that_points_to_another_judgement_is_refused(world: Domain) -> None:
    risky, safe = world.record(RISKY), world.record(SAFE)
    world.sql("update airlock_evaluations set digest = :d where id = :i", d=risky.digest, i=safe.id)
    with pytest.raises(IntegrityError):
        world.ask([safe.id])


def test_evaluation_whose_bytes_were_changed_is_refused(world: Domain) -> None:
    record = world.record()
    world.spoil(record.digest)
    with pytest.raises(IntegrityError, match="nothing is released"):
        world.ask([record.id])


class Everything:
    """Takes every long number for an identifier."""

    def count(self, project: ProjectSlug, datasets: Sequence[DatasetName], numbers: Collection[int]) -> int:  # noqa: ARG002
        return len(numbers)


def test_words_with_an_identifier_of_the_data_are_refused(world: Domain) -> None:
    airlock = replace(world.airlock, identifiers=Everything())
    record = world.record()
    identifier = world.identifiers()[0]
    with pytest.raises(BadInputError, match="an identifier of a record") as caught:
        airlock.submit(ANA, MOBILITY, [record.id], "t", f"see {identifier}", "c")
    assert str(identifier) not in caught.value.message
    assert airlock.submit(ANA, MOBILITY, [record.id], "t", "see page 12", "c").state is State.RELEASED


def test_words_with_a_long_number_are_shown_to_the_checker_with_a_warning(world: Domain) -> None:
    request = world.submit(CHECKED, context=f"see {world.identifiers()[0]}")
    assert any("identifier" in warning for warning in world.airlock.request(BEN, request.id).warnings)
    assert world.airlock.request(ANA, request.id).warnings == ()


def test_resubmission_of_a_request_of_somebody_else_is_refused(world: Domain) -> None:
    draft = world.airlock.draft(ANA, MOBILITY, [], Words("", "", ""))
    with pytest.raises(SaferoomError):
        world.airlock.submit_again(CHRIS, draft.id, [world.record(author=CHRIS).id], Words(**WORDS))


def test_query_that_names_no_dataset_needs_every_owner(world: Domain) -> None:
    evaluation = world.evaluate(SAFE)
    vague = replace(evaluation, query=evaluation.query.model_copy(update={"from_": None}))
    record = world.airlock.record_evaluation(ANA, MOBILITY, vague)
    assert [dataset.name for dataset in record.datasets] == ["survey", "wages"]
    assert not record.route.automatic
