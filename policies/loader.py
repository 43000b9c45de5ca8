"""Policies from YAML text, and the policies that come with Saferoom."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import TypeVar

from saferoom.errors import BadInputError
from saferoom.policies.conform import conform
from saferoom.policies.document import Document, read_document
from saferoom.policies.models import PolicyModel, ReleaseRoute, RiskAppetite

KINDS: Mapping[str, type[RiskAppetite] | type[ReleaseRoute]] = {
    "risk-appetite": RiskAppetite,
    "release-route": ReleaseRoute,
}
_DATA = resources.files("saferoom.policies") / "data"
_Policy = TypeVar("_Policy", bound=PolicyModel)


def load_risk_appetite(text: str, where: str) -> RiskAppetite:
    """Read a risk appetite from YAML or JSON; `where` names its file in messages.

    Raises
    ------
    BadInputError
        With file, line and the allowed values.
    """
    return _load(read_document(text, where), RiskAppetite)


def load_release_route(text: str, where: str) -> ReleaseRoute:
    """Read a release route from YAML or JSON; see `load_risk_appetite`."""
    return _load(read_document(text, where), ReleaseRoute)


def load_policy(document: Document) -> RiskAppetite | ReleaseRoute:
    """Return the policy that `document` holds; its ``kind`` says which one it is."""
    kind = document.value.get("kind") if isinstance(document.value, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise document.error(f"a policy needs a `kind`, one of {', '.join(KINDS)}", ("kind",))
    return _load(document, KINDS[kind])


def packaged(name: str) -> RiskAppetite:
    """Return the risk appetite called `name` that comes with Saferoom.

    Raises
    ------
    BadInputError
        Names those there are.
    """
    text = _packaged_text("risk appetite", packaged_names(), _DATA / f"{name}.yaml", name)
    return load_risk_appetite(text, f"packaged risk appetite {name}")


def packaged_route(name: str) -> ReleaseRoute:
    """Return the release route called `name` that comes with Saferoom; see `packaged`."""
    text = _packaged_text("release route", packaged_route_names(), _DATA / "routes" / f"{name}.yaml", name)
    return load_release_route(text, f"packaged release route {name}")


def packaged_names() -> tuple[str, ...]:
    """Return the names of the packaged risk appetites, in alphabetical order."""
    return _names(_DATA)


def packaged_route_names() -> tuple[str, ...]:
    """Return the names of the packaged release routes, in alphabetical order."""
    return _names(_DATA / "routes")


def _names(folder: Traversable) -> tuple[str, ...]:
    return tuple(sorted(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml")))


def _packaged_text(what: str, names: tuple[str, ...], file: Traversable, name: str) -> str:
    if name not in names:
        raise BadInputError(f"there is no packaged {what} of that name; there are {', '.join(names)}")
    return file.read_text(encoding="utf-8")


def _load(document: Document, model: type[_Policy]) -> _Policy:
    kind = document.value.get("kind") if isinstance(document.value, dict) else None
    expected = model.model_fields["kind"].default
    if isinstance(kind, str) and kind != expected and kind in KINDS:
        raise document.error(
            f"this is a {kind.replace('-', ' ')}, but a {expected.replace('-', ' ')} is needed here", ("kind",)
        )
    return conform(document, model)
