"""Reading a list of requirements with hashes, as ``pip-compile --generate-hashes`` and others write it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from saferoom.errors import BadInputError
from saferoom.hub.administration import read_text
from saferoom.hub.packages.bringing import Pins

_HASH = re.compile(r"\s--hash=sha256:([0-9a-f]{64})(?=\s|$)")
_COMMENT = re.compile(r"(^|\s+)#.*$")


def read_pins(path: Path) -> Pins:
    """Return which digests are pinned for which name and version.

    Raises
    ------
    BadInputError
        A line is not ``NAME==VERSION --hash=sha256:...``; a file that names more could let in what nobody pinned.
    """
    pins: dict[tuple[str, str], frozenset[str]] = {}
    for number, line in _lines(read_text(path)):
        digests = frozenset(_HASH.findall(line))
        try:
            found = Requirement(_HASH.sub("", line).strip())
            ((operator, version),) = [(one.operator, one.version) for one in found.specifier]
            if operator != "==" or found.url or not digests:
                raise ValueError(operator)
            key = canonicalize_name(found.name), str(Version(version))
        except (InvalidRequirement, ValueError):
            raise BadInputError(
                f"{path}: line {number} is not of the form NAME==VERSION --hash=sha256:..., which every line must be"
            ) from None
        pins[key] = pins.get(key, frozenset()) | digests
    return pins


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each requirement, its continued lines joined, with the number of its first line."""
    begun, held = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        part = _COMMENT.sub("", line).rstrip()
        begun = begun if held else number
        held = f"{held} {part.removesuffix(chr(92)).strip()}".strip()
        if held and not part.endswith("\\"):
            yield begun, held
            held = ""
    if held:
        yield begun, held
