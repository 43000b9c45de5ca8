"""Saferoom: a trusted research environment with one door out.

Inside a room ``import saferoom`` is the notebook client: ``saferoom.data()``, ``saferoom.table(...)`` and the
other names in ``saferoom.hub.notebook`` are reached from here, loaded only when first used.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_FACE = "saferoom.hub.notebook"


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"module 'saferoom' has no attribute {name!r}")
    face = importlib.import_module(_FACE)
    if name not in face.__all__:
        raise AttributeError(f"module 'saferoom' has no attribute {name!r}; it offers: {', '.join(face.__all__)}")
    return getattr(face, name)


def __dir__() -> list[str]:
    return ["__version__", *importlib.import_module(_FACE).__all__]
