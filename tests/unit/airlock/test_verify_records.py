"""What a release says of record-level files has to fit together, also where everything is signed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from saferoom.digests import canonical, sha256
from saferoom.errors import IntegrityError
from saferoom.projects.airlock.verify_records import check

PLAN = {"keys": ["region"], "columns": ["region"], "steps": [], "limits": {"k": 10, "max_risk": 0.1}}


def record() -> dict[str, Any]:
    said = {
        "name": "teaching-file",
        "dataset": "survey",
        "version": "1",
        "digest": sha256(canonical(PLAN)),
        "plan": PLAN,
        "draws": True,
        "seed_commitment": "0" * 64,
        "risk": {"below_k": {"10": 0}, "max_risk": 0.1},
    }
    voted = {"role": "output-checker", "votes": {"approved": 1}}
    return {
        "outputs": [{"lane": "records", "record_plan": said}],
        "datasets": [{"name": "survey", "version": "1"}],
        "checkers": [voted, voted],
        "signed_off": [{"role": "data-owner", "dataset": "survey"}],
    }


MORE = {"max_household_risk": 0.2, "expected_reidentifications": 3.0, "l_diversity": 3, "t_closeness": 0.4}
HELD: dict[str, Any] = {
    "below_k": {"10": 0},
    "max_risk": 0.1,
    "max_household_risk": 0.2,
    "expected_reidentifications": 3.0,
    "sensitive": {"illness": {"distinct": 3, "closeness": 0.4}},
}


@pytest.mark.parametrize(
    ("risk", "said"),
    [
        ({}, None),
        ({"max_household_risk": 0.3}, "limits"),
        ({"max_household_risk": None}, "cannot be read"),
        ({"expected_reidentifications": 3.1}, "limits"),
        ({"sensitive": {"illness": {"distinct": 2, "closeness": 0.4}}}, "limits"),
        ({"sensitive": {"illness": {"distinct": 3, "closeness": 0.5}}}, "limits"),
    ],
)
def test_every_limit_is_held_against_what_is_told(risk: dict[str, Any], said: str | None) -> None:
    made, plan = record(), {**PLAN, "limits": {"k": 10, "max_risk": 0.1, **MORE}}
    made["outputs"][0]["record_plan"].update(plan=plan, digest=sha256(canonical(plan)), risk={**HELD, **risk})
    if said is None:
        check(made)
    else:
        with pytest.raises(IntegrityError, match=said):
            check(made)


def test_a_release_that_fits_together_is_accepted() -> None:
    check(record())
    check({**record(), "outputs": [{"lane": "declared"}, *record()["outputs"]]})


def _set(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda made: made["outputs"][0]["record_plan"].update(changes)


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (lambda made: made["outputs"][0].pop("record_plan"), "do not come together"),
        (lambda made: made["outputs"][0].update(lane="file"), "do not come together"),
        (lambda made: made.pop("signed_off"), "did not sign"),
        (lambda made: made["signed_off"][0].update(dataset="register"), "did not sign"),
        (lambda made: made["checkers"].pop(), "fewer than 2 output checkers"),
        (_set(digest="1" * 64), "another record plan"),
        (_set(plan={**PLAN, "limits": {"k": 2, "max_risk": 1.0}}), "another record plan"),
        (_set(risk={"below_k": {"10": 3}, "max_risk": 0.1}), "limits of its record plan do not hold"),
        (_set(risk={"below_k": {"10": 0}, "max_risk": 0.5}), "limits of its record plan do not hold"),
        (_set(seed_commitment=None), "no commitment"),
        (_set(version="2"), "not made from"),
        (_set(risk={}), "cannot be read"),
        (_set(plan=None), "another record plan|cannot be read"),
    ],
)
def test_what_does_not_fit_is_refused(forge: Callable[[dict[str, Any]], Any], said: str) -> None:
    made = record()
    forge(made)
    with pytest.raises(IntegrityError, match=said):
        check(made)
