"""Write the generated pages of ``docs/reference``; ``tests/unit/test_docs.py`` compares them with the code.

Usage: ``.venv/bin/python -P docs/generate.py``
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import typer
import yaml
from pydantic import BaseModel
from typer.cli import get_docs_for_click

from saferoom.hub.cli.main import COMMANDS, build
from saferoom.hub.evidence import satre
from saferoom.hub.sign_in_settings import LocalSignIn, OidcSignIn
from saferoom.hub.web.api import reference as api
from saferoom.policies.conform import describe
from saferoom.policies.models import ReleaseRoute, RiskAppetite, Strictness
from saferoom.projects.airlock import diagram
from saferoom.projects.catalogue import reference as catalogue
from saferoom.projects.ledger import diagram as budgets
from saferoom.projects.life import diagram as project_states
from saferoom.projects.measures import reference as measures
from saferoom.projects.notices import diagram as notices
from saferoom.projects.people import diagram as people

REFERENCE = Path(__file__).resolve().parent / "reference"
CHART = REFERENCE.parents[1] / "helm" / "saferoom"


def commands_page() -> str:
    """Return the page of every command and option, from the command line's own help."""
    parts = [
        "# Commands\n",
        "`./saferoom setup`, `./saferoom test` and `./saferoom COMMAND ...` set up what is missing first; after that",
        "`.venv/bin/saferoom COMMAND ...` is the same command.\n",
    ]
    for name in COMMANDS:
        root = typer.main.get_command(build(name))
        context = typer.Context(root, info_name="saferoom")
        command = root.commands[name]  # type: ignore[attr-defined]
        text = get_docs_for_click(obj=command, ctx=context, name=name, call_prefix="saferoom")
        parts.append("\n".join(line.rstrip() for line in text.strip().splitlines()).replace("\n# ", "\n## ") + "\n")
    return "\n".join(parts).replace("\n# `", "\n## `")


def _strictness(metadata: list[Any]) -> str:
    return next((item.value for item in metadata if isinstance(item, Strictness)), "")


def _annotation(annotation: Any) -> str:
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__name__
    origin = get_origin(annotation)
    if origin is Annotated:
        return _annotation(get_args(annotation)[0])
    inner = ", ".join("..." if a is Ellipsis else _annotation(a) for a in get_args(annotation))
    if origin is None or not hasattr(origin, "__name__") or origin.__name__ == "Literal":
        return inner or str(annotation)
    return f"{origin.__name__}[{inner}]"


def _model_table(model: type[BaseModel]) -> list[str]:
    lines = ["| key | type | default | the stricter value | meaning |", "|---|---|---|---|---|"]
    for name, field in model.model_fields.items():
        strictness = _strictness(list(field.metadata))
        if not strictness:
            continue
        default = getattr(model(), name)
        if isinstance(default, frozenset):
            default = sorted(default)
        if isinstance(default, tuple):
            default = ", ".join(f"({item.n}, {item.share_fraction:.0%})" for item in default)
        meaning = (field.description or "").replace("\n", " ")
        lines.append(f"| `{name}` | {_annotation(field.annotation)} | {default} | {strictness} | {meaning} |")
    return lines


def policies_page() -> str:
    """Return the page of policy keys, from the models."""
    lines = [
        "# Policies\n",
        "Platform, data owner and project may each state a risk appetite and a release route as YAML. Field by field",
        "the strictest value applies; `saferoom policy explain` says where it came from. Unknown or repeated keys and",
        "wrong values are refused with file, line and what is allowed.\n",
        "## `kind: risk-appetite`\n",
        *_model_table(RiskAppetite),
        "\n## `kind: release-route`\n",
        *_model_table(ReleaseRoute),
    ]
    return "\n".join(lines) + "\n"


def helm_values_page() -> str:
    """Return the page of the chart's values: what may be chosen, by the schema, with what holds otherwise."""
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    lines = [
        "# Values of the chart\n",
        "What may be chosen for `helm/saferoom`. Everything else is fixed: the schema refuses it. How to install it:",
        "[on Kubernetes](../how-to/kubernetes.md).",
    ]
    for section, part in schema["properties"].items():
        rows = [] if section == "global" else list(_values(section, part, values.get(section), schema["$defs"]))
        if rows:
            head = part["description"] if rows and rows[0][0] != section else ""
            lines += [
                f"\n## {section}\n",
                *([head, ""] if head else []),
                "| value | default | what it is |",
                "|---|---|---|",
            ]
            lines += [f"| `{path}` | {_default(value)} | {text} |" for path, value, text in rows]
    return "\n".join(lines) + "\n"


def _values(path: str, part: Any, value: Any, known: dict[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Yield each value below `path` that may be chosen, with its default and what it is."""
    if not isinstance(part, dict) or "const" in part:
        return
    whole = {**known.get(part.get("$ref", "").rpartition("/")[2], {}), **part}
    below = whole.get("properties", {}) if not path.endswith((".resources", "tolerations")) else {}
    if whole.get("description") and not below:
        yield path, value, whole["description"]
    for name, one in whole.get("items", {}).get("properties", {}).items():
        yield from _values(f"{path}[].{name}", one, None, known)
    for name, one in below.items():
        yield from _values(f"{path}.{name}", one, value.get(name) if isinstance(value, dict) else None, known)


def _default(value: Any) -> str:
    if value in ("", None, [], {}):
        return ""
    return "as in values.yaml" if isinstance(value, dict | list) else f"`{value}`"


_HEAD = ("| key | default | what is allowed | meaning |", "|---|---|---|---|")


def hub_settings_page() -> str:
    """Return the page of the settings file of ``saferoom hub``, from its model."""
    lines = [
        "# Settings of the hub\n",
        "`saferoom hub --settings FILE` takes a YAML file with one part, `sign_in`. Unknown keys are refused.",
        "Without a file, or with `sign_in: {method: local}`, people sign in with a password, and a code or key that",
        "are kept here.",
        "[How to sign in through a provider](../how-to/sign-in.md).\n",
        "## `sign_in` with `method: oidc`\n",
        *_HEAD,
    ]
    lines += _settings_of(OidcSignIn)
    lines += ["", "## `sign_in` with `method: local`", "", *_HEAD, *_settings_of(LocalSignIn)]
    return "\n".join(lines) + "\n"


def _settings_of(model: type[BaseModel]) -> Iterator[str]:
    root = model.model_json_schema()
    for name, field in model.model_fields.items():
        default = "needed" if field.is_required() else _setting(field.default)
        allowed = describe(root["properties"][name], root)
        meaning = (field.description or "How people sign in.").replace("\n", " ")
        yield f"| `{name}` | {default} | {allowed} | {meaning} |"


def _setting(default: Any) -> str:
    if default is None or default == ():
        return "none"
    return ", ".join(str(one) for one in default) if isinstance(default, tuple) else str(default)


PAGES = {
    "hub-settings.md": hub_settings_page,
    "helm-values.md": helm_values_page,
    "satre.md": satre.page,
    "commands.md": commands_page,
    "policies.md": policies_page,
    "airlock-states.md": diagram.page,
    "project-states.md": project_states.page,
    "notices.md": notices.page,
    "people.md": people.page,
    "budgets.md": budgets.page,
    "measures.md": measures.page,
    "catalogue.md": catalogue.page,
    "api/README.md": api.page,
    "api/openapi.json": api.document,
}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
