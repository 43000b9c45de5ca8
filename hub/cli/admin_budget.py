"""``saferoom admin budget``: privacy budgets, what was charged to them, and the limits that administrators set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from saferoom.hub.cli.admin_people import JSON, acting

if TYPE_CHECKING:
    from saferoom.projects.ledger.budgets import Statement
    from saferoom.projects.ledger.model import AccountId

_BUDGET = typer.Argument(..., metavar="BUDGET", help="As saferoom admin budget list shows it, e.g. project/mobility.")
_PAGE = typer.Option(1, "--page", min=1, help="Which page of 50.")


def register(group: typer.Typer) -> None:
    """Add the commands to ``saferoom admin``."""
    inner = typer.Typer(name="budget", help="Privacy budgets: limits, spent, left, charges.", no_args_is_help=True)
    inner.command("list")(listing)
    inner.command("show")(show)
    inner.command("charges")(charges)
    inner.command("set")(set_limit)
    group.add_typer(inner)


def listing(
    search: str = typer.Option("", "--search", help="Part of a name or title."),
    kind: str = typer.Option(None, "--kind", help="lineage, owner, project or approval."),
    page: int = _PAGE,
    as_json: bool = JSON,
) -> None:
    """List privacy budgets: of datasets (lineage), data owners, projects, and datasets in projects (approval)."""
    from saferoom.hub.cli.admin_lists import word
    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.cli.text import table
    from saferoom.hub.web.api.budgets import entry_document
    from saferoom.hub.web.budgets import present
    from saferoom.projects.ledger.model import AccountKind
    from saferoom.projects.paging import Cut

    with acting() as (instance, actor):
        found = instance.budgets.listing(actor, word(AccountKind, "kind", kind), search, Cut(page))
    if as_json:
        print_json({"total": found.total, "budgets": [entry_document(one) for one in found.items]})
        return
    lines = [present.line(one) for one in found.items]
    rows = [(one.address, one.title, one.sign.words, one.left) for one in lines]
    print(table(("budget", "title", "stands", "rho left"), rows) if rows else "There is no budget like that.")
    if found.pages > 1:
        print(f"Page {found.number} of {found.pages}, {found.total:,} budgets.")


def show(budget: str = _BUDGET, as_json: bool = JSON) -> None:
    """Show a privacy budget: limit, spent, left, forecast, and tighter accounting for information."""
    from saferoom.hub.cli.commands import plain, print_json
    from saferoom.hub.web.api.budgets import statement_document
    from saferoom.hub.web.budgets import present

    with acting() as (instance, actor):
        found = instance.budgets.statement(actor, _account(budget))
        composed = instance.budgets.composition(actor, found.account.id)
    if as_json:
        print_json(plain(statement_document(found)) | {"composition": plain(composed)})
        return
    _print(found)
    tighter = present.promise(composed.pld) if composed.pld else f"not known of {composed.unknown} charges"
    print(f"By privacy loss distributions, for information: {tighter}")


def charges(budget: str = _BUDGET, page: int = _PAGE, as_json: bool = JSON) -> None:
    """List what was charged to a privacy budget, the newest first."""
    from saferoom.hub.cli.commands import print_json
    from saferoom.hub.cli.text import table
    from saferoom.hub.web.api.budgets import charge_document
    from saferoom.hub.web.budgets import present
    from saferoom.projects.paging import Cut

    with acting() as (instance, actor):
        found = instance.budgets.charges(actor, _account(budget), Cut(page))
    if as_json:
        print_json({"total": found.total, "charges": [charge_document(one) for one in found.items]})
        return
    rows = [
        (
            one.charge.id,
            f"{one.charge.at:%Y-%m-%d %H:%M}",
            one.rho,
            one.delta,
            one.sign.words,
            one.charge.wanted.project,
            one.charge.wanted.by,
            one.datasets,
        )
        for one in map(present.charge_line, found.items)
    ]
    headers = ("charge", "at (UTC)", "rho", "delta", "state", "project", "by", "data")
    print(table(headers, rows) if rows else "Nothing was charged yet.")
    if found.pages > 1:
        print(f"Page {found.number} of {found.pages}, {found.total:,} charges.")


def set_limit(
    budget: str = _BUDGET,
    epsilon: str | None = typer.Option(None, "--epsilon", help="With --delta: the most that may be lost, as 4."),
    delta: str | None = typer.Option(None, "--delta", help="With --epsilon, as 0.000001."),
    nothing_more: bool = typer.Option(False, "--nothing-more", help="Close it: nothing more than is spent."),
    no_limit: bool = typer.Option(False, "--no-limit", help="No limit of its own; other budgets still count."),
    as_json: bool = JSON,
) -> None:
    """Set the limit of a project. Data owners set those of their data themselves, on the page or by the API."""
    from saferoom.hub.cli.commands import command, print_json
    from saferoom.hub.web.api.budgets import statement_document
    from saferoom.projects.ledger.limits import LimitForm

    allows = _allows(epsilon is not None or delta is not None, nothing_more, no_limit)
    with acting() as (instance, actor):
        id_ = _account(budget)
        version = instance.budgets.statement(actor, id_).account.version
        form = command(LimitForm, {"allows": allows, "epsilon": epsilon, "delta": delta, "version": version})
        made = instance.budgets.set_limit(actor, id_, form)
    if as_json:
        print_json(statement_document(made))
        return
    _print(made)


def _allows(up_to: bool, nothing_more: bool, no_limit: bool) -> str:
    from saferoom.errors import BadInputError

    chosen = [word for word, said in (("up-to", up_to), ("nothing-more", nothing_more), ("no-limit", no_limit)) if said]
    if len(chosen) != 1:
        raise BadInputError("say one of: --epsilon with --delta, --nothing-more, --no-limit")
    return chosen[0]


def _account(budget: str) -> AccountId:
    from saferoom.projects.ledger.accounts import account_at

    kind, _, name = budget.partition("/")
    return account_at(kind, name)


def _print(found: Statement) -> None:
    from saferoom.hub.cli.text import table
    from saferoom.hub.web.budgets import present

    print(f"{found.account.id.words} ({found.title}): {present.sign(found.account).words}")
    rows = [(one.words, one.rho, one.delta, one.promised) for one in present.figures(found)]
    print(table(("", "rho", "delta", "that is"), rows))
    if found.said is not None:
        print(f"Limit set by {found.said.by}, {found.said.at:%Y-%m-%d %H:%M} UTC: {present.said(found.said)}.")
    print(" ".join(present.forecast(found)))
