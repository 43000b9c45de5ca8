"""What the commands about projects share: in whose name, which file, and what is printed afterwards.

All of them are administrators' own deeds. A server cannot tell who types a command, so what researchers and data owners
decide is theirs to do, on the pages or over the API.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer
from pydantic import BaseModel

from saferoom.errors import BadInputError
from saferoom.hub.cli.instance import opened

if TYPE_CHECKING:
    from saferoom.hub.wiring import Instance
    from saferoom.ids import DatasetName, ProjectSlug
    from saferoom.projects.life.model import Life
    from saferoom.projects.life.parts import Actor

_Model = TypeVar("_Model", bound=BaseModel)
JSON = typer.Option(False, "--json", help="Print one JSON document.")
SLUG = typer.Argument(..., metavar="PROJECT", help="The project's short name.")
DATASET = typer.Argument(..., metavar="DATASET")
NUMBER = typer.Argument(..., metavar="NUMBER", help="The amendment's number.")
REASON = typer.Option(..., "--reason", help="Why; everybody concerned can read it.")
YES = typer.Option(False, "--yes", "-y", help="Do it without asking.")


@contextmanager
def acting() -> Iterator[tuple[Instance, Actor]]:
    """Open the instance in the name of the administrators' console."""
    from saferoom.projects.life.parts import Actor

    with opened() as (instance, administration):
        yield instance, Actor.console(administration.actor)


def do(as_json: bool, deed: Callable[[Instance, Actor], Life]) -> None:
    """Do a deed, withdraw what is not approved any more, and print the project."""
    with acting() as (instance, actor):
        life = deed(instance, actor)
        _withdraw(instance, actor, life)
        print_life(instance, life, as_json)


def _withdraw(instance: Instance, actor: Actor, life: Life) -> None:
    """Take away at once what no approval covers any more; rooms would have it taken away within a minute."""
    from saferoom.hub.housekeeping import withdraw_extracts

    withdraw_extracts(instance, [life.slug], actor.name)


def print_life(instance: Instance, life: Life, as_json: bool) -> None:
    """Print where a project stands, and who has to act."""
    from saferoom.hub.web.api.project_documents import project_document
    from saferoom.projects.life.parts import SYSTEM

    view = instance.lives.view(SYSTEM, life.slug)
    if as_json:
        print(project_document(view).model_dump_json(by_alias=True))
        return
    print(f"{life.slug}: {life.state.value}" + (f" ({life.reason})" if life.reason else ""))
    for one in view.waiting():
        print(f"  waits for {one.who}: {one.what} (since {one.since:%Y-%m-%d %H:%M} UTC)")


def read_model(file: Path, model: type[_Model]) -> _Model:
    """Return the one document of a file as a `model`."""
    from saferoom.hub.administration import read_text
    from saferoom.policies.conform import conform
    from saferoom.policies.document import read_documents

    documents = read_documents(read_text(file), str(file))
    if len(documents) != 1:
        raise BadInputError(f"{file}: there must be one document in it")
    return conform(documents[0], model)


def slug_of(text: str) -> ProjectSlug:
    """Return a project's short name."""
    from saferoom import ids

    return ids.project_slug(text)


def dataset_of(text: str) -> DatasetName:
    """Return a dataset's name."""
    from saferoom import ids

    return ids.dataset_name(text)
