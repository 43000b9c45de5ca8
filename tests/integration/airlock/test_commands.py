"""``saferoom verify`` and ``saferoom audit verify`` as a person at a terminal runs them."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.airlock_domain import ANA, BEN, Domain

from saferoom.hub.memory_folder import VARIABLE
from saferoom.projects.airlock.model import Cause
from saferoom.signing import SigningKey


def saferoom(*words: object, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "saferoom.hub.cli.main", *map(str, words)]
    environment = {"SAFEROOM_HOME": str(home or "/nowhere"), "COLUMNS": "200", VARIABLE: os.environ[VARIABLE]}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


@pytest.fixture
def bundle(world: Domain, tmp_path: Path) -> Path:
    path = tmp_path / "bundle.zip"
    path.write_bytes(world.airlock.bundle(ANA, world.submit().id))
    return path


@pytest.fixture
def key(world: Domain, tmp_path: Path) -> Path:
    path = tmp_path / "key.pem"
    path.write_bytes(world.key.verifying_key.to_pem())
    return path


@pytest.fixture
def home(world: Domain, tmp_path: Path) -> Path:
    """Lay the airlock's store and key out as an instance's home."""
    folder = tmp_path / "home"
    (folder / "keys").mkdir(parents=True)
    (folder / "keys" / "signing.pub.pem").write_bytes(world.key.verifying_key.to_pem())
    world.submit()
    with world.database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql(f"VACUUM INTO '{folder / 'saferoom.sqlite'}'")
    return folder


def test_verify_of_a_good_bundle_says_whose_and_exits_0(bundle: Path, key: Path) -> None:
    done = saferoom("verify", bundle, "--key", key)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Valid release release-" in done.stdout
    assert "of project mobility" in done.stdout


def test_verify_with_json_prints_one_document(bundle: Path, key: Path) -> None:
    done = saferoom("verify", bundle, "--key", key, "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["ok"], document["problem"]) == (0, True, "")
    assert [check["passed"] for check in document["checks"]] == [True] * 12


@pytest.mark.sqlite
def test_verify_uses_the_instances_own_key_when_there_is_one(bundle: Path, home: Path) -> None:
    assert saferoom("verify", bundle, home=home).returncode == 0


def test_verify_without_any_key_says_how_to_give_one_and_exits_1(bundle: Path) -> None:
    done = saferoom("verify", bundle)
    assert (done.returncode, done.stdout) == (1, "")
    assert "--key FILE" in done.stderr
    assert "anybody could have made this bundle" in done.stderr


def test_verify_of_a_changed_bundle_says_what_and_exits_1(bundle: Path, key: Path) -> None:
    data = bundle.read_bytes()
    bundle.write_bytes(data.replace(b"outputs/output-01.csv", b"outputs/output-02.csv"))
    done = saferoom("verify", bundle, "--key", key)
    assert done.returncode == 1
    assert "NOT a valid release: outputs/output-01.csv is signed but missing" in done.stdout
    document = json.loads(saferoom("verify", bundle, "--key", key, "--json").stdout)
    assert (document["ok"], document["release"]) == (False, "")


def test_verify_with_another_key_exits_1(bundle: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(SigningKey.generate().verifying_key.to_pem())
    done = saferoom("verify", bundle, "--key", other)
    assert done.returncode == 1
    assert "no valid signature by key" in done.stdout


@pytest.mark.parametrize("wrong", ["bundle", "key", "key that is none"])
def test_verify_of_what_cannot_be_read_exits_1_without_a_traceback(bundle: Path, key: Path, wrong: str) -> None:
    if wrong == "key that is none":
        key.write_text("nonsense")
    words = {"bundle": ("/nowhere.zip", key), "key": (bundle, "/nowhere.pem")}.get(wrong, (bundle, key))
    done = saferoom("verify", words[0], "--key", words[1])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("saferoom: ")
    assert "Traceback" not in done.stderr


@pytest.mark.sqlite
def test_audit_verify_of_a_good_trail_counts_links_and_heads(home: Path) -> None:
    done = saferoom("audit", "verify", "--home", home)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("The audit trail holds: 5 links, 1 signed heads.")
    document = json.loads(saferoom("audit", "verify", "--json", home=home).stdout)
    assert (document["ok"], document["links"], document["signed_heads"]) == (True, 5, 1)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("update audit_links set actor = 'eve' where seq = 3", "audit link 3 was changed after it was written"),
        ("delete from audit_links where seq = 5", "the audit trail ends before signed head 1: link 5 is missing"),
        ("update audit_links set payload = '{' where seq = 2", "audit link 2 cannot be read"),
    ],
)
def test_audit_verify_of_a_broken_trail_names_the_first_broken_link_and_exits_1(
    home: Path, sql: str, message: str
) -> None:
    connection = sqlite3.connect(home / "saferoom.sqlite")
    connection.execute(sql)
    connection.commit()
    connection.close()
    done = saferoom("audit", "verify", "--home", home)
    assert done.returncode == 1
    assert message in done.stderr
    document = json.loads(saferoom("audit", "verify", "--home", home, "--json").stdout)
    assert message in document["error"]["message"]


@pytest.mark.sqlite
def test_audit_verify_where_there_is_no_instance_exits_1_and_makes_none(tmp_path: Path) -> None:
    done = saferoom("audit", "verify", "--home", tmp_path / "nothing")
    assert done.returncode == 1
    assert "there is no Saferoom instance" in done.stderr
    assert not (tmp_path / "nothing").exists()


@pytest.mark.sqlite
def test_audit_verify_without_the_key_exits_1(home: Path) -> None:
    (home / "keys" / "signing.pub.pem").unlink()
    done = saferoom("audit", "verify", "--home", home)
    assert done.returncode == 1
    assert "signed heads cannot be checked" in done.stderr


def test_verify_with_the_list_of_withdrawals_says_withdrawn_and_exits_1(
    world: Domain, bundle: Path, key: Path, tmp_path: Path
) -> None:
    path = tmp_path / "withdrawals.json"
    path.write_text(json.dumps(world.airlock.withdrawals()))
    assert saferoom("verify", bundle, "--key", key, "--withdrawals", path).returncode == 0
    (request,) = world.airlock.requests_of(ANA)
    world.airlock.withdraw_release(BEN, request.id, Cause.WRONG_NUMBERS, "The wrong year.")
    path.write_text(json.dumps(world.airlock.withdrawals()))
    done = saferoom("verify", bundle, "--key", key, "--withdrawals", path)
    assert done.returncode == 1
    assert "is what was signed, but the release was withdrawn on 2026-03-02" in done.stdout
    path.write_text("{}")
    broken = saferoom("verify", bundle, "--key", key, "--withdrawals", path)
    assert (broken.returncode, broken.stdout) == (1, "")
    assert "not one that this key signed" in broken.stderr
