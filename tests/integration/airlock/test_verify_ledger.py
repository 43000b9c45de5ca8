"""``saferoom verify --ledger``: what was signed is held against the instance's own record, ledger and audit trail."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session
from tests.support.airlock_world import MOBILITY
from tests.support.empty_store import tampering
from tests.support.privacy_airlock import ANA, COUNTS, PrivacyAirlock, privacy_airlock

from saferoom.digests import canonical, sha256
from saferoom.disclosure.privacy.certificate import CERTIFICATE_TYPE
from saferoom.hub.cli import verify_ledger
from saferoom.hub.cli.verify_ledger import with_record
from saferoom.hub.memory_folder import VARIABLE
from saferoom.hub.store.airlock_records import ReleaseRow
from saferoom.hub.store.airlock_tables import OutputRow
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.store.ledger_tables import ChargeRow
from saferoom.projects.airlock.crate import metadata
from saferoom.projects.airlock.layout import CRATE, ENVELOPE, MANIFEST_TYPE, SDC_RECORD
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.render import archive_of
from saferoom.projects.airlock.verify import verify_bundle
from saferoom.projects.airlock.verify_report import BundleReport


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PrivacyAirlock, bytes, bytes]]:
    with privacy_airlock(tmp_path_factory.mktemp("ledger"), sandboxed=False) as here:
        quote = here.evaluate(COUNTS)
        drawn = _bundle(here, here.ask(quote.id))
        made, _ = here.airlock.process(ANA, MOBILITY, quote.id, [{"round": 10}])
        yield here, drawn, _bundle(here, here.ask(made.id))


def _bundle(here: PrivacyAirlock, request: Request) -> bytes:
    assert request.release is not None, request.blocked
    return here.airlock.bundle(ANA, request.id)  # as its author has it, which the trail says


def verified(here: PrivacyAirlock, data: bytes) -> BundleReport:
    key = here.world.instance.signing_key.verifying_key
    report = verify_bundle(data, key)
    assert report.ok, report.problem
    with here.world.instance.database.reading() as session:
        return with_record(report, data, session, key)


def forged(here: PrivacyAirlock, data: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """Return a bundle whose certificate says something else, signed anew by whoever stole the key."""
    key = here.world.instance.signing_key
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    record, manifest = json.loads(files[SDC_RECORD]), json.loads(files[CRATE])
    document = key.verifying_key.open_json(record["outputs"][0]["certificate"], CERTIFICATE_TYPE)
    change(document)
    record["outputs"][0]["certificate"] = key.seal_json(document, CERTIFICATE_TYPE)
    files[SDC_RECORD] = canonical(record)
    root = next(one for one in manifest["@graph"] if one["@id"] == "./")
    about = {
        "identifier": root["identifier"],
        "name": "x",
        "description": "x",
        "project": record["project"],
        "published": record["approved_at"],
        "software": "x",
    }
    del files[CRATE], files[ENVELOPE]
    files[CRATE] = canonical(metadata(about, list(files.items())))
    signed = {
        "version": 1,
        "release": record["release"],
        "project": record["project"],
        "approved_at": record["approved_at"],
        "files": [{"path": path, "sha256": sha256(held), "size": len(held)} for path, held in files.items()],
    }
    files[ENVELOPE] = canonical(key.seal_json(signed, MANIFEST_TYPE))
    return archive_of(list(files.items()))


Made = tuple[PrivacyAirlock, bytes, bytes]


@contextmanager
def scratch(here: PrivacyAirlock) -> Iterator[Session]:
    """Yield a session whose writes are forgotten: what somebody who can write the store could do to it."""
    with tampering(here.world.instance.database) as session:
        yield session
        session.rollback()


def test_what_was_released_is_on_record(made: Made) -> None:
    here, drawn, processed = made
    for data in (drawn, processed):
        found = verified(here, data)
        assert found.ok, found.problem
        assert [check.name for check in found.checks][-4:] == ["trail", "release", "ledger", "once"]


def test_what_was_signed_but_never_released_is_noticed(made: Made) -> None:
    here, drawn, _ = made
    # Everything in it holds, and the signature is the instance's own.
    found = verified(here, forged(here, drawn, lambda document: document["software"].update(opendp="0.0.0")))
    assert found.problem == "the instance has this release on record with other bytes"


@pytest.mark.parametrize(
    "change",
    [
        {"charge": "charge-invented"},
        {"rho": 10**12},
        {"link": 1},
        {"digest": "0" * 64},
        {"at": "2020-01-01T00:00:00.000000Z"},
        {"accounts": ["approval:mobility/survey", "lineage:survey", "project:mobility", "lineage:more"]},
    ],
)
def test_an_entry_that_the_ledger_does_not_have_is_noticed(made: Made, change: dict[str, Any]) -> None:
    here, drawn, _ = made
    data = forged(here, drawn, lambda document: document["ledger"].update(change))
    instance = here.world.instance
    report = verify_bundle(data, instance.signing_key.verifying_key)
    assert report.ok, report.problem
    # What the release is recorded as is left aside: the entry alone has to be enough.
    with instance.database.reading() as session, mock.patch.object(verify_ledger, "_check_release"):
        found = with_record(report, data, session, instance.signing_key.verifying_key)
    assert found.problem in (
        "output 1: the ledger has no such charge",
        "output 1: the ledger has another entry than the certificate",
    )


def test_a_record_of_the_release_that_was_changed_to_fit_is_noticed(made: Made) -> None:
    here, drawn, _ = made
    data = forged(here, drawn, lambda document: document["software"].update(opendp="0.0.0"))
    key = here.world.instance.signing_key.verifying_key
    report = verify_bundle(data, key)
    with scratch(here) as session:
        session.execute(update(ReleaseRow).where(ReleaseRow.id == report.release).values(bundle=sha256(data)))
        found = with_record(report, data, session, key)
    # Whoever can write the store and sign has to stop at the trail.
    assert found.problem == "the audit trail does not record this release with these bytes"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"rho": 1}, "output 1: the ledger has another entry than the certificate"),
        ({"plan": "0" * 64}, "output 1: the ledger has another entry than the certificate"),
        ({"state": "withheld"}, "output 1: the ledger says of the charge that its result did not leave"),
        ({"versions": {"survey": "9"}}, "output 1: the ledger has the charge for other data or another project"),
    ],
)
def test_a_ledger_that_was_changed_is_noticed(made: Made, change: dict[str, Any], problem: str) -> None:
    here, drawn, _ = made
    instance = here.world.instance
    report = verify_bundle(drawn, instance.signing_key.verifying_key)
    with scratch(here) as session:
        session.execute(update(ChargeRow).values(**change))
        found = with_record(report, drawn, session, instance.signing_key.verifying_key)
    assert found.problem == problem
    assert not found.ok


def test_a_ledger_and_certificate_that_agree_against_the_trail_are_noticed(made: Made) -> None:
    here, drawn, _ = made
    instance = here.world.instance
    report = verify_bundle(drawn, instance.signing_key.verifying_key)
    less = replace(report.certificates[0].entry, rho=1)
    report = replace(report, certificates=(replace(report.certificates[0], entry=less),))
    with scratch(here) as session:
        session.execute(update(ChargeRow).values(rho=1))
        found = with_record(report, drawn, session, instance.signing_key.verifying_key)
    assert found.problem == "output 1: the ledger has another entry than the certificate"


def test_a_trail_that_was_changed_is_noticed(made: Made) -> None:
    here, drawn, _ = made
    instance = here.world.instance
    report = verify_bundle(drawn, instance.signing_key.verifying_key)
    with scratch(here) as session:
        session.execute(update(AuditLinkRow).where(AuditLinkRow.action == "budget.charged").values(actor="nobody"))
        found = with_record(report, drawn, session, instance.signing_key.verifying_key)
    assert "was changed after it was written" in found.problem
    assert found.checks[-1].name == "trail"


def test_a_release_of_an_earlier_draw_is_noticed(made: Made) -> None:
    here, drawn, processed = made
    instance = here.world.instance
    key = instance.signing_key.verifying_key
    one, two = verify_bundle(drawn, key), verify_bundle(processed, key)
    with instance.database.reading() as session:
        # The second release, with the first one's certificate: what was drawn left before.
        again = replace(two, certificates=one.certificates)
        found = with_record(again, processed, session, key)
    assert found.problem == "output 1: what was drawn was released with another release"


def test_a_release_that_is_not_on_record_is_noticed(made: Made) -> None:
    here, drawn, _ = made
    key = here.world.instance.signing_key.verifying_key
    report = replace(verify_bundle(drawn, key), release="release-invented")
    with here.world.instance.database.reading() as session:
        assert with_record(report, drawn, session, key).problem == "the instance has no such release on record"


def test_what_left_twice_is_noticed(made: Made) -> None:
    here, drawn, _ = made
    key = here.world.instance.signing_key.verifying_key
    with scratch(here) as session:
        # A second request with what the first one drew, as no deed of the airlock makes it.
        first, second = session.query(OutputRow).order_by(OutputRow.request).all()
        same = first.evaluation if first.evaluation.startswith("drawn-") else second.evaluation
        first.evaluation = second.evaluation = same
        session.flush()
        found = with_record(verify_bundle(drawn, key), drawn, session, key)
    assert found.problem == "output 1: what was drawn was released more than once"


def test_command_says_what_it_cost_and_what_is_on_record(made: Made, tmp_path: Path) -> None:
    here, drawn, processed = made
    for data, said in ((drawn, "Output 1 is differentially private"), (processed, "made from numbers that are")):
        path = tmp_path / "bundle.zip"
        path.write_bytes(data)
        command = [sys.executable, "-P", "-m", "saferoom.hub.cli.main", "verify", str(path), "--ledger"]
        home = here.world.home
        environment = {"SAFEROOM_HOME": str(home.root), "SAFEROOM_DATABASE_URL": home.database_url, "COLUMNS": "200"}
        environment[VARIABLE] = os.environ[VARIABLE]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")
        assert said in done.stdout
        assert "rho 0.25 for every person_id" in done.stdout
        assert "ok      ledger: every charge is on record as it is certified" in done.stdout


def test_command_without_an_instance_says_that_there_is_none(made: Made, tmp_path: Path) -> None:
    here, drawn, _ = made
    (tmp_path / "bundle.zip").write_bytes(drawn)
    (tmp_path / "key.pem").write_bytes(here.world.instance.signing_key.verifying_key.to_pem())
    words = ["verify", str(tmp_path / "bundle.zip"), "--key", str(tmp_path / "key.pem"), "--ledger"]
    environment = {"SAFEROOM_HOME": str(tmp_path / "nowhere"), "COLUMNS": "200", VARIABLE: os.environ[VARIABLE]}
    command = [sys.executable, "-P", "-m", "saferoom.hub.cli.main", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "there is no Saferoom instance" in done.stderr
