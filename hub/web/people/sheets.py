"""The deeds on people as sheets: the fields of each form, what it says at first, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from saferoom.hub.web.shell.labels import Label
from saferoom.hub.web.texts import people as texts
from saferoom.ids import Username
from saferoom.projects.people.permissions import Action, Actor
from saferoom.projects.people.records import (
    AccountForm,
    AccreditationForm,
    DeputyForm,
    Dossier,
    EndForm,
    PersonChange,
    PersonForm,
    TrainingForm,
)
from saferoom.projects.people.service import People

_Begin = Callable[[Dossier], Mapping[str, Any]]
_Do = Callable[[People, Actor, Username, Any], object]


@dataclass(frozen=True)
class Field:
    """How a field is filled in: a macro of ``shell/forms.html``, and its choices."""

    name: str
    how: str = "text"
    options: Mapping[Any, str] | None = None
    required: bool = True
    most: int | None = 200

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The choices as the page shows them."""
        return [(option.value, words) for option, words in (self.options or {}).items()]


@dataclass(frozen=True)
class Sheet:
    """One deed on one person.

    Attributes
    ----------
    begin : callable
        What the form says at first, from the person's dossier.
    """

    title: str
    action: Action
    model: type[BaseModel]
    labels: Mapping[str, Label]
    fields: tuple[Field, ...]
    button: str
    done: str
    do: _Do
    begin: _Begin = lambda _: {}
    look: str = "main"
    note: str = ""


_DATES = (Field("granted", "date"), Field("expires", "date"))
_EVIDENCE = Field("evidence", "area", most=2000)
_WHO = (Field("display_name"), Field("email", required=False), Field("roles", "choices", texts.ROLES))


def _version(dossier: Dossier) -> dict[str, Any]:
    return {"version": dossier.version}


SHEETS: dict[str, Sheet] = {
    "edit": Sheet(
        "Change {name}", Action.EDIT, PersonChange, texts.PERSON, (*_WHO, Field("version", "hidden")), "Save",
        "person-changed", lambda people, actor, who, form: people.edit(actor, who, form),
        lambda dossier: dossier.person.model_dump(mode="json") | _version(dossier),
    ),
    "accreditation": Sheet(
        "Record an accreditation of {name}", Action.RECORD, AccreditationForm, texts.ACCREDITATION,
        (Field("level", "select", texts.LEVELS), Field("body"), *_DATES, _EVIDENCE), "Record the accreditation",
        "accredited", lambda people, actor, who, form: people.accredit(actor, who, form),
    ),
    "training": Sheet(
        "Record a training of {name}", Action.RECORD, TrainingForm, texts.TRAINING,
        (Field("course", "select", texts.COURSES), Field("body"), *_DATES, _EVIDENCE), "Record the training",
        "trained", lambda people, actor, who, form: people.train(actor, who, form),
    ),
    "close": Sheet(
        "Close the account of {name}", Action.CLOSE, AccountForm, texts.ACCOUNT,
        (Field("reason", "area", most=2000), Field("version", "hidden")), "Close the account", "account-closed",
        lambda people, actor, who, form: people.close(actor, who, form), _version, "danger",
        "Sessions, rooms and tokens end within a minute. Nothing is deleted, and the account can be opened again.",
    ),
    "reopen": Sheet(
        "Open the account of {name} again", Action.REOPEN, AccountForm, texts.ACCOUNT,
        (Field("reason", "area", most=2000), Field("version", "hidden")), "Open the account", "account-reopened",
        lambda people, actor, who, form: people.reopen(actor, who, form), _version,
    ),
    "deputy": Sheet(
        "Name {name} as a deputy for emergencies", Action.NAME_DEPUTY, DeputyForm, texts.DEPUTY,
        (Field("username", "hidden"), Field("until", "date")), "Name as a deputy", "deputy-named",
        lambda people, actor, _, form: people.name_deputy(actor, form),
        lambda dossier: {"username": dossier.person.username},
        note="A deputy may break the glass when no administrator can be reached. Nothing else comes with it.",
    ),
}  # fmt: skip
NEW = Sheet(
    "Register somebody", Action.ADD, PersonForm, texts.PERSON, (Field("username", most=30), *_WHO), "Register",
    "person-added", lambda people, actor, _, form: people.add(actor, form),
)  # fmt: skip
END = Sheet(
    "End a record of {name}", Action.END_RECORD, EndForm, texts.ENDING,
    (Field("ending", "select", texts.ENDINGS), Field("reason", "area", most=2000)), "End the record", "record-ended",
    lambda *_: None, look="danger",
    note="It no longer counts from this moment on. Whoever needs it is out within a minute, everywhere.",
)  # fmt: skip
