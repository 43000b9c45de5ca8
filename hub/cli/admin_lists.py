"""``saferoom admin people | projects | datasets``: what is registered."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from saferoom.errors import BadInputError
from saferoom.hub.cli.instance import opened

if TYPE_CHECKING:
    from saferoom.hub.wiring import Instance
    from saferoom.projects.approvals.model import Approval, Project

_EVERYTHING = 1_000_000
_Word = TypeVar("_Word", bound=StrEnum)
_JSON = typer.Option(False, "--json", help="Print one JSON document.")


def register(group: typer.Typer) -> None:
    """Add the listings to ``saferoom admin``."""
    group.command("people")(people)
    group.command("projects")(projects)
    group.command("datasets")(datasets)
    group.command("dataset")(dataset)


def people(
    search: str = typer.Option("", "--search", help="Part of a user name, a name or an e-mail address."),
    role: str = typer.Option(None, "--role", help="researcher, output-checker, data-owner or administrator."),
    only: str = typer.Option(None, "--only", help="lapsed, soon (within 60 days) or closed."),
    page: int | None = typer.Option(None, "--page", min=1, help="Which page of 50; everybody when left out."),
    as_json: bool = _JSON,
) -> None:
    """List people with their roles, accreditation and training."""
    from saferoom.hub.cli.admin_people import acting
    from saferoom.projects.paging import Cut
    from saferoom.projects.people.entitlement import standing
    from saferoom.projects.people.model import Role
    from saferoom.projects.people.store import Only, Search

    cut = Cut(page) if page else Cut(1, _EVERYTHING)
    wanted = Search(search, word(Role, "role", role), word(Only, "only", only), cut)
    with acting() as (instance, actor):
        paged, now = instance.people.search(actor, wanted), instance.clock.now()
        found = [(one, standing(one, now).code, instance.credentials.enrolled(one.username)) for one in paged.items]
        if as_json:
            records = [
                one.model_dump(mode="json")
                | {"training_expires": one.training_expires and str(one.training_expires)}
                | {"sign_in": code, "password": set_}
                for one, code, set_ in found
            ]
            _print_json("people", records)
            return
        rows = [
            (
                one.username,
                one.display_name,
                ", ".join(sorted(one.roles)),
                str(one.accreditation_expires or "-"),
                str(one.training_expires or "-"),
                _sign_in(code, set_),
            )
            for one, code, set_ in found
        ]
        headers = ("user", "name", "roles", "accredited until", "trained until", "may sign in")
        if not rows and (search or role or only):
            print("Nobody registered matches.")
            return
        _print(instance, "people", headers, rows, "person")
        if paged.pages > 1:
            print(f"Page {paged.number} of {paged.pages}, {paged.total:,} people.")


def projects(as_json: bool = _JSON) -> None:
    """List projects with their members and approved datasets."""
    with opened() as (instance, _):
        now, registry = instance.clock.now(), instance.registry
        found = [(one, registry.approvals(one.slug)) for one in registry.projects()]
        if as_json:
            records = [
                one.model_dump(mode="json") | {"approvals": [each.model_dump(mode="json") for each in approvals]}
                for one, approvals in found
            ]
            _print_json("projects", records)
            return
        rows = [
            (
                one.slug,
                one.title,
                _state(one, now),
                ", ".join(sorted(one.members)) or "nobody",
                _approved(approvals, now),
            )
            for one, approvals in found
        ]
        _print(instance, "projects", ("project", "title", "runs", "members", "approved data"), rows, "project")


def datasets(
    search: str = typer.Option("", "--search", help="Words of the dataset or of its variables."),
    as_json: bool = _JSON,
) -> None:
    """List datasets with their owners and policies."""
    from saferoom.projects.catalogue.shelves import words_of
    from saferoom.projects.paging import Cut

    with opened() as (instance, _):
        hits = {hit.name for hit in instance.shelves.search(words_of(search), Cut(1, _EVERYTHING)).items}
        found = [one for one in instance.registry.datasets() if not search or one.name in hits]
        if as_json:
            _print_json("datasets", [one.model_dump(mode="json") for one in found])
            return
        rows = [
            (
                one.name,
                one.title,
                one.owner,
                one.version,
                ", ".join(one.units),
                f"{len(one.variables)}",
                f"{one.risk_appetite.name}; {one.release_route.name}",
            )
            for one in found
        ]
        if not rows and search:
            print("No dataset has these words.")
            return
        headers = ("dataset", "title", "owner", "version", "units", "variables", "policies")
        _print(instance, "datasets", headers, rows, "dataset")


def dataset(
    name: str = typer.Argument(..., metavar="DATASET"),
    search: str = typer.Option("", "--search", help="Only variables with these words."),
    as_json: bool = _JSON,
) -> None:
    """Show a dataset as the catalogue does: variables, versions, and the rules for what leaves."""
    from saferoom.hub.cli.text import table
    from saferoom.hub.web.api.catalogue_documents import VariableLine, dataset_document
    from saferoom.hub.web.catalogue import present
    from saferoom.projects.catalogue.shelves import words_of
    from saferoom.projects.paging import Cut

    with opened() as (instance, _):
        known = present.dataset(instance, name)
        found = instance.shelves.variables(known.name, words_of(search), Cut(1, _EVERYTHING))
        shown = dataset_document(instance, known)
    if as_json:
        variables = [VariableLine.model_validate(one).model_dump(mode="json") for one in found.items]
        print(json.dumps(shown.model_dump(mode="json") | {"variables": variables}))
        return
    print(f"{shown.title} ({shown.name}), version {shown.version}, of {shown.owner}")
    print(shown.description or "No description.")
    lines = [(one.name, one.label, one.type, one.role, str(one.codes or "-")) for one in found.items]
    print(table(("variable", "what it holds", "type", "for disclosure", "codes"), lines) if lines else "No variable.")
    print(table(("rule", "value", "whose"), [(rule.rule, rule.value, rule.origin) for rule in shown.rules]))
    for edition in shown.editions:
        print(f"Version {edition.version} since {edition.at:%Y-%m-%d}")


def word(kind: type[_Word], name: str, text: str | None) -> _Word | None:
    """Return what the option `name` says as a `kind`, None when it was left out."""
    if text is not None and text not in set(kind):
        raise BadInputError(f"--{name} must be one of {', '.join(kind)}")
    return kind(text) if text is not None else None


def _sign_in(code: str, enrolled: bool) -> str:
    if code != "ok":
        return f"no: {code.replace('-', ' ')}"
    return "yes" if enrolled else "no: no password yet"


def _state(project: Project, now: datetime) -> str:
    if not project.active:
        return "closed"
    if project.ended(now):
        return f"ended {project.ends}"
    return f"until {project.ends}" if project.ends else "without end"


def _approved(approvals: Sequence[Approval], now: datetime) -> str:
    live = [f"{approval.dataset} until {approval.until}" for approval in approvals if approval.live(now)]
    ended = [f"{approval.dataset} (ended)" for approval in approvals if not approval.live(now)]
    return ", ".join(live + ended) or "none"


def _print_json(name: str, records: Sequence[Any]) -> None:
    # Sets have no order of their own; a stable one keeps two listings comparable.
    print(json.dumps({name: [_ordered(record) for record in records]}))


def _ordered(record: dict[str, Any]) -> dict[str, Any]:
    return {key: sorted(value) if key in ("roles", "members") else value for key, value in record.items()}


def _print(instance: Instance, what: str, headers: Sequence[str], rows: Sequence[Sequence[str]], kind: str) -> None:
    from saferoom.hub.cli.text import table

    if rows:
        print(table(headers, rows))
        return
    print(f"There are no {what} yet in {instance.home.root}.")
    print(f"Describe them in a YAML file (`kind: {kind}`) and run: saferoom admin apply FILE")
