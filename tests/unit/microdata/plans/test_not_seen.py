"""What whoever protects records is told beyond the measures of risk, and how often perturbed numbers are linked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import yaml

from saferoom.disclosure.microdata.plans.plan import read_plan
from saferoom.disclosure.microdata.plans.risk_utility import Axes, risk_utility
from saferoom.disclosure.microdata.plans.runner import Anonymised, anonymise
from saferoom.disclosure.microdata.plans.seeds import Seed
from saferoom.disclosure.microdata.risk.perturbed import PerturbedRisk

SEED = Seed(b"s" * 16, b"t" * 16)
NOISE = {"method": "noise", "columns": ["pay"], "size": 1.0}
WIDER = {"method": "recode", "columns": ["region"], "groups": {"all": ["n", "s"]}}


def people(records: int = 300, **changes: Any) -> pa.Table:
    random = np.random.default_rng(8)
    own = {
        "region": random.choice(["n", "s"], records).tolist(),
        "pay": random.lognormal(10, 1, records).tolist(),
        "home": (np.arange(records) // 3).tolist(),
    }
    return pa.table({**own, **changes})


def with_towns(table: pa.Table, *, strange: int = 0) -> pa.Table:
    """Return records with a town that goes with the region, but for the last `strange` ones'."""
    towns = [f"{region} town" for region in table["region"].to_pylist()]
    for place in range(len(towns) - strange, len(towns)):
        towns[place] = "n town" if towns[place] == "s town" else "s town"
    return table.append_column("town", pa.array(towns))


def made(table: pa.Table, *steps: dict[str, Any], **plan: Any) -> Anonymised:
    return anonymise(table, read_plan(yaml.safe_dump({"keys": ["region"], "steps": list(steps), **plan}), "p"), SEED)


def linked(result: Anonymised) -> PerturbedRisk | None:
    assert result.after is not None
    return result.after.perturbed


def test_a_column_that_tells_again_what_was_taken_is_named() -> None:
    said = made(with_towns(people()), WIDER, household="home").warnings
    assert len(said) == 2
    assert said[0].startswith("'town' goes with the values of 'region' one by one")
    assert said[1].startswith(
        "No key variable, and yet told exactly where fewer than 2 others have the same: 'pay' (300 of 300 records). "
    )
    assert made(people(), WIDER, household="home").warnings == said[1:]
    assert made(with_towns(people()), WIDER, household="home").document()["warnings"] == list(said)


def test_a_column_that_tells_again_is_found_among_many_records() -> None:
    kept = {"columns": ["region", "town"]}
    assert made(with_towns(people(50_000)), WIDER, **kept).warnings
    assert made(with_towns(people(50_000), strange=1), WIDER, **kept).warnings
    assert not made(with_towns(people(50_000), strange=5_000), WIDER, **kept).warnings


def test_households_that_are_alone_with_what_they_are_together_are_counted() -> None:
    table = people(30, region=["n"] * 9 + ["s"] * 9 + ["n", "s", "s"] + ["n"] * 9)
    said = made(table, NOISE, household="home").warnings
    assert said == (
        "1 of 'home' have all their records together in common with fewer than 2 others: who knows a whole household "
        "finds it, because 'home' says which records belong together.",
    )
    assert not made(table, NOISE, household="home", columns=["region", "pay"]).warnings


def test_perturbed_numbers_are_linked_to_the_original_ones() -> None:
    near, far = (linked(made(people(), {**NOISE, "size": size})) for size in (1e-6, 5.0))
    assert near is not None
    assert far is not None
    assert near.linked > 0.9 > 0.1 > far.linked
    assert linked(made(people(), WIDER)) is None


def test_numbers_that_nobody_has_in_both_files_are_not_linked() -> None:
    gone = {"method": "local_suppression", "keys": ["pay"], "k": 2}
    assert linked(made(people(30), NOISE, gone)) is None


def test_the_map_can_be_drawn_by_linked_numbers() -> None:
    plans = {
        name: read_plan(yaml.safe_dump({"keys": ["region"], "steps": [{**NOISE, "size": size}]}), "p")
        for name, size in [("a little", 1e-6), ("much", 5.0)]
    }
    found = risk_utility(people(), plans, SEED, Axes(risk="linked", loss="distances"))
    little, much = (one.risks["linked"] or 0.0 for one in found.points)
    assert little > 0.9 > much
    assert all(one.unbeaten for one in found.points)
    assert found.before["linked"] is None
