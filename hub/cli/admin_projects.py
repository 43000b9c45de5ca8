"""``saferoom admin project``: every deed that administrators have on the pages of projects."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from saferoom.errors import BadInputError
from saferoom.hub.cli.admin_deeds import (
    JSON,
    REASON,
    SLUG,
    YES,
    acting,
    do,
    print_life,
    slug_of,
)

if TYPE_CHECKING:
    from saferoom.projects.life.view import View


def register(group: typer.Typer) -> None:
    """Add ``saferoom admin project`` to ``saferoom admin``."""
    from saferoom.hub.cli import admin_proposals

    project = typer.Typer(name="project", help="Projects from proposal to deletion.", no_args_is_help=True)
    for name, command in (COMMANDS | admin_proposals.COMMANDS).items():
        project.command(name)(command)
    group.add_typer(project)


def show_all(
    search: str = typer.Option("", "--search", help="Part of the title or the name."),
    state: str = typer.Option("", "--state", help="draft, submitted, active ..."),
    waiting: bool = typer.Option(False, "--waiting", help="Only those that wait for an administrator."),
    page: int = typer.Option(1, "--page", min=1, help="50 projects a page."),
    as_json: bool = JSON,
) -> None:
    """List projects and proposals, the latest change first."""
    from saferoom.hub.cli.text import table
    from saferoom.hub.web.api.project_documents import ProjectLine
    from saferoom.projects.life.states import State
    from saferoom.projects.life.store import Selection
    from saferoom.projects.paging import Cut

    if state and state not in set(State):
        raise BadInputError(f"there is no state {state}; there are {', '.join(State)}")
    wanted = Selection(waiting=waiting, states=frozenset({State(state)}) if state else None, text=search)
    with acting() as (instance, actor):
        found = instance.lives.mine(actor, wanted, Cut(page))
    if as_json:
        lines = [ProjectLine.model_validate(line).model_dump(mode="json") for line in found.items]
        print(json.dumps({"projects": lines, "total": found.total}))
        return
    rows = [
        (line.slug, line.title, line.state.value, line.lead or "-", str(line.ends or "-"), ", ".join(line.waits) or "-")
        for line in found.items
    ]
    print(table(("project", "title", "state", "lead", "ends", "waits for owners of"), rows) if rows else "No projects.")
    if found.pages > 1:
        print(f"Page {found.number} of {found.pages}; {found.total} projects.")


def show(slug: str = SLUG, as_json: bool = JSON) -> None:
    """Show everything about a project: state, decisions, amendments, who has to act, what waits for confirmation."""
    with acting() as (instance, actor):
        view = instance.lives.view(actor, slug_of(slug))
        print_life(instance, view.life, as_json)
        if not as_json:
            _say_what_holds(view)
            for name, found in view.refreshes.items():
                for change in found.changes:
                    print(f"To confirm for {name}: {change.sentence}")


def _say_what_holds(view: View) -> None:
    proposal = view.life.proposal
    print(f"  {proposal.title}; purposes: {', '.join(proposal.purposes) or 'none said'}")
    print(f"  people: {', '.join(sorted(proposal.members)) or 'nobody'}; ends {proposal.ends or 'on no day said'}")
    for name, approval in view.approvals.items():
        state = "ended" if approval.ended_at else f"until {approval.until}"
        print(f"  {name}, {state}: {', '.join(approval.variables or ()) or 'all that may be given'}")


def history(slug: str = SLUG, page: int = typer.Option(1, "--page", min=1), as_json: bool = JSON) -> None:
    """Show what the audit trail knows of a project, newest first, 50 links a page."""
    from dataclasses import asdict

    from saferoom.hub.cli.text import table
    from saferoom.projects.paging import Cut

    with acting() as (instance, actor):
        found = instance.lives.history(instance.lives.view(actor, slug_of(slug)), Cut(page))
    if as_json:
        print(json.dumps({"events": [asdict(entry) for entry in found.items], "total": found.total}))
        return
    rows = [(str(one.seq), one.at, one.actor, one.action, one.subject) for one in found.items]
    print(table(("link", "at", "by", "what", "about"), rows) if rows else "Nothing has happened.")


def hand_over(
    slug: str = SLUG,
    to: str = typer.Argument(..., metavar="USER", help="The new lead, one of its people."),
    as_json: bool = JSON,
) -> None:
    """Give a project another lead."""
    from saferoom import ids

    name = ids.username(to)
    do(as_json, lambda instance, actor: instance.lives.hand_over(actor, slug_of(slug), name))


def pause(slug: str = SLUG, reason: str = REASON, as_json: bool = JSON) -> None:
    """Pause a project; its rooms end within a minute."""
    do(as_json, lambda instance, actor: instance.lives.pause(actor, slug_of(slug), reason))


def resume(slug: str = SLUG, as_json: bool = JSON) -> None:
    """Lift the administrators' hold; the project runs again when no other one is left."""
    do(as_json, lambda instance, actor: instance.lives.lift(actor, slug_of(slug)))


def close(slug: str = SLUG, reason: str = REASON, as_json: bool = JSON) -> None:
    """Close a project for good; its rooms end within a minute, its workspace is sealed after that."""
    do(as_json, lambda instance, actor: instance.lives.close(actor, slug_of(slug), reason))


def seal(slug: str = SLUG, as_json: bool = JSON) -> None:
    """Seal the workspace of a closed project now, in place of waiting for it."""
    do(as_json, lambda instance, actor: instance.lives.seal(actor, slug_of(slug)))


def archive(
    slug: str = SLUG,
    out: Path = typer.Option(..., "--out", metavar="FILE.tar", help="Where the archive is written; must not exist."),
    reason: str = REASON,
    as_json: bool = JSON,
) -> None:
    """Decrypt the sealed workspace of a project into a tar file, for a lawful reason that its data owners are told."""
    import os
    import tempfile

    handle, partial = tempfile.mkstemp(dir=_folder_of(out))
    with acting() as (instance, actor):
        try:
            with os.fdopen(handle, "wb") as file:
                file.writelines(instance.lives.read_archive(actor, slug_of(slug), reason))
            os.link(partial, out)  # refuses to replace what is there
        except OSError as error:
            raise BadInputError(f"{out}: cannot be written ({error.strerror})") from None
        finally:
            Path(partial).unlink(missing_ok=True)
    size = out.stat().st_size
    print(json.dumps({"file": str(out), "bytes": size}) if as_json else f"Written: {out} ({size:,} bytes).")


def _folder_of(out: Path) -> Path:
    if not out.parent.is_dir():
        raise BadInputError(f"{out}: there is no folder {out.parent}")
    return out.parent


def delete(slug: str = SLUG, yes: bool = YES, as_json: bool = JSON) -> None:
    """Destroy the sealed workspace of a project after its retention; a certificate of it is signed."""
    if not yes and (as_json or not sys.stdin.isatty()):
        raise BadInputError("nobody is there to agree; add --yes to destroy the sealed workspace")
    if not yes and not typer.confirm(f"Destroy the sealed workspace of {slug}? This cannot be undone."):
        print("Nothing was done.")
        return
    do(as_json, lambda instance, actor: instance.lives.delete(actor, slug_of(slug)))


def certificate(
    slug: str = SLUG, out: Path | None = typer.Option(None, "--out", metavar="FILE.json", help="Where to write it.")
) -> None:
    """Print the signed certificate of a workspace's deletion; `saferoom verify FILE.json` checks it."""
    from saferoom.errors import WrongStateError

    with acting() as (instance, actor):
        life = instance.lives.life(actor, slug_of(slug))
    if life.seal is None or life.seal.certificate is None:
        raise WrongStateError(f"there is no certificate: the workspace of {slug} was not deleted")
    text = json.dumps(dict(life.seal.certificate))
    if out is None:
        print(text)
        return
    out.write_text(text + "\n", encoding="utf-8")
    print(f"Written: {out}.")


COMMANDS: dict[str, Callable[..., None]] = {
    "list": show_all,
    "show": show,
    "history": history,
    "hand-over": hand_over,
    "pause": pause,
    "resume": resume,
    "close": close,
    "seal": seal,
    "archive": archive,
    "delete": delete,
    "certificate": certificate,
}
