"""Attacks on certificates: each bundle is rightly signed, by the instance's own key, and still says something false.

So the verifier is shown not to believe a signature alone: losses follow from plans, and everything has to fit together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import duckdb
import pytest
from tests.support.certified import (
    KEY,
    RULES,
    TABLE,
    Forge,
    Forged,
    bundle,
    certificate,
    entry,
    plan,
)

from saferoom.digests import canonical, sha256
from saferoom.disclosure.privacy.certificate import NOISE_INFUSED, Source, stated_loss
from saferoom.disclosure.privacy.plan import PrivacyMeasure, PrivacyPlan
from saferoom.disclosure.verdict import Table
from saferoom.projects.airlock import verify, verify_privacy
from saferoom.projects.airlock.layout import MANIFEST_TYPE
from saferoom.projects.airlock.render import to_csv
from saferoom.projects.airlock.verify import verify_bundle
from saferoom.projects.airlock.verify_report import BundleReport
from saferoom.projects.ledger.plans import cost_of
from saferoom.signing import SigningKey


def report(outputs: Sequence[Forged], record: dict[str, Any] | None = None) -> BundleReport:
    return verify_bundle(bundle(outputs, record), KEY.verifying_key)


def refused(sentence: str, *outputs: Forged, record: dict[str, Any] | None = None) -> None:
    found = report(outputs, record)
    assert not found.ok
    assert sentence in found.problem, found.problem


def of(**changed: Any) -> Forged:
    """Return an output whose certificate says something else in one entry."""
    return Forged(replace(certificate(), **changed))


def consistent(change: Forge) -> Forge:
    """Return a forgery of a plan that mends everything that follows from the plan alone."""

    def forge(document: dict[str, Any]) -> None:
        change(document["plan"])
        forged = PrivacyPlan.from_json(document["plan"])
        document |= {"plan_digest": forged.digest, "unit": forged.unit, **stated_loss(forged)}

    return forge


@pytest.mark.parametrize("measure", PrivacyMeasure)
def test_an_honest_certificate_is_believed(measure: PrivacyMeasure) -> None:
    found = report([Forged(certificate(drawn=plan(measure=measure)))])
    assert (found.ok, found.problem) == (True, "")


def test_a_bundle_with_a_certificate_is_verified_without_data(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bundle([Forged()])
    for reads in ("connect", "execute", "sql"):
        monkeypatch.setattr(duckdb, reads, None)
    assert verify_bundle(data, KEY.verifying_key).ok


# What the certificate says of itself


def test_half_the_scale_alone_is_noticed() -> None:
    def forge(document: dict[str, Any]) -> None:
        document["plan"]["aggregates"][0]["scale"] /= 2

    refused("output 1: the certificate's plan is not the one that its digest names", Forged(document=forge))


def test_half_the_scale_with_the_loss_of_the_whole_is_noticed() -> None:
    def forge(document: dict[str, Any]) -> None:
        honest = document["aggregates"], document["loss"]
        consistent(lambda drawn: drawn["aggregates"][0].update(scale=drawn["aggregates"][0]["scale"] / 2))(document)
        document["aggregates"], document["loss"] = honest

    refused("scales and losses are not those that follow from its plan", Forged(document=forge))


def test_a_smaller_loss_than_the_plan_has_is_noticed() -> None:
    def forge(document: dict[str, Any]) -> None:
        document["loss"]["value"] = "1/100"

    refused("privacy loss is not the one that follows from its plan", Forged(document=forge))


def test_a_plan_that_costs_more_than_was_charged_is_noticed() -> None:
    # Scale, digest, losses: all agree, and the ledger's entry was made to name the forged plan.
    def forge(document: dict[str, Any]) -> None:
        consistent(lambda drawn: drawn["aggregates"][0].update(scale=drawn["aggregates"][0]["scale"] / 2))(document)
        document["ledger"]["plan"] = document["plan_digest"]

    refused("output 1: the ledger's entry is for less than the plan costs", Forged(document=forge))


def test_a_plan_that_is_not_the_one_that_was_charged_for_is_noticed() -> None:
    forge = consistent(lambda drawn: drawn["aggregates"][0].update(scale=drawn["aggregates"][0]["scale"] * 2))
    refused("the ledger's entry is for another plan than the noise was drawn by", Forged(document=forge))


def test_a_charge_one_billionth_short_is_noticed() -> None:
    honest = entry(plan())
    refused("for less than the plan costs", of(entry=replace(honest, rho=honest.rho - 1)))


def test_a_charge_without_its_delta_is_noticed() -> None:
    private = PrivacyPlan.from_json({**plan().to_json(), "cells": 0, "threshold": 60})
    honest = entry(private)
    assert honest.delta > 0
    assert report([of(plan=private, entry=honest)]).ok
    refused("for less than the plan costs", of(plan=private, entry=replace(honest, delta=honest.delta - 1)))


def test_the_loss_of_pure_differential_privacy_is_not_taken_for_rho() -> None:
    # epsilon = 2 costs rho = 2; taken for rho it would be 2 as well, but epsilon = 4 costs 8.
    pure = plan(Fraction(4), PrivacyMeasure.PURE)
    refused("for less than the plan costs", of(plan=pure, entry=replace(entry(pure), rho=4 * 10**9)))


# Whom it is about


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"release": "release-2"}, "output 1: the certificate is about another output"),
        ({"project": "another"}, "output 1: the certificate is about another output"),
        ({"output": 2}, "output 1: the certificate is about another output"),
        ({"files": {"csv": sha256(b"other")}}, "output 1: the certificate is about other files"),
        ({"files": {}}, "output 1: the certificate is about other files"),
        ({"datasets": (Source("htv", "1"),)}, "names data that the release was not made from"),
        ({"datasets": (Source("secret", "2"),)}, "names data that the release was not made from"),
        ({"lineages": ("htv", "births")}, "the ledger's entry leaves out lineage:births"),
    ],
)
def test_a_certificate_of_something_else_is_noticed(changed: dict[str, Any], sentence: str) -> None:
    refused(sentence, of(**changed))


def test_another_table_under_the_certificate_is_noticed() -> None:
    refused("about other files than those that left", Forged(data=to_csv(Table(TABLE.columns, (("north", 13),)))))


@pytest.mark.parametrize("first", [1, 2])
def test_exact_numbers_under_the_certificate_of_noisy_ones_are_noticed(first: int) -> None:
    outputs = [Forged(), Forged(data=to_csv(Table(TABLE.columns, (("north", 13),))))]
    described = [one.described(place) for place, one in enumerate(outputs, start=1)]
    files = [file for one in described for file in one["files"]]
    both = {**described[0], "files": files if first == 1 else files[::-1]}
    refused("output 1: the certificate is about other files", *outputs, record={"outputs": [both]})


@pytest.mark.parametrize("account", ["lineage:htv", "project:mobility", "approval:mobility/htv"])
def test_a_charge_that_leaves_an_account_out_is_noticed(account: str) -> None:
    honest = entry(plan())
    kept = tuple(one for one in honest.accounts if one != account)
    refused(f"leaves out {account}", of(entry=replace(honest, accounts=kept)))


@pytest.mark.parametrize(
    "late", [{"link": 7}, {"link": 8}, {"at": "2026-03-02T09:00:00.000001Z"}, {"at": "2027-01-01T00:00:00.000000Z"}]
)
def test_a_charge_after_the_release_is_noticed(late: dict[str, Any]) -> None:
    refused("was written after the release was approved", of(entry=replace(entry(plan()), **late)))


# By which rules


def _with(**rules: Any) -> Forged:
    """Return an output whose record and certificate agree on other rules."""
    changed = {**RULES, **rules}
    made = replace(certificate(), policy=sha256(canonical(changed)))
    return Forged(made, output=lambda described: described.update(rules=changed))


def test_rules_that_are_not_those_of_the_certificate_are_noticed() -> None:
    looser = {**RULES, "threshold": 1}
    sentence = "the certificate names other rules than sdc-record.json shows"
    refused(sentence, Forged(output=lambda described: described.update(rules=looser)))
    refused(sentence, Forged(output=lambda described: described.pop("rules")))


@pytest.mark.parametrize("units", [["school_id"], ["household_id", "person_id"]])
def test_noise_for_another_unit_than_the_rules_protect_is_noticed(units: list[str]) -> None:
    refused("the rules protect another unit of privacy", _with(privacy_units=units))


def test_rules_that_name_no_unit_leave_it_to_the_data() -> None:
    assert report([_with(privacy_units=[])]).ok


@pytest.mark.parametrize(
    "rules", [{"privacy_rows": 5}, {"privacy_rows_per_cell": 1}, {"privacy_cells": 2}, {"privacy_cells": None}]
)
def test_more_rows_of_a_unit_than_the_rules_allow_are_noticed(rules: dict[str, Any]) -> None:
    refused("more rows of one unit count than the rules allow", _with(**rules))


# With what, and how it left


def test_a_certificate_by_another_key_is_not_believed() -> None:
    refused("output 1: no valid signature by key", Forged(key=SigningKey.generate()))


def test_a_certificate_signed_as_something_else_is_not_believed() -> None:
    refused("output 1: the envelope is not of type", Forged(kind=MANIFEST_TYPE))


@pytest.mark.parametrize("envelope", ["signed", 7, [], {}])
def test_a_certificate_that_is_none_is_not_believed(envelope: object) -> None:
    found = report([Forged(output=lambda described: described.update(certificate=envelope))])
    assert not found.ok
    assert found.problem.startswith("output 1: the ")


def test_an_output_without_its_certificate_is_noticed() -> None:
    refused(
        "output 1 is called differentially private but has no certificate",
        Forged(output=lambda described: described.pop("certificate")),
    )


def test_an_output_that_has_lost_its_certificate_and_its_lane_is_noticed() -> None:
    def forge(described: dict[str, Any]) -> None:
        del described["certificate"]
        described["lane"] = "declared"

    refused("output 1 was asked for with differential privacy but has no certificate", Forged(output=forge))


@pytest.mark.parametrize("lane", ["declared", "file", "lifted"])
def test_a_certificate_in_another_lane_is_noticed(lane: str) -> None:
    sentence = "has a certificate but is not called differentially private"
    refused(sentence, Forged(output=lambda described: described.update(lane=lane)), record={"route": "output-checkers"})


def _infused(described: dict[str, Any]) -> None:
    del described["certificate"]
    described |= {"lane": "declared", "privacy": {"label": NOISE_INFUSED}}


def test_noise_that_is_not_private_leaves_with_a_person_and_without_a_certificate() -> None:
    assert report([Forged(output=_infused)], {"route": "output-checkers"}).ok
    refused("output 1 is noise-infused only and left without a person", Forged(output=_infused))


def test_noise_that_is_not_private_is_not_certified() -> None:
    def forge(document: dict[str, Any]) -> None:
        document["label"] = NOISE_INFUSED

    refused("the certificate is not one of differential privacy", Forged(document=forge))


def test_a_plan_with_an_observed_sensitivity_is_not_certified() -> None:
    def observe(drawn: dict[str, Any]) -> None:
        drawn |= {"measure": "pure", "contributions": {"rows": 1, "per_cell": 1, "cells": 1}}
        drawn["aggregates"][0].update(kind="maximum_observed_sensitivity", fraction=[1, 4])

    refused("the certificate is of noise that is not differentially private", Forged(document=consistent(observe)))


def test_one_draw_that_leaves_twice_is_noticed() -> None:
    refused("output 2 was released before, in the same release", Forged(), Forged(certificate(2)))


def test_two_draws_for_one_charge_are_noticed() -> None:
    other = replace(certificate(2), table=sha256(b"another table"))
    refused("output 2: its charge already paid for another draw", Forged(), Forged(other))


def test_two_draws_for_two_charges_are_fine() -> None:
    second = replace(certificate(2), entry=entry(plan(), "charge-2"))
    assert report([Forged(), Forged(second)]).ok


# What each check is there for


@pytest.mark.parametrize(
    ("without", "forged"),
    [
        ("budgets", lambda: of(entry=replace(entry(plan()), rho=1))),
        ("budgets", lambda: of(entry=replace(entry(plan()), link=8))),
        ("rules", lambda: _with(privacy_units=["school_id"])),
        ("rules", lambda: _with(privacy_rows=1)),
    ],
)
def test_mutation_a_check_left_out_is_noticed(
    monkeypatch: pytest.MonkeyPatch, without: str, forged: Callable[[], Forged]
) -> None:
    assert not report([forged()]).ok
    monkeypatch.setattr(verify, "CHECKS", tuple(check for check in verify.CHECKS if check[0] != without))
    assert report([forged()]).ok


def test_mutation_losses_that_are_not_computed_again_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    forged = plan()
    half = replace(forged, aggregates=(replace(forged.aggregates[0], scale=forged.aggregates[0].scale / 2),))
    lie = of(plan=half, entry=replace(entry(forged), plan=half.digest))
    refused("for less than the plan costs", lie)
    monkeypatch.setattr(verify_privacy, "cost_of", lambda _plan: cost_of(forged))
    assert report([lie]).ok
