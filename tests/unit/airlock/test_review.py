"""Counting votes, and who may see what of a review."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from saferoom.disclosure.verdict import Verdict
from saferoom.ids import DatasetName, Digest, EvaluationId, OutputId, ProjectSlug, RequestId, Username
from saferoom.projects.airlock import review, views
from saferoom.projects.airlock.model import Choice, Comment, Group, Output, Request, SignOff, Vote
from saferoom.projects.airlock.states import TURN, Action, Party, State

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
YES, NO = Choice.APPROVED, Choice.CHANGES_REQUESTED
ANA = Username("ana")


def output(number: int) -> Output:
    digest = Digest("0" * 64)
    id_, evaluation = OutputId(f"o{number}"), EvaluationId(f"e{number}")
    return Output(id_, 1, number, evaluation, "Title", Verdict.REVIEW, digest, {"csv": digest})


def request(checkers: int = 1, outputs: int = 1, state: State = State.SUBMITTED) -> Request:
    return Request(
        id=RequestId("r"),
        author=ANA,
        project=ProjectSlug("mobility"),
        state=state,
        round=1,
        title="t",
        groups=(Group("", "c", "c"),),
        automatic=False,
        checkers=checkers,
        created_at=AT,
        updated_at=AT,
        since=AT,
        warnings=("a warning",),
        outputs=tuple(output(n) for n in range(1, outputs + 1)),
    )


def voted(on: Request, *votes: tuple[str, int, Choice]) -> Request:
    cast = [Vote(Username(by), OutputId(f"o{number}"), choice, "", AT, 1) for by, number, choice in votes]
    return replace(on, votes=(*on.votes, *cast))


def commented(on: Request, *comments: tuple[str, bool, int]) -> Request:
    made = [Comment(Username(by), f"{by} says", public, None, AT, number) for by, public, number in comments]
    return replace(on, comments=tuple(made))


def test_one_approval_is_enough_where_one_is_asked() -> None:
    assert review.is_approved(voted(request(), ("ben", 1, YES)))


def test_every_output_needs_its_approval() -> None:
    assert not review.is_complete(voted(request(outputs=2), ("ben", 1, YES)))
    assert review.is_approved(voted(request(outputs=2), ("ben", 1, YES), ("ben", 2, YES)))


def test_two_approvals_of_one_checker_count_once() -> None:
    assert not review.is_approved(voted(request(checkers=2), ("ben", 1, YES), ("ben", 1, YES)))


def test_outputs_shared_out_between_checkers_are_not_a_review_by_either() -> None:
    assert not review.is_complete(voted(request(outputs=2), ("ben", 1, YES), ("cleo", 2, YES)))


def test_latest_vote_of_a_checker_counts() -> None:
    assert not review.is_approved(voted(request(), ("ben", 1, YES), ("ben", 1, NO)))
    assert review.is_approved(voted(request(), ("ben", 1, NO), ("ben", 1, YES)))


@pytest.mark.parametrize(
    ("checkers", "choices", "approved"),
    [
        (1, [NO], False),
        (1, [NO, YES], False),
        (1, [NO, YES, YES], True),
        (2, [YES, NO], False),
        (2, [YES, NO, YES], True),
        (2, [YES, NO, NO], False),
        (2, [YES, YES], True),
        (0, [], False),
    ],
)
def test_disagreement_needs_more_approvals_than_requests_for_changes(
    checkers: int, choices: list[Choice], approved: bool
) -> None:
    votes = [(f"checker-{n}", 1, choice) for n, choice in enumerate(choices)]
    assert review.is_approved(voted(request(checkers=checkers), *votes)) is approved


def test_votes_on_outputs_of_an_earlier_round_do_not_count() -> None:
    again = replace(voted(request(), ("ben", 1, YES)), outputs=(output(2),), round=2)
    assert not review.counting(again)
    assert not review.is_complete(again)


def test_request_without_outputs_is_never_complete() -> None:
    assert not review.is_complete(request(outputs=0))


def test_votes_call_for_one_step_after_the_other() -> None:
    two = request(checkers=2)
    assert review.next_step(two) is None
    first = voted(two, ("ben", 1, YES))
    assert review.next_step(first) is Action.PART_REVIEW
    assert review.next_step(replace(first, state=State.PARTLY_REVIEWED)) is None
    second = replace(voted(first, ("cleo", 1, YES)), state=State.PARTLY_REVIEWED)
    assert review.next_step(second) is Action.COMPLETE_REVIEW
    assert review.next_step(replace(second, state=State.REVIEWED)) is Action.APPROVE


def test_review_that_is_complete_without_approval_waits_for_the_checkers() -> None:
    assert review.next_step(replace(voted(request(), ("ben", 1, NO)), state=State.REVIEWED)) is None


def test_checkers_are_blind_to_each_other_until_both_have_voted() -> None:
    first = commented(voted(request(checkers=2), ("ben", 1, YES)), ("ben", False, 1), ("ben", True, 1))
    seen = views.for_checker(first, Username("cleo"))
    assert not seen.votes
    assert not seen.comments
    assert views.for_checker(first, Username("ben")) == first
    both = voted(first, ("cleo", 1, NO))
    assert views.for_checker(both, Username("cleo")) == both
    assert views.for_checker(replace(first, state=State.REVIEWED), Username("cleo")).votes


def test_checkers_see_the_comments_of_rounds_that_are_over() -> None:
    again = commented(replace(request(checkers=2), round=2), ("ben", False, 1), ("ben", False, 2))
    assert [c.round for c in views.for_checker(again, Username("cleo")).comments] == [1]


def test_one_checker_alone_is_blind_to_nobody() -> None:
    alone = voted(request(checkers=1, outputs=2), ("ben", 1, YES))
    assert views.for_checker(alone, Username("cleo")) == alone


@pytest.mark.parametrize("state", State)
def test_author_sees_no_vote_no_warning_and_no_name_in_any_state(state: State) -> None:
    full = commented(voted(request(state=state), ("ben", 1, NO)), ("ben", False, 1), ("ben", True, 1), ("ana", True, 1))
    seen = views.for_author(full)
    assert not seen.votes
    assert not seen.warnings
    assert "ben" not in {comment.by for comment in seen.comments}
    assert all(comment.public for comment in seen.comments)
    reviewing = state in (*TURN, State.AWAITING_SIGN_OFF)
    assert [c.by for c in seen.comments] == ([ANA] if reviewing else [views.A_CHECKER, ANA])


def test_author_sees_public_comments_of_earlier_rounds_during_the_next() -> None:
    again = commented(replace(request(), round=2), ("ben", True, 1), ("ben", True, 2))
    assert [c.round for c in views.for_author(again).comments] == [1]


def test_data_owner_sees_nothing_of_the_review() -> None:
    seen = views.for_data_owner(commented(voted(request(), ("ben", 1, NO)), ("ben", True, 1)))
    assert not seen.votes
    assert not seen.comments
    assert not seen.warnings


def test_waiting_for_is_the_owner_and_nobody_at_the_end() -> None:
    assert request(state=State.RETURNED).waiting_for is Party.AUTHOR
    assert request(state=State.APPROVED).waiting_for is Party.SYSTEM
    assert request(state=State.RELEASED).waiting_for is None


def test_mutation_counting_votes_instead_of_people_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review, "counting", lambda on: {(f"{v.by}{n}", v.output): v for n, v in enumerate(on.votes)})
    with pytest.raises(AssertionError):
        test_two_approvals_of_one_checker_count_once()


@pytest.mark.parametrize(
    ("checkers", "choices", "expected"),
    [
        (1, "", "open"),
        (1, "y", "approved"),
        (1, "n", "refused"),
        (1, "u", "open"),
        (1, "yn", "disputed"),
        (1, "yny", "approved"),
        (1, "ynn", "refused"),
        (2, "y", "open"),
        (2, "n", "open"),
        (2, "yy", "approved"),
        (2, "nn", "refused"),
        (2, "yn", "disputed"),
        (2, "ynu", "disputed"),
        (2, "yny", "approved"),
        (2, "ynn", "refused"),
        (2, "yynn", "disputed"),
        (3, "yy", "open"),
        (3, "yyn", "disputed"),
        (3, "yyny", "approved"),
        (3, "ynn", "refused"),
    ],
)
def test_votes_on_one_output_stand_where_the_majority_puts_them(checkers: int, choices: str, expected: str) -> None:
    words = {"y": YES, "n": NO, "u": Choice.UNDECIDED}
    cast = [(f"checker-{number}", 1, words[letter]) for number, letter in enumerate(choices)]
    on = voted(request(checkers=checkers), *cast)
    assert review.where(on, OutputId("o1")) == expected
    assert review.is_approved(on) is (expected == "approved")


def test_third_checker_is_asked_for_where_they_disagree_and_only_once() -> None:
    split = voted(request(checkers=2, state=State.REVIEWED), ("ben", 1, YES), ("cleo", 1, NO))
    assert review.next_step(split) is Action.ASK_THIRD
    assert review.next_step(replace(split, third_asked=True)) is None
    assert review.disputed(split) == (1,)
    refused = voted(split, ("dee", 1, NO))
    assert (review.next_step(refused), review.refused(refused)) == (None, (1,))


def test_signatures_of_every_dataset_asked_for_call_for_the_approval() -> None:
    survey, wages = DatasetName("survey"), DatasetName("wages")
    waits = replace(request(state=State.AWAITING_SIGN_OFF), sign_off=(survey, wages))
    assert (review.next_step(waits), review.unsigned(waits)) == (None, (survey, wages))
    one = SignOff(Username("dora"), (survey,), True, "", AT, 1)
    half = replace(waits, sign_offs=(one, SignOff(Username("otto"), (wages,), False, "no", AT, 1)))
    assert (review.next_step(half), review.unsigned(half)) == (None, (wages,))
    full = replace(waits, sign_offs=(one, SignOff(Username("otto"), (wages,), True, "", AT, 1)))
    assert review.next_step(full) is Action.APPROVE


def test_mutation_refusal_counted_as_a_signature_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        review,
        "unsigned",
        lambda on: tuple(n for n in on.sign_off if n not in {d for s in on.sign_offs for d in s.datasets}),
    )
    with pytest.raises(AssertionError):
        test_signatures_of_every_dataset_asked_for_call_for_the_approval()
