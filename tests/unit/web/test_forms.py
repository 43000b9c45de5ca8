"""Forms: what is typed becomes a command, or comes back with a sentence beside each field and nothing lost."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, model_validator

from saferoom.errors import BadInputError, StaleVersionError, WrongStateError
from saferoom.hub.web.shell.fields import MOST_ROWS
from saferoom.hub.web.shell.forms import Form, attempt, blank, filled, read
from saferoom.hub.web.shell.labels import Label
from saferoom.hub.web.texts import forms as texts
from saferoom.policies.models import PolicyModel
from saferoom.projects.fields import TitleField, UsernameField


class Part(StrEnum):
    LEAD = "lead"
    MEMBER = "member"


class Member(PolicyModel):
    username: UsernameField
    part: Part = Part.MEMBER


class Proposal(PolicyModel):
    title: TitleField
    ends: date | None = None
    checkers: Annotated[int, Field(ge=0, le=2)] = 1
    automatic: bool = False
    variables: frozenset[str] = frozenset()
    members: Annotated[tuple[Member, ...], Field(min_length=1)]
    version: int = 0

    @model_validator(mode="after")
    def _some_title(self) -> Proposal:
        if self.title == "Untitled":
            raise ValueError("the project needs a title of its own")
        return self


LABELS = {
    "title": Label("Title"),
    "ends": Label("Last day", "The project ends on it."),
    "checkers": Label("Checkers"),
    "automatic": Label("Automatic release"),
    "variables": Label("Variables"),
    "members": Label("Members"),
    "members.username": Label("User name"),
    "members.part": Label("Part"),
}
RIGHT = {"title": ("Pay",), "members.0.username": ("ana",)}


def form(**changes: tuple[str, ...]) -> Form[Proposal]:
    return read(Proposal, {**RIGHT, **changes}, LABELS)


def test_right_form_becomes_its_command() -> None:
    typed = {
        "title": ("  Pay\r\nand work ",),
        "ends": ("2027-03-31",),
        "checkers": ("2",),
        "automatic": ("yes",),
        "variables": ("pay", "age"),
        "members.0.username": ("ana",),
        "members.0.part": ("lead",),
        "members.7.username": ("ben",),
        "members.8.username": ("  ",),
        "version": ("3",),
    }
    made = read(Proposal, typed | {"title": ("Pay",)}, LABELS)
    assert made.command == Proposal(
        title="Pay",
        ends=date(2027, 3, 31),
        checkers=2,
        automatic=True,
        variables=frozenset({"pay", "age"}),
        members=(Member(username="ana", part=Part.LEAD), Member(username="ben")),  # type: ignore[arg-type]
        version=3,
    )
    assert (made.status, made.errors, made.notes) == (200, {}, ())


def test_what_stays_empty_takes_the_commands_default() -> None:
    command = form(ends=("",), checkers=("",)).command
    assert command is not None
    assert (command.ends, command.checkers, command.automatic, command.variables) == (None, 1, False, frozenset())


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("title", "", texts.MISSING),
        ("title", "   ", texts.MISSING),
        ("title", "x" * 201, "Use at most 200 characters."),
        ("title", "a\x00b", "This must be a text of at most 200 characters."),
        ("ends", "soon", texts.NOT_A_DATE),
        ("ends", "86400", texts.NOT_A_DATE),
        ("ends", "2027-02-30", texts.NOT_A_DATE),
        ("checkers", "many", "This must be a whole number, at least 0 and at most 2."),
        ("checkers", "3", "This must be a whole number, at least 0 and at most 2."),
        ("members.0.part", "boss", "This must be one of lead, member."),
        (
            "members.0.username",
            "A B",
            "This must be 1 to 30 lower-case letters, digits or single hyphens between them.",
        ),
    ],
)
def test_wrong_field_comes_back_as_typed_with_a_sentence(name: str, typed: str, said: str) -> None:
    back = form(**{name: (typed,)})
    assert back.command is None
    assert (back.status, back.errors) == (422, {name: said})
    assert back.value(name) == typed
    assert back.value("title") == (typed if name == "title" else "Pay")


def test_every_wrong_field_is_named_with_the_place_it_has_in_the_page() -> None:
    back = read(Proposal, {"title": ("",), "members.0.username": ("",), "members.4.username": ("No",)}, LABELS)
    assert set(back.errors) == {"title", "members.4.username"}
    assert [(id_, words) for id_, words, _ in back.summary()] == [
        ("field-title", "Title"),
        ("field-members-4-username", "User name"),
    ]


def test_rows_that_are_missing_are_said_above_them() -> None:
    assert read(Proposal, {"title": ("Pay",)}, LABELS).errors == {"members": "Choose at least 1."}


def test_wrong_whole_is_said_above_the_form() -> None:
    back = form(title=("Untitled",))
    assert (back.errors, back.notes, back.status) == ({}, ("The project needs a title of its own.",), 422)


@pytest.mark.parametrize(
    "strange",
    [
        {"admin": ("yes",)},
        {"title": ("a", "b")},
        {"automatic": ("true",)},
        {"automatic": ("yes", "yes")},
        {"title.0.x": ("a",)},
        {"members": ("ana",)},
        {"members.0": ("ana",)},
        {"members.0.role": ("a",)},
        {"members.0.username.x": ("a",)},
        {"members.-1.username": ("a",)},
        {"members.²!.username": ("a",)},
        {f"members.{MOST_ROWS}.username": ("a",)},
        {"members." + "9" * 5000 + ".username": ("a",)},
        {"": ("a",)},
        {"row": ("title",)},
        {"row": ("nothing",)},
    ],
)
def test_field_that_is_not_the_forms_own_is_refused(strange: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(BadInputError, match="not understood"):
        read(Proposal, RIGHT | strange, LABELS)


@given(st.dictionaries(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=3).map(tuple), max_size=6))
def test_reading_a_form_never_crashes(typed: dict[str, tuple[str, ...]]) -> None:
    try:
        back = read(Proposal, typed, LABELS)
    except BadInputError:
        return
    assert (back.command is None) is (back.status == 422 or "row" in typed)


def test_row_more_or_less_changes_nothing_else_and_judges_nothing() -> None:
    more = form(title=("",), row=("members",))
    assert more.command is None
    assert (more.errors, more.status) == ({}, 200)
    assert [row.prefix for row in more.rows("members")] == ["members.0.", "members.1."]
    less = read(Proposal, {**RIGHT, "members.1.username": ("ben",), "row": ("members.0",)}, LABELS)
    assert [row.value("username") for row in less.rows("members")] == ["ben"]
    assert less.value("title") == "Pay"


def test_row_knows_its_own_names_values_and_errors() -> None:
    (row,) = read(Proposal, {"title": ("Pay",), "members.3.username": ("No",)}, LABELS).rows("members")
    assert (row.name("username"), row.id("username"), row.value("username")) == (
        "members.3.username",
        "field-members-3-username",
        "No",
    )
    assert row.label("username").words == "User name"
    assert row.error("username").startswith("This must be 1 to 30")


def test_empty_form_shows_one_empty_row_and_what_it_begins_with() -> None:
    empty = blank(Proposal, LABELS, checkers=2)
    assert (empty.value("checkers"), empty.value("title"), empty.values("variables")) == ("2", "", ())
    assert [row.prefix for row in empty.rows("members")] == ["members.0."]
    assert (empty.status, empty.errors) == (200, {})


def test_filled_form_says_what_the_record_says_and_reads_back_to_it() -> None:
    record = Proposal(
        title="Pay",
        ends=date(2027, 3, 31),
        automatic=True,
        variables=frozenset({"pay", "age"}),
        members=(Member(username="ana"),),  # type: ignore[arg-type]
    )
    typed = filled(record, Proposal, LABELS)
    assert typed.value("ends") == "2027-03-31"
    assert dict(typed.carried())["members.0.username"] == "ana"
    assert read(Proposal, typed.typed, LABELS).command == record


def test_confirmation_counts_only_as_it_is_asked_for() -> None:
    assert form(confirmed=("yes",)).confirmed
    assert not form(confirmed=("no",)).confirmed
    assert not form().confirmed


@pytest.mark.anyio
async def test_deed_that_is_done_gives_what_it_made() -> None:
    assert await attempt(form(), lambda command: command.title.upper()) == (form(), "PAY")


@pytest.mark.anyio
async def test_deed_of_a_wrong_form_is_not_tried() -> None:
    tried: list[Any] = []
    back, made = await attempt(form(title=("",)), tried.append)
    assert (back.status, made, tried) == (422, None, [])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("field", "errors", "notes"),
    [
        ("ends", {"ends": "It is over."}, ()),
        ("members.0.username", {"members.0.username": "It is over."}, ()),
        ("", {}, ("It is over.",)),
        ("nothing", {}, ("It is over.",)),
    ],
)
async def test_refusal_by_the_domain_stands_beside_its_field(
    field: str, errors: dict[str, str], notes: tuple[str, ...]
) -> None:
    def refuse(_command: Proposal) -> None:
        raise BadInputError("it is over", field=field)

    back, made = await attempt(form(), refuse)
    assert (back.errors, back.notes, back.status, made) == (errors, notes, 422, None)
    assert back.value("title") == "Pay"


@pytest.mark.anyio
async def test_second_of_two_writers_is_told_and_keeps_every_word() -> None:
    def late(_command: Proposal) -> None:
        raise StaleVersionError("somebody else was faster")

    theirs = Proposal(title="Their title", members=(Member(username="ana"),), version=5)  # type: ignore[arg-type]
    back, made = await attempt(form(version=("4",)), late, now=lambda: filled(theirs, Proposal, LABELS))
    assert (made, back.status, back.notes) == (None, 409, (texts.STALE,))
    assert (back.value("title"), back.changed("title"), back.value("version")) == ("Pay", "Their title", "5")
    assert back.changed("members.0.username") is None
    with pytest.raises(StaleVersionError):
        await attempt(form(), late)


@pytest.mark.anyio
async def test_wrong_state_is_no_matter_of_the_form() -> None:
    def closed(_command: Proposal) -> None:
        raise WrongStateError("the project is closed")

    with pytest.raises(WrongStateError):
        await attempt(form(), closed)
