"""``saferoom admin project``: proposals, what data owners decide about them, and amendments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from saferoom.hub.cli.admin_deeds import (
    AS,
    DATASET,
    FOR,
    JSON,
    NUMBER,
    REASON,
    SLUG,
    TERMS,
    TERMS_OR,
    dataset_of,
    do,
    read_model,
    slug_of,
    terms_in,
)

if TYPE_CHECKING:
    from saferoom.hub.wiring import Instance
    from saferoom.projects.life.model import Life
    from saferoom.projects.life.parts import Actor


def propose(
    file: Path = typer.Argument(..., metavar="FILE", help="YAML: slug, title, question, benefit, datasets ..."),
    as_: str = FOR,
    as_json: bool = JSON,
) -> None:
    """Keep a proposal as a draft."""
    from saferoom.projects.life.model import Proposal

    proposal = read_model(file, Proposal)
    do(as_, as_json, lambda instance, actor: instance.lives.propose(actor, proposal))


def edit(
    file: Path = typer.Argument(..., metavar="FILE", help="YAML, whole, as for propose."),
    as_: str = FOR,
    as_json: bool = JSON,
) -> None:
    """Put another text in the place of a draft, or of a proposal that was given back."""
    from saferoom.projects.life.model import Proposal

    proposal = read_model(file, Proposal)
    do(as_, as_json, lambda instance, actor: instance.lives.edit(actor, proposal.slug, proposal))


def submit(slug: str = SLUG, as_: str = FOR, as_json: bool = JSON) -> None:
    """Submit a proposal to its data owners."""
    do(as_, as_json, lambda instance, actor: instance.lives.submit(actor, slug_of(slug)))


def withdraw(slug: str = SLUG, as_: str = FOR, as_json: bool = JSON) -> None:
    """Take a proposal back for good."""
    do(as_, as_json, lambda instance, actor: instance.lives.withdraw(actor, slug_of(slug)))


def approve(
    slug: str = SLUG, dataset: str = DATASET, terms: Path = TERMS, as_: str = FOR, as_json: bool = JSON
) -> None:
    """Approve a dataset for a proposal."""
    given = terms_in(terms)
    do(as_, as_json, lambda instance, actor: instance.lives.approve(actor, slug_of(slug), dataset_of(dataset), given))


def decline(
    slug: str = SLUG,
    dataset: str | None = typer.Argument(
        None, metavar="[DATASET]", help="Left out: the project because of its people."
    ),
    reason: str = REASON,
    as_: str | None = AS,
    as_json: bool = JSON,
) -> None:
    """Decline a dataset (its owner), or the whole proposal because of its people (an administrator)."""

    def deed(instance: Instance, actor: Actor) -> Life:
        if dataset is None:
            return instance.lives.decline_people(actor, slug_of(slug), reason)
        return instance.lives.decline(actor, slug_of(slug), dataset_of(dataset), reason)

    do(as_, as_json, deed)


def give_back(
    slug: str = SLUG,
    dataset: str | None = typer.Argument(
        None, metavar="[DATASET]", help="Whose owner asks; left out for administrators."
    ),
    reason: str = REASON,
    as_: str | None = AS,
    as_json: bool = JSON,
) -> None:
    """Give a proposal back for changes."""
    name = None if dataset is None else dataset_of(dataset)
    do(as_, as_json, lambda instance, actor: instance.lives.ask_changes(actor, slug_of(slug), reason, name))


def confirm(slug: str = SLUG, as_json: bool = JSON) -> None:
    """Confirm the people of a decided proposal: the project runs."""
    do(None, as_json, lambda instance, actor: instance.lives.confirm(actor, slug_of(slug)))


def amend(
    slug: str = SLUG,
    file: Path = typer.Argument(..., metavar="FILE", help="YAML: add, remove, ends, datasets, drop."),
    why: str = typer.Option("", "--why", help="Needed where somebody has to agree."),
    as_: str | None = AS,
    as_json: bool = JSON,
) -> None:
    """Change a running project: at once where nobody has to agree, else as an amendment."""
    from saferoom.projects.life.model import Alteration

    change = read_model(file, Alteration)
    do(as_, as_json, lambda instance, actor: instance.lives.amend(actor, slug_of(slug), change, why))


def agree(
    slug: str = SLUG,
    number: int = NUMBER,
    dataset: str = DATASET,
    terms: Path | None = TERMS_OR,
    as_: str = FOR,
    as_json: bool = JSON,
) -> None:
    """Agree to an amendment for a dataset."""
    given, name = None if terms is None else terms_in(terms), dataset_of(dataset)
    do(as_, as_json, lambda i, actor: i.lives.approve_amendment(actor, slug_of(slug), number, name, given))


def refuse(
    slug: str = SLUG,
    number: int = NUMBER,
    dataset: str | None = typer.Argument(None, metavar="[DATASET]", help="Left out: the people whom it brings in."),
    reason: str = REASON,
    as_: str | None = AS,
    as_json: bool = JSON,
) -> None:
    """Refuse an amendment."""
    name = None if dataset is None else dataset_of(dataset)
    do(as_, as_json, lambda i, actor: i.lives.decline_amendment(actor, slug_of(slug), number, reason, name))


def confirm_amendment(slug: str = SLUG, number: int = NUMBER, as_json: bool = JSON) -> None:
    """Confirm the people whom an amendment brings in."""
    do(None, as_json, lambda instance, actor: instance.lives.confirm_amendment(actor, slug_of(slug), number))


def withdraw_amendment(slug: str = SLUG, number: int = NUMBER, as_: str | None = AS, as_json: bool = JSON) -> None:
    """Take back an amendment that is not decided."""
    do(as_, as_json, lambda instance, actor: instance.lives.withdraw_amendment(actor, slug_of(slug), number))


def revise(slug: str = SLUG, dataset: str = DATASET, terms: Path = TERMS, as_: str = FOR, as_json: bool = JSON) -> None:
    """Change the terms of an approval; they hold at once."""
    given = terms_in(terms)
    do(as_, as_json, lambda instance, actor: instance.lives.revise(actor, slug_of(slug), dataset_of(dataset), given))


def end(
    slug: str = SLUG, dataset: str = DATASET, reason: str = REASON, as_: str | None = AS, as_json: bool = JSON
) -> None:
    """End the approval of a dataset, with a reason."""
    name = dataset_of(dataset)
    do(as_, as_json, lambda instance, actor: instance.lives.end_approval(actor, slug_of(slug), name, reason))


def confirm_refresh(
    slug: str = SLUG, dataset: str = DATASET, terms: Path | None = TERMS_OR, as_: str = FOR, as_json: bool = JSON
) -> None:
    """Confirm what changed in a dataset, so that a new extract may be made."""
    given, name = None if terms is None else terms_in(terms), dataset_of(dataset)
    do(as_, as_json, lambda instance, actor: instance.lives.confirm_refresh(actor, slug_of(slug), name, given))


COMMANDS: dict[str, Callable[..., None]] = {
    "propose": propose,
    "edit": edit,
    "submit": submit,
    "withdraw": withdraw,
    "approve": approve,
    "decline": decline,
    "give-back": give_back,
    "confirm": confirm,
    "amend": amend,
    "agree": agree,
    "refuse": refuse,
    "confirm-amendment": confirm_amendment,
    "withdraw-amendment": withdraw_amendment,
    "revise": revise,
    "end": end,
    "confirm-refresh": confirm_refresh,
}
