"""Certificates are made of what is on record, and not where that does not fit together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.airlock_world import NOW, judged
from tests.support.certified import KEY, TABLE, plan
from tests.support.naming import names

from saferoom.digests import sha256
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.privacy.certificate import CERTIFICATE_TYPE, NOISE_INFUSED, PRIVATE, digest_of
from saferoom.errors import IntegrityError
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.airlock import certificates
from saferoom.projects.airlock.certificates import About
from saferoom.projects.ledger.model import AccountId, AccountKind, Charge, ChargeState, Paid, Wanted
from saferoom.projects.ledger.plans import cost_of

PLAN = plan()
ABOUT = About("release-1", "mobility", 1, {"csv": sha256(b"csv")}, sha256(b"rules"))


def drawn(**said: Any) -> Evaluation:
    """Return an evaluation whose noise was drawn, or says something else."""
    privacy = {"drawn": True, "label": PRIVATE, "plan": PLAN.to_json(), "software": {"opendp": "0.16.0"}, **said}
    return replace(judged(), outgoing=TABLE, privacy=privacy)


def paid(**wanted: Any) -> Paid:
    said: dict[str, Any] = {
        "key": "evaluation-1",
        "project": ProjectSlug("mobility"),
        "by": Username("ana"),
        "content": sha256(b"query"),
        "plan": PLAN.digest,
        "versions": {DatasetName("survey"): "2", DatasetName("births"): "1"},
        "loss": cost_of(PLAN),
    }
    accounts = (
        AccountId(AccountKind.LINEAGE, "births"),
        AccountId(AccountKind.LINEAGE, "survey"),
        AccountId(AccountKind.OWNER, "dora"),
        AccountId(AccountKind.PROJECT, "mobility"),
    )
    charge = Charge("charge-1", Wanted(**{**said, **wanted}), accounts, ChargeState.COMPUTED, NOW)
    return Paid(charge, 7, sha256(b"link"))


def test_a_certificate_says_what_is_on_record_and_names_nobody() -> None:
    made = certificates.of(ABOUT, drawn(), paid())
    assert (made.plan, made.table, made.lineages) == (PLAN, digest_of(TABLE), ("births", "survey"))
    assert [(one.name, one.version) for one in made.datasets] == [("births", "1"), ("survey", "2")]
    assert made.entry.accounts == ("lineage:births", "lineage:survey", "project:mobility")
    assert not names(str(made.document()), "dora")
    assert not names(str(made.document()), "ana")


def test_a_sealed_certificate_is_opened_by_its_key_alone_and_is_the_same_bytes_every_time() -> None:
    made = certificates.of(ABOUT, drawn(), paid())
    assert certificates.seal(made, KEY) == certificates.seal(made, KEY)
    assert certificates.check(certificates.seal(made, KEY), KEY.verifying_key) == made


@pytest.mark.parametrize("said", [{"drawn": False}, {"label": NOISE_INFUSED}])
def test_what_was_not_drawn_or_is_not_private_has_no_certificate(said: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="without drawn noise has no certificate"):
        certificates.of(ABOUT, drawn(**said), paid())


def test_a_draw_without_a_table_has_no_certificate() -> None:
    with pytest.raises(IntegrityError, match="without drawn noise has no certificate"):
        certificates.of(ABOUT, replace(drawn(), outgoing=None), paid())


@pytest.mark.parametrize("said", [{"plan": {}}, {"software": None}, {"plan": {**PLAN.to_json(), "version": 2}}])
def test_what_it_was_drawn_by_has_to_be_known(said: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="drawn by cannot be read"):
        certificates.of(ABOUT, drawn(**said), paid())


def test_another_plan_than_was_charged_for_is_not_certified() -> None:
    with pytest.raises(IntegrityError, match="another plan than was charged for"):
        certificates.of(ABOUT, drawn(), paid(plan=sha256(b"another")))


def test_an_envelope_over_something_else_is_no_certificate() -> None:
    with pytest.raises(IntegrityError, match="not a JSON object"):
        certificates.check(KEY.seal_json(["a list"], CERTIFICATE_TYPE), KEY.verifying_key)
