"""Forms: from what was typed to a command, or back to the page with a sentence beside each field and nothing lost.

A deed reads its form, tries it, and shows the page again unless it was done::

    form = read(Proposal, sent.fields, LABELS)
    form, made = await attempt(form, lambda command: service.propose(sent.who.username, command))
    if made is None:
        return show(request, "projects/new.html", sent.who, form)
    return see(request, f"projects/{made.slug}", "proposed")

Templates write the fields with the macros of ``shell/forms.html``, which ask the form for labels, values and errors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse

from saferoom.errors import BadInputError, StaleVersionError
from saferoom.hub.web.shell.fields import MOST_ROWS, YES, Kind, Typed, document_of, rows_of, typed_of, types_of
from saferoom.hub.web.shell.identity import Visitor
from saferoom.hub.web.shell.labels import Label
from saferoom.hub.web.shell.refusals import refusals
from saferoom.hub.web.shell.rendering import page
from saferoom.hub.web.texts import forms as texts
from saferoom.hub.web.texts.common import sentence

Command = TypeVar("Command", bound=BaseModel)
Made = TypeVar("Made")
ROW_FIELD = "row"
"""The button that asks for one more row (``members``) or takes one away (``members.2``)."""
CONFIRM_FIELD = "confirmed"


@dataclass(frozen=True)
class Form(Generic[Command]):
    """A form as it was typed.

    Attributes
    ----------
    labels : mapping of str to Label
        By the field's name; those of rows as ``members.username``.
    command : Command or None
        What the form asks for; None while something is wrong with it.
    errors : mapping of str to str
        A sentence for each field that is wrong.
    notes : tuple of str
        What is wrong with the form as a whole.
    now : Typed
        What the store says now, after somebody else was faster.
    extra : mapping of str to int
        Empty rows that the page shows, by the rows' name.
    prefix : str
        What the fields' names begin with; empty unless this is a row of a form.
    """

    model: type[Command]
    labels: Mapping[str, Label]
    typed: Typed = field(default_factory=dict)
    command: Command | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    now: Typed = field(default_factory=dict)
    extra: Mapping[str, int] = field(default_factory=dict)
    confirmed: bool = False
    status: int = 200
    prefix: str = ""

    def name(self, name: str) -> str:
        """Return a field's name in the page."""
        return self.prefix + name

    def id(self, name: str) -> str:
        """Return a field's id in the page."""
        return "field-" + (self.prefix + name).replace(".", "-").replace("_", "-")

    def label(self, name: str) -> Label:
        """Return what stands above a field."""
        steps = (self.prefix + name).split(".")
        return self.labels[".".join(step for step in steps if not step.isdigit())]

    def values(self, name: str) -> tuple[str, ...]:
        """Return everything typed into a field."""
        return self.typed.get(self.prefix + name, ())

    def value(self, name: str) -> str:
        """Return what was typed into a field."""
        return (self.values(name) or ("",))[0]

    def error(self, name: str) -> str:
        """Return what is wrong with a field, or the empty string."""
        return self.errors.get(self.prefix + name, "")

    def changed(self, name: str) -> str | None:
        """Return what somebody else has put into a field meanwhile, where that is not what was typed here."""
        now = self.now.get(self.prefix + name, ())
        return ", ".join(now) if self.now and now != self.values(name) else None

    def rows(self, name: str) -> list[Form[Any]]:
        """Return the rows called `name` and the empty ones after them, each as a form of its own fields."""
        numbers = list(rows_of(self.typed, name))
        following = range(max(numbers, default=-1) + 1, MOST_ROWS)
        numbers += following[: self.extra.get(name, 0 if numbers else 1)]
        return [replace(self, prefix=f"{name}.{number}.", extra={}) for number in numbers]

    def summary(self) -> list[tuple[str, str, str]]:
        """Return every field that is wrong: where it is, what it is called, and what is wrong."""
        plain = replace(self, prefix="")
        return [(plain.id(name), plain.label(name).words, said) for name, said in self.errors.items()]

    def carried(self) -> list[tuple[str, str]]:
        """Return all that was typed, for a page that asks to confirm it."""
        return [(name, value) for name, values in self.typed.items() for value in values]

    def refused(self, error: BadInputError) -> Form[Command]:
        """Return the form with what the domain found wrong with it."""
        said = sentence(error.message)
        if error.field and error.field.split(".")[0] in self.model.model_fields:
            return replace(self, command=None, errors={**self.errors, error.field: said}, status=error.http_status)
        return replace(self, command=None, notes=(*self.notes, said), status=error.http_status)

    def stale(self, now: Form[Command]) -> Form[Command]:
        """Return the form after somebody else was faster: as typed, beside what the store says `now`.

        The new version is taken over, so that sending the form once more is meant.
        """
        version = {name: values for name, values in now.typed.items() if name == "version"}
        typed = {**self.typed, **version}
        return replace(self, typed=typed, now=now.typed, command=None, notes=(texts.STALE,), status=409)


def blank(model: type[Command], labels: Mapping[str, Label], **initial: Any) -> Form[Command]:
    """Return an empty form, or one that begins with some values."""
    return Form(model, labels, {name: values for name, values in typed_of(initial, model).items() if values})


def filled(record: BaseModel | Mapping[str, Any], model: type[Command], labels: Mapping[str, Label]) -> Form[Command]:
    """Return a form with what `record` says."""
    return Form(model, labels, typed_of(record, model))


def read(model: type[Command], fields: Typed, labels: Mapping[str, Label]) -> Form[Command]:
    """Return the form as it was sent, with its command when every field is right.

    Raises
    ------
    BadInputError
        What was sent is not this form.
    """
    typed = dict(fields)
    confirmed = typed.pop(CONFIRM_FIELD, ()) == (YES,)
    wanted = typed.pop(ROW_FIELD, ())
    document, numbers = document_of(model, typed)
    form = Form(model, labels, typed, confirmed=confirmed)
    if wanted:
        return _with_rows(form, wanted[0])
    try:
        return replace(form, command=model.model_validate(document, strict=False))
    except ValidationError as error:
        errors, notes = refusals(model, error, numbers)
        return replace(form, errors=errors, notes=notes, status=422)


def _with_rows(form: Form[Command], wanted: str) -> Form[Command]:
    """Return the form with one more or one less row, judged by nobody."""
    name, _, number = wanted.partition(".")
    known = types_of(form.model).get(name)
    if known is None or known.kind is not Kind.ROWS:
        raise BadInputError(texts.NOT_OURS)
    if number:
        gone = f"{name}.{number}."
        return replace(form, typed={key: values for key, values in form.typed.items() if not key.startswith(gone)})
    return replace(form, extra={name: 1})


async def attempt(
    form: Form[Command],
    deed: Callable[[Command], Made],
    now: Callable[[], Form[Command]] | None = None,
) -> tuple[Form[Command], Made | None]:
    """Do what the form asks for, in a thread; return the form as the page shows it, and what was made.

    Parameters
    ----------
    now : callable, optional
        Makes the form of what the store holds now, for the case that somebody else was faster.
    """
    if form.command is None:
        return form, None
    command = form.command
    try:
        return form, await run_in_threadpool(deed, command)
    except BadInputError as error:
        return form.refused(error), None
    except StaleVersionError:
        if now is None:
            raise
        return form.stale(await run_in_threadpool(now)), None


def show(request: Request, template: str, who: Visitor, form: Form[Any], **values: Any) -> HTMLResponse:
    """Return the page of a form, with the status of how the form fared."""
    return page(request, template, who, status=form.status, form=form, **values)
