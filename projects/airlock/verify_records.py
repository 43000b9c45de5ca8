"""Verifies what a release says of record-level files: made by a plan that is shown, within its limits, and signed.

No data and no policy are at hand here: whether the data owner had allowed the plan is the releasing instance's word,
which the bundle's signature is under. What the record says must fit together all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saferoom.digests import canonical, sha256
from saferoom.errors import IntegrityError
from saferoom.projects.airlock.model import Lane


def check(record: Mapping[str, Any]) -> None:
    """Check every record-level file of a release.

    Raises
    ------
    IntegrityError
        One was made by no plan, or by another than is shown; its limits do not hold; or its owner did not sign.
    """
    for number, output in enumerate(record["outputs"], start=1):
        is_file = output.get("lane") == Lane.RECORDS.value
        if is_file != ("record_plan" in output):
            raise IntegrityError(f"output {number}: a record-level file and its plan do not come together")
        if is_file:
            try:
                _check(f"output {number}", output["record_plan"], record)
            except (KeyError, TypeError, AttributeError):
                raise IntegrityError(f"output {number}: what is said of its record plan cannot be read") from None


def _check(which: str, said: Mapping[str, Any], record: Mapping[str, Any]) -> None:
    plan, risk = said["plan"], said["risk"]
    if sha256(canonical(plan)) != said["digest"]:
        raise IntegrityError(f"{which} was made by another record plan than is shown")
    if risk is not None and not _holds(plan["limits"], risk):
        raise IntegrityError(f"{which}: the limits of its record plan do not hold")
    if said["draws"] and not said["seed_commitment"]:
        raise IntegrityError(f"{which}: its record plan draws, and no commitment to a seed is stated")
    if {"name": said["dataset"], "version": said["version"]} not in record["datasets"]:
        raise IntegrityError(f"{which}: its record plan is of data that the release was not made from")
    signed = {one.get("dataset") for one in record.get("signed_off", ()) if one.get("role") == "data-owner"}
    if said["dataset"] not in signed:
        raise IntegrityError(f"{which}: the data owner of {said['dataset']} did not sign")
    if len([one for one in record["checkers"] if one["votes"].get("approved")]) < _FEWEST:
        raise IntegrityError(f"{which}: fewer than {_FEWEST} output checkers approved")


def _holds(limits: Mapping[str, Any], risk: Mapping[str, Any]) -> bool:
    """Tell whether limits hold of what is told of the file; a limit of what is not told does not."""
    wrong = risk["below_k"][str(limits["k"])] or risk["max_risk"] > limits["max_risk"]
    if "max_household_risk" in limits:
        wrong = wrong or risk["max_household_risk"] > limits["max_household_risk"]
    for one in risk.get("sensitive", {}).values():
        wrong = wrong or one["distinct"] < limits.get("l_diversity", 0)
        wrong = wrong or one["closeness"] > limits.get("t_closeness", 1)
    if "expected_reidentifications" in limits:
        wrong = wrong or risk["expected_reidentifications"] > limits["expected_reidentifications"]
    return not wrong


_FEWEST = 2
