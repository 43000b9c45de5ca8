"""The reference page of dataset documents, from the models themselves."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from saferoom.policies.conform import describe
from saferoom.projects.catalogue.describing import NATIONS, Coverage, Gap, Quality, Reference, Refresh, Twin
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.catalogue.purposes import MEANINGS, Gateway
from saferoom.projects.catalogue.variables import Harmonised, Variable
from saferoom.projects.catalogue.versions import Version

_PARTS: tuple[tuple[str, type[BaseModel], str], ...] = (
    ("`kind: dataset`", Dataset, "A data owner's dataset."),
    ("A variable", Variable, "One of `variables`."),
    ("Harmonised definition", Harmonised, "A variable's `harmonised`."),
    ("Coverage", Coverage, "A dataset's `coverage`."),
    ("Gap", Gap, "One of `gaps`."),
    ("Quality", Quality, "One of `quality`."),
    ("Gateway", Gateway, "One of `gateways`."),
    ("Refresh", Refresh, "A dataset's `refresh`."),
    ("Reference", Reference, "One of `references`."),
    ("Twin", Twin, "A dataset's `twin`."),
    ("`kind: version`", Version, "A version that came in. Ingesting writes it; it is added once and never changes."),
)


def page() -> str:
    """Return the page."""
    lines = [
        "# Documents of datasets\n",
        "What `saferoom admin apply` reads and `saferoom admin catalogue export --format yaml` writes. Unknown keys",
        "and wrong values are refused with file, line and what is allowed. Policies are in [policies](policies.md),",
        "recipes of derived datasets in [derived data](../explanation/derived-data.md).\n",
    ]
    for title, model, meaning in _PARTS:
        lines += [f"## {title}\n", f"{meaning}\n", *_table(model), ""]
    lines += ["## Purposes\n", "| purpose | is |", "|---|---|"]
    lines += [f"| `{purpose.value}` | {words} |" for purpose, words in MEANINGS.items()]
    lines += ["", "## Nations with names\n", "| code | nation |", "|---|---|"]
    lines += [f"| `{code}` | {name} |" for code, name in NATIONS.items()]
    return "\n".join(lines) + "\n"


def _table(model: type[BaseModel]) -> Iterator[str]:
    schema = model.model_json_schema()
    needed = set(schema.get("required", ()))
    yield "| key | needed | allowed | meaning |"
    yield "|---|---|---|---|"
    for name, field in schema["properties"].items():
        allowed = describe(field, schema).replace("|", "\\|").removesuffix(" or nothing")
        meaning = " ".join(str(field.get("description", "")).split()).replace("|", "\\|")
        yield f"| `{name}` | {'yes' if name in needed else ''} | {allowed} | {meaning} |"
