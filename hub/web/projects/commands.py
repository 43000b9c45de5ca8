"""What the forms about projects ask for, and how the domain's problems find their fields again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from saferoom.errors import BadInputError
from saferoom.hub.web.shell.forms import Form, attempt
from saferoom.ids import Username
from saferoom.policies.loader import packaged
from saferoom.policies.models import ANY_COLUMN, PolicyModel, RiskAppetite
from saferoom.projects.approvals.model import PrivacyBudget, Terms
from saferoom.projects.catalogue.purposes import Purpose
from saferoom.projects.fields import DatasetNameField, ProjectSlugField, TitleField, UsernameField
from saferoom.projects.life.model import Alteration, Life, Proposal, TextField, Wish
from saferoom.projects.life.problems import ProblemsError

Command = TypeVar("Command", bound=BaseModel)
Made = TypeVar("Made")
KEEP = "as-now"
"""In `TermsForm.appetite`: the limits that hold already."""
_Rows = Annotated[str, Field(max_length=2000)]


class WishRow(PolicyModel):
    """One dataset of a proposal."""

    dataset: DatasetNameField
    variables: tuple[str, ...] = ()
    rows: _Rows | None = None

    def wish(self) -> Wish:
        """Return what is wanted."""
        return Wish(dataset=self.dataset, variables=self.variables, rows=self.rows or None)


class PersonRow(PolicyModel):
    """One person of a project."""

    username: UsernameField


class DraftForm(PolicyModel):
    """A proposal as it is written; what is missing may come later."""

    title: TitleField
    question: TextField = ""
    benefit: TextField = ""
    gateway: TextField = ""
    assessment: TextField = ""
    outputs: TextField = ""
    members: tuple[PersonRow, ...] = ()
    purposes: tuple[Purpose, ...] = ()
    ends: date | None = None
    datasets: tuple[WishRow, ...] = ()
    version: int | None = None

    def proposal(self, slug: str, lead: Username) -> Proposal:
        """Return the proposal, the lead among its people."""
        texts = {
            name: getattr(self, name) for name in ("title", "question", "benefit", "gateway", "assessment", "outputs")
        }
        return Proposal.model_validate(
            {
                "slug": slug,
                **texts,
                "members": frozenset({lead, *(row.username for row in self.members)}),
                "purposes": self.purposes,
                "ends": self.ends,
                "datasets": tuple(row.wish() for row in self.datasets),
            }
        )


class NewForm(DraftForm):
    """A new proposal, with the name it will always have."""

    slug: ProjectSlugField


class TermsForm(PolicyModel):
    """A data owner's terms."""

    until: date
    variables: Annotated[tuple[str, ...], Field(min_length=1)]
    rows: _Rows | None = None
    automatic: bool = False
    sign_off: bool = False
    checkers: Annotated[int, Field(ge=1, le=3)] | None = None
    appetite: str | None = None
    epsilon: Annotated[Decimal, Field(gt=0, le=1000)] | None = None
    delta: Annotated[Decimal, Field(ge=0, lt=1)] | None = None
    version: int | None = None

    def terms(self, now: Terms | None) -> Terms:
        """Return the terms; `now` are those that hold already."""
        if self.delta is not None and self.epsilon is None:
            raise BadInputError("a privacy budget needs its epsilon", field="epsilon")
        budget = None if self.epsilon is None else {"epsilon": self.epsilon, "delta": self.delta or Decimal(0)}
        return Terms(
            until=self.until,
            variables=self.variables,
            rows=self.rows or None,
            automatic=self.automatic,
            sign_off=self.sign_off,
            checkers=self.checkers,
            risk_appetite=_appetite(self.appetite, now),
            budget=None if budget is None else PrivacyBudget.model_validate(budget),
        )


def _appetite(name: str | None, now: Terms | None) -> RiskAppetite | None:
    if not name:
        return None
    if name == KEEP:
        return None if now is None else now.risk_appetite
    try:
        found = packaged(name)
    except BadInputError as error:
        raise BadInputError(error.message, field="appetite") from None
    # What is structural is the data owner's to say of the dataset, not of a packaged policy.
    return found if found.structural else found.model_copy(update={"structural": frozenset({ANY_COLUMN})})


def typed_terms(terms: Terms, version: int) -> dict[str, object]:
    """Return terms as the form shows them."""
    return {
        **terms.model_dump(mode="json", include={"until", "variables", "rows", "automatic", "sign_off", "checkers"}),
        "appetite": KEEP if terms.risk_appetite is not None else None,
        "epsilon": None if terms.budget is None else str(terms.budget.epsilon),
        "delta": None if terms.budget is None else str(terms.budget.delta),
        "version": version,
    }


class ReasonForm(PolicyModel):
    """A reason for a deed."""

    reason: Annotated[str, Field(min_length=1, max_length=2000)]
    version: int | None = None


class ConfirmForm(PolicyModel):
    """A deed that needs no words."""

    version: int | None = None


class LeadForm(PolicyModel):
    """Who leads the project from now on."""

    lead: UsernameField
    version: int | None = None


class AmendForm(PolicyModel):
    """Changes of a running project; what is left as it is stays."""

    add: tuple[PersonRow, ...] = ()
    remove: tuple[UsernameField, ...] = ()
    ends: date | None = None
    purposes: tuple[Purpose, ...] = ()
    datasets: tuple[WishRow, ...] = ()
    drop: tuple[DatasetNameField, ...] = ()
    why: Annotated[str, Field(max_length=2000)] = ""
    version: int | None = None

    def change(self, life: Life, every: Mapping[str, Sequence[str]]) -> Alteration:
        """Return what changes.

        Parameters
        ----------
        every : mapping of dataset to its variables
            Of the datasets that a project may use whole: all of them chosen means whole, as before.
        """
        return Alteration(
            add=frozenset(row.username for row in self.add),
            remove=frozenset(self.remove),
            ends=self.ends,
            purposes=self.purposes,
            datasets=tuple(_whole(row.wish(), life, every) for row in self.datasets if row.dataset not in self.drop),
            drop=frozenset(self.drop),
        )


def _whole(wish: Wish, life: Life, every: Mapping[str, Sequence[str]]) -> Wish:
    before = life.proposal.wish(wish.dataset)
    if before is None or before.variables is not None or set(wish.variables or ()) != set(every[wish.dataset]):
        return wish
    return wish.model_copy(update={"variables": None})


def draft_of(life: Life) -> dict[str, object]:
    """Return a proposal as its form shows it."""
    proposal = life.proposal
    rows = [{"dataset": w.dataset, "variables": w.variables, "rows": w.rows} for w in proposal.datasets]
    people = [{"username": name} for name in sorted(proposal.members) if name != life.lead]
    return {**proposal.model_dump(mode="json"), "members": people, "datasets": rows, "version": life.version}


async def tried(
    form: Form[Command], deed: Callable[[Command], Made], now: Callable[[], Form[Command]] | None = None
) -> tuple[Form[Command], Made | None]:
    """Do what the form asks for; every problem that the domain finds stands beside its field."""

    def guarded(command: Command) -> Made | ProblemsError:
        try:
            return deed(command)
        except ProblemsError as error:
            return error

    form, made = await attempt(form, guarded, now)
    if isinstance(made, ProblemsError):
        return await run_in_threadpool(_with_problems, form, made), None
    return form, made


def _with_problems(form: Form[Command], error: ProblemsError) -> Form[Command]:
    for problem in error.problems:
        form = form.refused(BadInputError(problem.message, field=_field(form, problem.field)))
    return replace(form, status=error.http_status)


def _field(form: Form[Command], field: str) -> str:
    """Return the form's field for a domain's: ``datasets.htv.rows`` is a row by its number in a form."""
    kind, _, rest = field.partition(".")
    name, _, inner = rest.partition(".")
    for key, values in form.typed.items():
        start, _, end = key.partition(".")
        if start == kind == "datasets" and end.endswith(".dataset") and values == (name,):
            return f"datasets.{end.removesuffix('.dataset')}.{inner or 'dataset'}"
    # An amendment's people come in through a field of their own.
    return "add" if kind == "members" and "add" in form.model.model_fields else kind
