"""Each defence, switched off on purpose, must let an attack of the suite through: so the suite would notice.

Where several defences stop the same attack, it gets through without all of them, and each of them alone stops it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from tests.attack.history.desk import Desk
from tests.attack.history.model import Dangerous
from tests.attack.history.scenarios.all import scenarios
from tests.attack.tables.weakened import only_primary

from saferoom.disclosure.history.sets import cell_parts
from saferoom.disclosure.tables.posing import _insiders as all_insiders

HISTORY = "saferoom.disclosure.history.differencing."
TABLES = "saferoom.disclosure.tables."


@dataclass(frozen=True)
class Defence:
    """Where a defence is called, and what stands there when it is switched off."""

    target: str
    weakened: Callable[..., Any]

    @property
    def name(self) -> str:
        return self.target.rpartition(".")[2]


def nothing(*_: object) -> None:
    """Find nothing."""


def none(*_: object) -> Iterator[Any]:
    """Find none."""
    return iter(())


RANDOM = np.random.default_rng(3)


def no_crowds(*_: object) -> dict[Any, None]:
    """Find no cells about whose people much is told."""
    return {}


def no_insiders(*_: object) -> tuple[()]:
    """Take nobody for an attacker who is not taken for one anyway."""
    return ()


def largest_only(*arguments: Any) -> tuple[Any, ...]:
    """Take only those who have most for attackers."""
    return all_insiders(*arguments)[:60]


def without_margins(*arguments: Any, **options: Any) -> Any:
    """Remember the cells of a table, and not the margins beside blank ones."""
    return cell_parts(*arguments, **{**options, "margins": False})


def drawn_anew(_self: object, sums: Any, _purpose: str) -> Any:
    return RANDOM.random(sums.shape)


NEAR = Defence(HISTORY + "near", none)
PAIRS = Defence(HISTORY + "_pairs", nothing)
SAME = Defence(HISTORY + "same", none)
EQUATIONS = Defence(HISTORY + "_solved", nothing)
BOUNDS = Defence(HISTORY + "_bounded", nothing)
SKETCHES = Defence(HISTORY + "_values", nothing)
MEASURES = Defence(HISTORY + "measured", none)
TRANSFORMED = Defence("saferoom.disclosure.history.transformed.transformed", none)
COMPOSED = Defence("saferoom.disclosure.history.composed.composed", none)
DOMINATING = Defence("saferoom.disclosure.history.dominating.dominating", nothing)
CROWDS = Defence(HISTORY + "crowded", no_crowds)
MARGINS = Defence("saferoom.disclosure.history.sets.cell_parts", without_margins)
INSIDERS = Defence(TABLES + "posing._insiders", no_insiders)
POOR_INSIDERS = Defence(TABLES + "posing._insiders", largest_only)
SECONDARY = Defence(TABLES + "margins.hide", only_primary)
KEYS = Defence(TABLES + "cell_key_records.CellKeys.places", drawn_anew)

MUTATIONS: list[tuple[str, Sequence[Defence]]] = [
    ("one-person-sum-11-0", (NEAR, EQUATIONS, SKETCHES, DOMINATING)),
    ("attribute-one-way-11", (NEAR, EQUATIONS)),
    ("weight-11", (SKETCHES, TRANSFORMED, COMPOSED)),
    ("giant-left-out-11", (MEASURES, DOMINATING)),
    ("odd-cycle-3-11", (EQUATIONS,)),
    ("components-0-11", (COMPOSED,)),
    ("strata-after-11", (COMPOSED,)),
    ("gains-11", (COMPOSED,)),
    ("giant-in-a-cycle-40-11", (DOMINATING,)),
    ("giant-beside-the-others-360-11", (DOMINATING,)),
    ("privacy-counts-before-11", (SAME,)),
    ("steps-5-11", (PAIRS, BOUNDS)),
    ("counts-a-b-5-empty-known", (SECONDARY,)),
    ("again-cell_key-23-11", (KEYS,)),
    ("crowd-11", (CROWDS,)),
    ("beside-margins-11", (MARGINS,)),
    ("giant-among-giants-11", (INSIDERS,)),
    ("poorest-isle", (POOR_INSIDERS,)),
]
ASIDE = {"crowd-11": (TRANSFORMED, COMPOSED)}
"""Defences against something else, which would compute every earlier number of a crowd anew."""
BY_NAME = {scenario.name: scenario for scenario in scenarios()}


def gets_through(scenario: Dangerous, switched_off: Sequence[Defence], folder: Path) -> bool:
    with ExitStack() as stack:
        for defence in switched_off:
            stack.enter_context(mock.patch(defence.target, defence.weakened))
        return scenario.succeeds([step.left for step in Desk(folder).run(scenario)])


@pytest.mark.parametrize(("name", "defences"), MUTATIONS, ids=[name for name, _ in MUTATIONS])
def test_attack_gets_through_without_its_defences_and_is_stopped_by_each(
    name: str, defences: Sequence[Defence], tmp_path: Path
) -> None:
    scenario = BY_NAME[name]
    aside = ASIDE.get(name, ())
    assert gets_through(scenario, [*defences, *aside], tmp_path)
    for kept in defences:
        others = [*(defence for defence in defences if defence is not kept), *aside]
        assert not gets_through(scenario, others, tmp_path), kept.name
