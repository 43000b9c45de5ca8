"""All scenarios of the suite."""

from __future__ import annotations

from functools import lru_cache

from tests.attack.history.model import Dangerous
from tests.attack.history.scenarios import changed, composed, differences, linear, measures
from tests.attack.tables import scenarios as tables


@lru_cache(maxsize=1)
def scenarios() -> tuple[Dangerous, ...]:
    """Return every scenario; names are unique."""
    kinds = (differences, linear, measures, composed, changed, tables)
    found = tuple(scenario for kind in kinds for scenario in kind.scenarios())
    names = [scenario.name for scenario in found]
    if len(set(names)) != len(names):
        raise ValueError("two scenarios have the same name")
    return found
