"""Whatever a page about projects, people, notices or data does or shows, a call does or shows, too.

And whatever administrators do has a command. Both are tables of pairs; nothing may stand without its other half.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import typer
from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel

from saferoom.hub.cli.main import build
from saferoom.hub.web import budgets, catalogue, notices, people, projects, register, tokens
from saferoom.hub.web.api.app import description
from saferoom.hub.web.people import sheets as people_sheets
from saferoom.hub.web.projects import amendments, commands, decisions
from saferoom.hub.web.projects import sheets as project_sheets
from saferoom.projects.ledger import permissions as budget_rules
from saferoom.projects.ledger.limits import LimitForm
from saferoom.projects.ledger.permissions import Action as OnBudgets
from saferoom.projects.life import permissions as life
from saferoom.projects.life.states import Action as OnProject
from saferoom.projects.notices import permissions as letters
from saferoom.projects.notices.model import ChoiceForm
from saferoom.projects.notices.permissions import Action as OnLetters
from saferoom.projects.people import permissions as accounts
from saferoom.projects.people.emergencies import EmergencyForm, ReviewForm
from saferoom.projects.people.permissions import Action as OnPeople
from saferoom.projects.people.records import EndForm, PersonForm
from saferoom.projects.record_plans.allowing import PlanForm

DOCUMENT = description()
AREAS = (budgets, catalogue, notices, people, projects, register, tokens)
PERSON, PROJECT, BUDGET = "/people/{username}", "/projects/{slug}", "/budgets/{kind}/{name}"
DATA, AMENDMENT = f"{PROJECT}/data/{{dataset}}", f"{PROJECT}/amendments/{{number}}"
VARIABLES = "/catalogue/{name}/variables"

PAGES: dict[str, tuple[str, ...]] = {
    "/catalogue": ("GET /catalogue",),
    "/catalogue/{name}": ("GET /catalogue/{name}", f"GET {VARIABLES}", "GET /catalogue/{name}/versions"),
    "/catalogue/{name}/versions/{version}": ("GET /catalogue/{name}/versions/{version}/checks",),
    "/catalogue/{name}/versions/{version}/linkage": ("GET /catalogue/{name}/versions/{version}/linkage",),
    "/catalogue/{name}/records": ("GET /catalogue/{name}/record-plans",),
    "/catalogue/{name}/twin.parquet": ("GET /catalogue/{name}/twin",),
    "/catalogue/{name}/{variable}": (f"GET {VARIABLES}/{{variable}}", f"GET {VARIABLES}/{{variable}}/codes"),
    "/notices": ("GET /notices",),
    "/notices/bell": ("GET /notices",),
    "/notices/choose": ("GET /notices/preferences",),
    "/notices/letters": ("GET /letters", "GET /mailing"),
    "/people": ("GET /people",),
    PERSON: (f"GET {PERSON}", "GET /deputies", f"GET {PERSON}/tokens"),
    f"{PERSON}/history": (f"GET {PERSON}/history",),
    "/standing": ("GET /me",),
    "/break-glass": ("GET /break-glass", "GET /deputies"),
    "/break-glass/{emergency_id}": ("GET /break-glass/{emergency_id}",),
    "/projects": ("GET /projects",),
    PROJECT: (f"GET {PROJECT}", f"GET {PROJECT}/releases"),
    f"{PROJECT}/history": (f"GET {PROJECT}/history",),
    f"{PROJECT}/use": (f"GET {PROJECT}/use",),
    f"{PROJECT}/certificate": (f"GET {PROJECT}/certificate",),
    "/tokens": ("GET /tokens",),
    "/budgets": ("GET /budgets",),
    BUDGET: (f"GET {BUDGET}", f"GET {BUDGET}/charges"),
    f"{BUDGET}/composition": (f"GET {BUDGET}/composition",),
}
"""Pages that show something, with the calls that show the same."""
FORMS: dict[str, tuple[str, ...]] = {
    "/notices/choose": ("PUT /notices/preferences",),
    "/notices/letters/{letter_id}/retry": ("POST /letters/{letter_id}/retry",),
    "/notices/read": ("POST /notices/read",),
    "/notices/{notice_id}/read": ("POST /notices/{notice_id}/read",),
    "/notices/{notice_id}/open": ("POST /notices/{notice_id}/read",),
    "/new-person": ("POST /people",),
    f"{PERSON}/edit": (f"PUT {PERSON}",),
    f"{PERSON}/accreditation": (f"POST {PERSON}/accreditations",),
    f"{PERSON}/training": (f"POST {PERSON}/trainings",),
    f"{PERSON}/close": (f"POST {PERSON}/close",),
    f"{PERSON}/reopen": (f"POST {PERSON}/reopen",),
    f"{PERSON}/deputy": (f"POST {PERSON}/deputy",),
    f"{PERSON}/end-deputy": (f"POST {PERSON}/end-deputy",),
    f"{PERSON}/password": (f"POST {PERSON}/password",),
    f"{PERSON}/end-tokens": (f"POST {PERSON}/end-tokens",),
    f"{PERSON}/records/{{record_id}}": ("POST /records/{record_id}/end",),
    "/break-glass/new": ("POST /break-glass",),
    "/break-glass/{emergency_id}/end": ("POST /break-glass/{emergency_id}/end",),
    "/break-glass/{emergency_id}/review": ("POST /break-glass/{emergency_id}/review",),
    "/projects/new": ("POST /projects",),
    f"{PROJECT}/edit": (f"PUT {PROJECT}/proposal",),
    f"{PROJECT}/amend": (f"POST {PROJECT}/amendments",),
    f"{PROJECT}/do/submit": (f"POST {PROJECT}/submit",),
    f"{PROJECT}/do/withdraw": (f"POST {PROJECT}/withdraw",),
    f"{PROJECT}/do/confirm": (f"POST {PROJECT}/confirm",),
    f"{PROJECT}/do/return": (f"POST {PROJECT}/return",),
    f"{PROJECT}/do/decline": (f"POST {PROJECT}/decline",),
    f"{PROJECT}/do/pause": (f"POST {PROJECT}/pause",),
    f"{PROJECT}/do/lift": (f"POST {PROJECT}/resume",),
    f"{PROJECT}/do/hand-over": (f"POST {PROJECT}/hand-over",),
    f"{PROJECT}/do/close": (f"POST {PROJECT}/close",),
    f"{PROJECT}/do/seal": (f"POST {PROJECT}/seal",),
    f"{PROJECT}/do/delete": (f"POST {PROJECT}/delete",),
    f"{DATA}/approve": (f"POST {DATA}/approve",),
    f"{DATA}/revise": (f"POST {DATA}/revise",),
    f"{DATA}/refresh": (f"POST {DATA}/confirm-refresh",),
    f"{DATA}/return": (f"POST {DATA}/return",),
    f"{DATA}/decline": (f"POST {DATA}/decline",),
    f"{DATA}/end": (f"POST {DATA}/end",),
    f"{AMENDMENT}/confirm": (f"POST {AMENDMENT}/confirm",),
    f"{AMENDMENT}/refuse": (f"POST {AMENDMENT}/decline",),
    f"{AMENDMENT}/withdraw": (f"POST {AMENDMENT}/withdraw",),
    f"{AMENDMENT}/{{dataset}}/agree": (f"POST {AMENDMENT}/data/{{dataset}}/approve",),
    f"{AMENDMENT}/{{dataset}}/decline": (f"POST {AMENDMENT}/data/{{dataset}}/decline",),
    "/tokens/{token_id}/end": ("POST /tokens/{token_id}/end",),
    "/catalogue/{name}/records": ("POST /catalogue/{name}/record-plans",),
    "/catalogue/{name}/records/try": ("POST /catalogue/{name}/record-plans/try",),
    "/catalogue/{name}/records/{plan}/revoke": ("POST /catalogue/{name}/record-plans/{plan}/revoke",),
    BUDGET: (f"PUT {BUDGET}",),
}
"""Forms, with the calls that do the same."""
BY_BROWSER_ALONE = {"/tokens"}
"""Forms without a call: a token makes no token; that takes the person, with password and code."""
PUBLIC = {"/register"}
"""Pages that anybody sees, and whose documents are for programs already (``register.json`` and others)."""

SHEETS: Mapping[str, Mapping[str, Any]] = {
    f"{PERSON}/{{deed}}": people_sheets.SHEETS,
    f"{PROJECT}/do/{{deed}}": project_sheets.SHEETS,
    f"{DATA}/{{deed}}": decisions.DEEDS,
    f"{AMENDMENT}/{{deed}}": {name: sheet(1) for name, sheet in amendments._SHEETS.items()},
}
"""Addresses that stand for several forms, with the forms."""
MODELS: Mapping[str, type[BaseModel]] = {
    "/notices/choose": ChoiceForm,
    "/new-person": PersonForm,
    f"{PERSON}/records/{{record_id}}": EndForm,
    "/break-glass/new": EmergencyForm,
    "/break-glass/{emergency_id}/review": ReviewForm,
    "/projects/new": commands.NewForm,
    f"{PROJECT}/edit": commands.DraftForm,
    f"{PROJECT}/amend": commands.AmendForm,
    f"{AMENDMENT}/{{dataset}}/agree": commands.TermsForm,
    f"{AMENDMENT}/{{dataset}}/decline": commands.ReasonForm,
    BUDGET: LimitForm,
    "/catalogue/{name}/records": PlanForm,
    "/catalogue/{name}/records/try": PlanForm,
}
"""What the forms ask for that stand alone."""
SAID_OTHERWISE = {
    ("TermsForm", "appetite"): "risk_appetite",
    ("TermsForm", "epsilon"): "budget",
    ("TermsForm", "delta"): "budget",
}
"""Fields that a call has under another name."""
NOT_NEEDED = {("NewForm", "version"), ("DeputyForm", "username"), (f"{PROJECT}/do/seal", "version")}
"""Fields that a call has no use for: what is new has no version, the address names the person, sealing changes no
words."""


def routes(*, method: str) -> set[str]:
    """Return the addresses of all pages or forms, those that stand for several written out."""
    routers: Iterator[APIRouter] = (router for area in AREAS for router in area.AREA.routers)
    found = set()
    for route in (route for router in routers for route in router.routes):
        assert isinstance(route, APIRoute)
        if method in (route.methods or ()):
            named = SHEETS.get(route.path)
            found |= {route.path.replace("{deed}", deed) for deed in named} if named else {route.path}
    return found


def calls() -> set[str]:
    """Return every call of the API."""
    return {f"{method.upper()} {path}" for path, ways in DOCUMENT["paths"].items() for method in ways}


def test_every_page_that_shows_something_has_its_calls() -> None:
    shown = {page for page in routes(method="GET") - routes(method="POST") if not page.startswith(tuple(PUBLIC))}
    # A page that only asks for what its form then does shows nothing of its own, unless it is named here.
    assert shown == set(PAGES) - routes(method="POST")
    assert {call for pair in PAGES.values() for call in pair} <= calls()


def test_every_form_has_its_calls() -> None:
    forms = routes(method="POST")
    assert forms - BY_BROWSER_ALONE == set(FORMS)
    assert forms >= BY_BROWSER_ALONE
    assert {call for pair in FORMS.values() for call in pair} <= calls()


def test_every_call_belongs_to_a_page_or_form() -> None:
    tags = {"projects", "decisions", "people", "break-glass", "catalogue", "notices", "letters", "tokens", "budgets"}
    ours = {
        f"{method.upper()} {path}"
        for path, ways in DOCUMENT["paths"].items()
        for method, call in ways.items()
        if tags & set(call["tags"])
    }
    assert ours == {call for pair in (*PAGES.values(), *FORMS.values()) for call in pair}


def model_of(form: str) -> type[BaseModel] | None:
    """Return what a form asks for; None for a button."""
    for address, named in SHEETS.items():
        start = address.removesuffix("{deed}")
        sheet = named.get(form.removeprefix(start)) if form.startswith(start) else None
        if isinstance(sheet, decisions.Deed):
            return commands.TermsForm if sheet.terms else commands.ReasonForm
        if sheet is not None:
            model: type[BaseModel] = sheet.model
            return model
    return MODELS.get(form)


def names_of(call: str) -> set[str]:
    """Return the fields of a call's body, and of the documents in it."""
    method, path = call.split(" ", 1)
    body = DOCUMENT["paths"][path][method.lower()]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    return _names(schema) | {name for part in _parts(schema) for name in _names(part)}


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    for choice in schema.get("anyOf", ()):
        if "$ref" in choice:
            return _resolved(choice)
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    found: Mapping[str, Any] = DOCUMENT["components"]["schemas"][name] if name else schema
    return found


def _names(schema: Mapping[str, Any]) -> set[str]:
    return set(_resolved(schema).get("properties", ()))


def _parts(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(_resolved(schema).get("properties", {}).values())


@pytest.mark.parametrize("form", sorted(FORMS))
def test_call_takes_what_the_form_asks_for(form: str) -> None:
    model = model_of(form)
    buttons = ("end-deputy", "password", "end-tokens", "retry", "read", "open", "end", "revoke")
    if model is None:
        assert form.endswith(buttons), "a form of which nobody knows what it asks for"
        return
    for call in FORMS[form]:
        taken = names_of(call)
        for name in model.model_fields:
            if {(model.__name__, name), (form, name)} & NOT_NEEDED:
                continue
            assert SAID_OTHERWISE.get((model.__name__, name), name) in taken, (form, name)


ON_PROJECTS = {
    OnProject.VIEW: "project show",
    OnProject.REGISTER: "apply",
    OnProject.CONFIRM: "project confirm",
    OnProject.DECLINE: "project decline",
    OnProject.ASK_CHANGES: "project give-back",
    OnProject.AMEND: "project amend",
    OnProject.DECLINE_AMENDMENT: "project refuse",
    OnProject.CONFIRM_AMENDMENT: "project confirm-amendment",
    OnProject.WITHDRAW_AMENDMENT: "project withdraw-amendment",
    OnProject.END_APPROVAL: "project end",
    OnProject.HAND_OVER: "project hand-over",
    OnProject.PAUSE: "project pause",
    OnProject.LIFT: "project resume",
    OnProject.CLOSE: "project close",
    OnProject.SEAL: "project seal",
    OnProject.READ_ARCHIVE: "project archive",
    OnProject.DELETE: "project delete",
}
ON_PEOPLE = {
    OnPeople.LIST: "people",
    OnPeople.VIEW: "person",
    OnPeople.ADD: "add-person",
    OnPeople.EDIT: "edit-person",
    OnPeople.RECORD: "accredit",
    OnPeople.END_RECORD: "end-record",
    OnPeople.CLOSE: "close",
    OnPeople.REOPEN: "reopen",
    OnPeople.SET_PASSWORD: "password",
    OnPeople.NAME_DEPUTY: "name-deputy",
    OnPeople.END_DEPUTY: "end-deputy",
    OnPeople.VIEW_EMERGENCIES: "break-glass list",
    OnPeople.BREAK_GLASS: "break-glass open",
    OnPeople.END_EMERGENCY: "break-glass end",
    OnPeople.REVIEW_EMERGENCY: "break-glass review",
    OnPeople.VIEW_TOKENS: "tokens",
    OnPeople.END_TOKENS: "end-tokens",
}
ON_LETTERS = {
    OnLetters.VIEW_LETTERS: "notices letters",
    OnLetters.RETRY: "notices retry",
}
ON_BUDGETS = {
    OnBudgets.VIEW: "budget show",
    OnBudgets.VIEW_CHARGES: "budget charges",
    OnBudgets.SET: "budget set",
}
"""By each deed of administrators: its command of ``saferoom admin``."""
_ADMINISTERS = budget_rules.Standing.ADMINISTRATOR
OTHER_COMMANDS = {
    "project list", "project history", "project certificate", "person-history", "train", "break-glass show",
    "datasets", "dataset", "budget list",
}  # fmt: skip
"""Commands that read what administrators' pages show besides, or do the same deed another way."""


def admin_commands() -> set[str]:
    """Return every command of ``saferoom admin``."""
    root: Any = typer.main.get_command(build("admin"))
    found: set[str] = set()

    def walk(group: Any, before: str) -> None:
        for name, command in group.commands.items():
            path = f"{before}{name}"
            if hasattr(command, "commands"):
                walk(command, f"{path} ")
            else:
                found.add(path)

    walk(root.commands["admin"], "")
    return found


def test_every_deed_of_administrators_has_a_command() -> None:
    assert set(ON_PROJECTS) == {action for action, who in life.PERMITTED.items() if life.Standing.ADMINISTRATOR in who}
    assert set(ON_PEOPLE) == {action for action, who in accounts.PERMITTED.items() if accounts.Standing.OPERATOR in who}
    assert set(ON_LETTERS) == {action for action, who in letters.PERMITTED.items() if letters.Standing.OPERATOR in who}
    administered = {
        action for kind in budget_rules.PERMITTED.values() for action, who in kind.items() if _ADMINISTERS in who
    }
    assert set(ON_BUDGETS) == administered
    named = {*ON_PROJECTS.values(), *ON_PEOPLE.values(), *ON_LETTERS.values(), *ON_BUDGETS.values(), *OTHER_COMMANDS}
    assert named <= admin_commands()


def test_operator_of_the_machine_may_do_whatever_an_administrator_may() -> None:
    for action, who in accounts.PERMITTED.items():
        assert (accounts.Standing.ADMINISTRATOR in who) == (accounts.Standing.OPERATOR in who), action
    for rules in budget_rules.PERMITTED.values():
        for deed, those in rules.items():
            assert (_ADMINISTERS in those) == (budget_rules.Standing.OPERATOR in those), deed
    for kind, whom in letters.PERMITTED.items():
        assert (letters.Standing.ADMINISTRATOR in whom) == (letters.Standing.OPERATOR in whom), kind


def test_call_that_is_lost_and_deed_that_is_new_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {path: ways for path, ways in DOCUMENT["paths"].items() if path != f"{PROJECT}/hand-over"}
    monkeypatch.setitem(globals(), "DOCUMENT", DOCUMENT | {"paths": kept})
    with pytest.raises(AssertionError):
        test_every_form_has_its_calls()
    monkeypatch.undo()
    address = f"{PERSON}/{{deed}}"
    promoted = dict(people_sheets.SHEETS) | {"promote": people_sheets.SHEETS["edit"]}
    monkeypatch.setitem(globals(), "SHEETS", {**SHEETS, address: promoted})
    with pytest.raises(AssertionError):
        test_every_form_has_its_calls()
    monkeypatch.undo()
    monkeypatch.setitem(life.PERMITTED, OnProject.APPROVE, frozenset({life.Standing.ADMINISTRATOR}))
    with pytest.raises(AssertionError):
        test_every_deed_of_administrators_has_a_command()
