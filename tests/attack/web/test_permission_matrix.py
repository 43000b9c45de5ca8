"""Everybody tries every form on a request in every state: what the tables refuse is refused over HTTP."""

from __future__ import annotations

import re

import pytest
from tests.support import matrix
from tests.support.airlock_server import HOST, Browser, Service

from saferoom.errors import NotFoundError, WrongStateError
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.permissions import decide
from saferoom.projects.airlock.states import Action, State

_NONCE = re.compile(r'nonce(=|-|&#34;:)"?[\w-]+')
NO_ID = "no-such-request"


def send(browser: Browser, token: str, action: Action, id_: str, request: Request) -> tuple[int, str]:
    path, fields = matrix.FORMS[action]
    sent = {"csrf": token} | fields
    if action in (Action.EDIT, Action.SUBMIT):
        sent["version"] = str(request.version)
    answer = browser.bare_post(
        f"requests/{id_}/{path.format(output=request.outputs[0].id if request.outputs else 'none')}",
        sent,
        Origin=f"http://{HOST}",
    )
    return answer.status_code, _NONCE.sub("nonce", answer.text)


def refusal(name: str, action: Action, state: State) -> int:
    """Return the status with which the tables refuse; 0 when they allow."""
    decision = decide(matrix.standing(name, state), action, state)
    if decision:
        return 0
    return 404 if decision.error is NotFoundError else 409 if decision.error is WrongStateError else 403


def test_every_action_is_placed() -> None:
    assert set(matrix.FORMS) | matrix.WITHOUT_FORM == set(Action)
    assert not set(matrix.FORMS) & matrix.WITHOUT_FORM


@pytest.mark.parametrize("state", State)
def test_every_refused_form_is_refused_as_the_tables_say_and_changes_nothing(airlock: Service, state: State) -> None:
    matrix.prepare(airlock.world)
    request = matrix.request_in(airlock.world, state)
    assert request.state is state
    wrong = {}
    for name in matrix.SUBMITTED:
        browser = airlock.browser(name)
        token = browser.csrf()
        for action in matrix.FORMS:
            expected = refusal(name, action, state)
            if not expected:
                continue
            status, said = send(browser, token, action, request.id, request)
            if status != expected:
                wrong[name, action.value] = (status, expected)
            if expected == 404:
                assert said == send(browser, token, action, NO_ID, request)[1], (name, action)
    assert wrong == {}
    assert airlock.world.instance.airlock.found(request.id) == request


def _allowed(state: State) -> list[tuple[str, Action]]:
    return [(name, action) for name in matrix.SUBMITTED for action in matrix.FORMS if not refusal(name, action, state)]


@pytest.mark.parametrize("state", State)
def test_every_allowed_form_passes_the_door(airlock: Service, state: State) -> None:
    matrix.prepare(airlock.world)
    wrong = {}
    for name, action in _allowed(state):
        request: Request = matrix.request_in(airlock.world, state)
        browser = airlock.browser(name)
        status, _ = send(browser, browser.csrf(), action, request.id, request)
        # Of the releases, those that went out by themselves and were drawn are audited; this one was checked.
        if status != (409 if action is Action.AUDIT else 303):
            wrong[name, action.value] = status
    assert wrong == {}
