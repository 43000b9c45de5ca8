"""Every kind of notice there can be has a category, words and a page; the tables say which there are."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime

import pytest

from saferoom.errors import WrongStateError
from saferoom.hub.web.texts import notices as texts
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.airlock.states import Party
from saferoom.projects.notices import kinds, permissions, states
from saferoom.projects.notices.model import SETTLED, About, Category, How, LetterState, Notice, Subject
from saferoom.projects.notices.patience import LEASE, LONGEST, PAUSES, pause
from saferoom.projects.notices.permissions import PERMITTED, Action, Standing
from saferoom.projects.notices.states import TRANSITIONS, Step
from saferoom.projects.people.model import Person, Role

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_every_kind_of_the_tables_has_words_and_no_other() -> None:
    assert set(texts.KINDS) == kinds.all_kinds()


@pytest.mark.parametrize("kind", sorted(kinds.all_kinds()))
def test_words_of_a_kind_are_made_of_ids_alone(kind: str) -> None:
    names = {
        name
        for text in (texts.KINDS[kind].title, texts.KINDS[kind].body, texts.KINDS[kind].ask)
        for name in _fields(text)
    }
    allowed = {"id", "project"}
    if kind in kinds.BREAK_GLASS:
        allowed = {"who", "by", "power", "until"}
    if kind in kinds.TOKENS:
        allowed = {"scope", "until"}
    if kind == kinds.REMINDER:
        allowed = {"title", "body"}
    if kind == kinds.BUDGET:
        allowed = {"share", "budget"}
    assert names <= allowed
    facts = dict.fromkeys(allowed, "x")
    about = About(Subject.REQUEST, "request-a", ProjectSlug("mob"))
    said = texts.said(Notice("k", Username("ana"), kind, Category.WORK, "author", about, NOW, facts))
    whole = f"{said.title} {said.body} {said.ask}"
    assert "{" not in whole
    assert re.fullmatch(r"[\x20-\x7e]+", whole)
    assert said.body.endswith((".", "x"))
    assert "Sign in" not in said.body


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_security_is_what_nobody_chooses() -> None:
    security = {*kinds.BREAK_GLASS, *kinds.TOKENS, *kinds.FACTORS}
    assert {*security, "release.withdrawn", "project.archive_read"} == kinds.SECURITY
    assert kinds.all_kinds() >= kinds.SECURITY
    assert kinds.all_kinds() >= kinds.PUBLIC
    assert kinds.of_request("release.withdrawn", Party.AUTHOR) is Category.SECURITY
    assert kinds.of_request("request.returned", Party.AUTHOR) is Category.REQUESTS
    assert kinds.of_request("request.submitted", Party.CHECKERS) is Category.WORK
    assert kinds.of_request("request.sign_off_asked", Party.OWNERS) is Category.WORK
    assert kinds.of_project("project.paused") is Category.PROJECTS
    assert kinds.of_project("project.archive_read") is Category.SECURITY
    assert SETTLED == {Category.SECURITY: How.AT_ONCE}
    assert set(kinds.DEFAULTS) == set(Category)


def test_every_category_subject_and_state_has_words() -> None:
    assert set(texts.CATEGORIES) == set(Category)
    assert set(texts.PATHS) == set(Subject)
    assert set(texts.STATES) == set(LetterState)
    assert set(texts.HOWS) == set(How)


def test_patience_grows_and_ends() -> None:
    waits = [pause(tries) for tries in range(1, len(PAUSES) + 2)]
    assert waits[-1] is None
    assert waits[:-1] == sorted(PAUSES)
    assert sum(PAUSES, start=LEASE) < LONGEST


@pytest.mark.parametrize("state", LetterState)
@pytest.mark.parametrize("step", Step)
def test_letter_goes_only_where_the_table_says(state: LetterState, step: Step) -> None:
    rows = [row for row in TRANSITIONS if row.from_ is state and row.step is step]
    if rows:
        assert states.check(state, step) is rows[0]
        assert len(rows) == 1
    else:
        with pytest.raises(WrongStateError):
            states.check(state, step)


def test_sent_is_the_end() -> None:
    assert not [row for row in TRANSITIONS if row.from_ is LetterState.SENT]


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("standing", Standing)
def test_table_of_permissions_decides(standing: Standing, action: Action) -> None:
    assert bool(permissions.may(frozenset({standing}), action)) == (standing in PERMITTED[action])
    assert not permissions.may(frozenset(), action)


def test_administrators_have_no_way_to_what_others_are_told() -> None:
    assert PERMITTED[Action.READ] == PERMITTED[Action.CHOOSE] == {Standing.SELF}
    ada = Person(username=Username("ada"), display_name="Ada", roles=frozenset({Role.ADMINISTRATOR}))
    ana = Person(username=Username("ana"), display_name="Ana", roles=frozenset({Role.RESEARCHER}))
    assert permissions.standings(ada) == {Standing.SELF, Standing.ADMINISTRATOR}
    assert permissions.standings(ana) == {Standing.SELF}
    assert permissions.standings(None) == {Standing.OPERATOR}
