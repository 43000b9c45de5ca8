"""Ten who share a key and what is sensitive, written in three ways, with a little noise, or exchanged now and then."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from saferoom.disclosure.microdata.plans.plan import Plan
from saferoom.disclosure.microdata.plans.runner import anonymise
from saferoom.disclosure.microdata.plans.seeds import Seed
from saferoom.errors import BadInputError

SEED = Seed(b"s" * 16, b"t" * 16)
N = 400
NOTHING = {"method": "recode", "columns": ["other"], "groups": {"all": ["u", "v"]}}
MANY = np.random.default_rng(1).choice(["a", "b", "c", "d"], N // 2).tolist()
PAYS = np.random.default_rng(2).lognormal(8, 0.5, N // 2).round(2)


def protected(sick: Any, *steps: dict[str, Any], least: int = 3, **changes: Any) -> Any:
    other = np.random.default_rng(3).choice(["u", "v"], N)
    table = pa.table({"a": np.repeat([1, 2], N // 2), "sick": sick, "other": other})
    plan = {"keys": ["a"], "sensitive": ["sick"], "limits": {"k": 10, "l_diversity": least}, "steps": [NOTHING, *steps]}
    return anonymise(table, Plan.model_validate({**plan, **changes}, strict=False), SEED).frame


def refused(sick: Any, *steps: dict[str, Any], **changes: Any) -> None:
    with pytest.raises(BadInputError, match="some who share a key have only"):
        protected(sick, *steps, **changes)


def test_one_illness_written_in_three_ways_is_one() -> None:
    refused([*["flu", "Flu", " flu "] * 66, "flu", "FLU", *MANY])
    assert protected([*["flu", "cold", "none"] * 66, "flu", "cold", *MANY])


@pytest.mark.parametrize("step", [(), ({"method": "noise", "columns": ["sick"], "size": 1e-6},)])
def test_numbers_that_hardly_differ_are_one(step: tuple[dict[str, Any], ...]) -> None:
    alike = 2_000 + (0 if step else np.arange(N // 2) / 1e4)
    refused(np.concatenate([np.broadcast_to(alike, N // 2), PAYS]), *step)
    assert protected(np.concatenate([PAYS, PAYS]), *step)


def test_noise_that_is_felt_makes_numbers_diverse() -> None:
    """What a perturbing step really changes is the owner's protection, and counts as what the file tells."""
    same = np.concatenate([np.full(N // 2, 2_000.0), PAYS])
    assert protected(same, {"method": "noise", "columns": ["sick"], "size": 0.5})


def test_a_few_exchanged_values_do_not_make_a_key_diverse() -> None:
    swap = {"method": "pram", "columns": ["sick"], "invariant": False}
    size = 5
    little = (np.eye(size) * 0.95 + 0.05 / size).tolist()
    refused(["flu"] * (N // 2) + MANY, {**swap, "matrix": little})
    much = (np.eye(size) * 0.2 + 0.8 / size).tolist()
    assert protected(["flu"] * (N // 2) + MANY, {**swap, "matrix": much})


def test_small_whole_numbers_stay_different() -> None:
    children = np.random.default_rng(4).integers(0, 5, N)
    assert protected(children)
    far = np.where(np.arange(N) == 5, 10**9, children)
    assert protected(far, least=5)
