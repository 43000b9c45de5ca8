"""``saferoom admin project``: what administrators decide about proposals, amendments and approvals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import typer

from saferoom.hub.cli.admin_deeds import (
    DATASET,
    JSON,
    NUMBER,
    REASON,
    SLUG,
    dataset_of,
    do,
    read_model,
    slug_of,
)


def decline(slug: str = SLUG, reason: str = REASON, as_json: bool = JSON) -> None:
    """Decline a proposal because of its people, after its data were approved; for good."""
    do(as_json, lambda instance, actor: instance.lives.decline_people(actor, slug_of(slug), reason))


def give_back(slug: str = SLUG, reason: str = REASON, as_json: bool = JSON) -> None:
    """Give a decided proposal back for changes; everybody decides anew."""
    do(as_json, lambda instance, actor: instance.lives.ask_changes(actor, slug_of(slug), reason))


def confirm(slug: str = SLUG, as_json: bool = JSON) -> None:
    """Confirm the people of a decided proposal: the project runs."""
    do(as_json, lambda instance, actor: instance.lives.confirm(actor, slug_of(slug)))


def amend(
    slug: str = SLUG,
    file: Path = typer.Argument(..., metavar="FILE", help="YAML: add, remove, ends, datasets, drop."),
    why: str = typer.Option("", "--why", help="Needed where somebody has to agree."),
    as_json: bool = JSON,
) -> None:
    """Change a running project: at once where nobody has to agree, else as an amendment."""
    from saferoom.projects.life.model import Alteration

    change = read_model(file, Alteration)
    do(as_json, lambda instance, actor: instance.lives.amend(actor, slug_of(slug), change, why))


def refuse(slug: str = SLUG, number: int = NUMBER, reason: str = REASON, as_json: bool = JSON) -> None:
    """Decline an amendment because of the people whom it brings in."""
    do(as_json, lambda instance, actor: instance.lives.decline_amendment(actor, slug_of(slug), number, reason))


def confirm_amendment(slug: str = SLUG, number: int = NUMBER, as_json: bool = JSON) -> None:
    """Confirm the people whom an amendment brings in."""
    do(as_json, lambda instance, actor: instance.lives.confirm_amendment(actor, slug_of(slug), number))


def withdraw_amendment(slug: str = SLUG, number: int = NUMBER, as_json: bool = JSON) -> None:
    """Take back an amendment that is not decided."""
    do(as_json, lambda instance, actor: instance.lives.withdraw_amendment(actor, slug_of(slug), number))


def end(slug: str = SLUG, dataset: str = DATASET, reason: str = REASON, as_json: bool = JSON) -> None:
    """End the approval of a dataset, with a reason."""
    name = dataset_of(dataset)
    do(as_json, lambda instance, actor: instance.lives.end_approval(actor, slug_of(slug), name, reason))


COMMANDS: dict[str, Callable[..., None]] = {
    "confirm": confirm,
    "give-back": give_back,
    "decline": decline,
    "amend": amend,
    "refuse": refuse,
    "confirm-amendment": confirm_amendment,
    "withdraw-amendment": withdraw_amendment,
    "end": end,
}
