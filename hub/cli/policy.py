"""``saferoom policy``: which rule applies, and where it came from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.policies.explain import Explanation
    from saferoom.policies.models import ReleaseRoute, RiskAppetite
    from saferoom.projects.policies import Layers

_JSON = typer.Option(False, "--json", help="Print one JSON document.")


def register(app: typer.Typer) -> None:
    """Add ``saferoom policy`` to `app`."""
    group = typer.Typer(name="policy", help="Explain which rule applies and where it came from.", no_args_is_help=True)
    group.command("explain")(explain)
    group.command("validate")(validate)
    app.add_typer(group)


def explain(
    owner: list[Path] = typer.Option([], help="A data owner's policies; may be given several times."),
    project: Path | None = typer.Option(None, help="The project's policies."),
    platform: Path | None = typer.Option(None, help="The platform's policies; its defaults when left out."),
    project_name: str | None = typer.Option(None, help="Explain the policies stored for this project instead."),
    dataset: list[str] = typer.Option([], help="With --project-name: outputs from these datasets; else from all."),
    as_json: bool = _JSON,
) -> None:
    """Show the effective policy, strictest wins: rule, effective value, from where, what it does."""
    if project_name is not None:
        if owner or project or platform:
            raise BadInputError("--project-name explains what is stored; leave out --owner, --project and --platform")
        appetites, routes = _stored(project_name, dataset)
    elif dataset:
        raise BadInputError("--dataset needs --project-name: files do not say which dataset they belong to")
    else:
        appetites, routes = _from_files(platform, owner, project)
    if project_name is None and not owner and not as_json:
        print("No data owner's policies are given (--owner FILE); without them nothing leaves by itself.\n")
    _print(appetites, routes, as_json)


def validate(
    files: list[Path] = typer.Argument(..., metavar="FILE...", help="Policy files."), as_json: bool = _JSON
) -> None:
    """Check policy files: every problem with its line and what is allowed there."""
    found: list[dict[str, str]] = []
    problems: list[str] = []
    for file in files:
        try:
            policies = _read(file)
        except BadInputError as error:
            problems.append(error.message)
        else:
            found.extend({"file": str(file), "kind": policy.kind, "name": policy.name} for policy in policies)
    if problems:
        raise BadInputError("\n".join(problems))
    if as_json:
        print(json.dumps({"valid": found}))
        return
    for one in found:
        print(f"{one['file']}: a valid {one['kind'].replace('-', ' ')} called '{one['name']}'")


def _read(file: Path) -> list[RiskAppetite | ReleaseRoute]:
    from saferoom.hub.administration import read_text
    from saferoom.policies.document import read_documents
    from saferoom.policies.loader import load_policy

    documents = read_documents(read_text(file), str(file))
    if not documents:
        raise BadInputError(f"{file}: the file is empty; a policy starts with `kind: risk-appetite`")
    return [load_policy(document) for document in documents]


def _from_files(platform: Path | None, owners: Sequence[Path], project: Path | None) -> Layers:
    from saferoom.policies.merge import Layer
    from saferoom.policies.models import RiskAppetite
    from saferoom.projects.registry import Platform

    appetites, routes = [], []
    defaults = Platform()
    named = [("platform", platform)] if platform else []
    named += [(f"data owner ({file})", file) for file in owners]
    named += [("project", project)] if project else []
    for origin, file in named:
        for policy in _read(file):
            if isinstance(policy, RiskAppetite):
                appetites.append(Layer(origin, policy))
            else:
                routes.append(Layer(origin, policy))
    # A platform that states nothing of a kind has its defaults.
    if not any(layer.origin == "platform" for layer in appetites):
        appetites.insert(0, Layer("platform", defaults.risk_appetite))
    if not any(layer.origin == "platform" for layer in routes):
        routes.insert(0, Layer("platform", defaults.release_route))
    return appetites, routes


def _stored(project_name: str, datasets: Sequence[str]) -> Layers:
    from saferoom import ids
    from saferoom.hub.home import Home
    from saferoom.hub.store import migrate
    from saferoom.hub.wiring import Instance
    from saferoom.projects.policies import layers

    slug = ids.project_slug(project_name)
    instance = Instance.open(Home.from_environment())
    try:
        migrate.upgrade(instance.database)
        registry, now = instance.registry, instance.clock.now()
        approved = [approval.dataset for approval in registry.approvals(slug) if approval.live(now)]
        for name in datasets:
            if name not in approved:
                raise BadInputError(
                    f"no approval of {name} for {slug} holds; approved are {', '.join(approved) or 'none'}"
                )
        chosen = [ids.dataset_name(name) for name in datasets] or approved
        if not chosen:
            raise BadInputError(f"no approval for {slug} holds, so no data owner's policy applies")
        return layers(registry, slug, chosen)
    finally:
        instance.close()


def _print(appetites: Any, routes: Any, as_json: bool) -> None:
    from saferoom.policies.explain import explain as explained
    from saferoom.policies.merge import strictest

    explanations = [explained(layers, strictest(layers)) for layers in (appetites, routes)]
    if as_json:
        print(json.dumps({one.kind.replace("-", "_"): one.document() for one in explanations}))
        return
    print("\n\n".join(_text(one) for one in explanations))


def _text(one: Explanation) -> str:
    from saferoom.hub.cli.text import table

    rows = [(row.rule, row.value, row.origin, row.meaning) for row in one.rows]
    title = one.kind.replace("-", " ").capitalize()
    notes = "".join(f"\n! {sentence}" for sentence in one.not_taken)
    return f"{title}\n{table(('rule', 'effective value', 'from where', 'what it does'), rows)}{notes}"
