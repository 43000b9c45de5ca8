"""How many charges a second the ledger takes on SQLite: ``python -m ... ROOT NUMBER PREFIX`` is one process of them.

Each charge debits four accounts (project, approval, data owner, dataset lineage) and adds a signed link to the audit
trail, in one transaction that is on the disk before it counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from saferoom.digests import sha256
from saferoom.errors import UnavailableError
from saferoom.hub.home import Home
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.migrate import upgrade
from saferoom.hub.store.registry_writer import RegistryWriter
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.policies.models import PolicyModel
from saferoom.projects.administration.changes import compare
from saferoom.projects.approvals.model import Approval, PrivacyBudget, Project
from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole, VariableType
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import AccountId, AccountKind, Wanted
from saferoom.projects.ledger.service import Ledger
from saferoom.projects.people.model import Person, Role, Training

EACH = 600
"""Charges of a process."""
WARM = 5
"""Charges before the clock starts."""
PROCESSES = (1, 4)
_PROJECT, _DATASET = ProjectSlug("bench"), DatasetName("people")
_OWNER, _RESEARCHER = Username("olga"), Username("rosa")
_ACTOR = "saferoom bench"
_LIMIT = Loss(10**15, 0)
_LONGEST_SECONDS = 300.0

Say = Callable[[str], None]


def measure(say: Say) -> dict[str, dict[str, Any]]:
    """Return charges a second by one process, and by several at once, each in an instance of its own.

    Raises
    ------
    UnavailableError
        A process failed, or the accounts do not add up afterwards.
    """
    found = {}
    for processes in PROCESSES:
        say(f"charges: {processes} at once")
        with tempfile.TemporaryDirectory(prefix="saferoom-bench-") as folder:
            _write_world(Path(folder))
            found[str(processes)] = _charged(Path(folder), processes)
            _check(Path(folder), processes * (EACH + WARM))
    return found


def _write_world(root: Path) -> None:
    """Write an instance at `root` in which one project may spend much on one dataset."""
    instance = Instance.open(Home(root))
    try:
        upgrade(instance.database)
        until = instance.clock.now().date() + timedelta(days=365)
        with instance.database.transaction() as session:
            log = AuditLog(session, instance.clock, instance.signing_key)
            writer = RegistryWriter(session, log, instance.clock.now(), _ACTOR)
            for kind, record in _records(until):
                change = compare(kind, "bench", None, record)
                if change is not None:
                    writer.write(change)
        with instance.ledger.store.transaction() as tx:
            tx.limit(AccountId(AccountKind.LINEAGE, _DATASET), _LIMIT)
    finally:
        instance.close()


def _records(until: Any) -> list[tuple[str, PolicyModel]]:
    researcher = {"accreditation_expires": until, "trainings": dict.fromkeys(Training, until)}
    variable = Variable(name="person_id", type=VariableType.INTEGER, role=VariableRole.ID)
    pay = Variable(name="pay", type=VariableType.NUMBER, role=VariableRole.SENSITIVE)
    return [
        ("person", Person(username=_OWNER, display_name="Olga", roles=frozenset({Role.DATA_OWNER}))),
        ("person", Person(username=_RESEARCHER, display_name="Rosa", roles=frozenset({Role.RESEARCHER}), **researcher)),
        (
            "dataset",
            Dataset(
                name=_DATASET,
                title="People",
                owner=_OWNER,
                source="people.parquet",
                units=("person_id",),
                variables=(variable, pay),
            ),
        ),
        ("project", Project(slug=_PROJECT, title="Benchmark", members=frozenset({_RESEARCHER}))),
        (
            "approval",
            Approval(
                project=_PROJECT,
                dataset=_DATASET,
                granted_by=_OWNER,
                until=until,
                budget=PrivacyBudget(epsilon=Decimal(1000), delta=Decimal("0.000001")),
            ),
        ),
    ]


def _charged(root: Path, processes: int) -> dict[str, Any]:
    words = [sys.executable, "-P", "-m", "saferoom.hub.bench.privacy_charges", str(root), str(EACH)]
    running = [
        subprocess.Popen([*words, f"p{number}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for number in range(processes)
    ]
    spans = []
    for process in running:
        said, complaint = process.communicate(timeout=_LONGEST_SECONDS)
        if process.returncode != 0:
            raise UnavailableError(f"charges could not be made: {complaint.strip()[-300:]}")
        spans.append(json.loads(said))
    seconds = max(ended for _, ended in spans) - min(started for started, _ in spans)
    return {"charges": processes * EACH, "seconds": seconds, "per_second": processes * EACH / seconds}


def _check(root: Path, charges: int) -> None:
    instance = Instance.open(Home(root))
    try:
        with instance.ledger.store.reading() as tx:
            spent = tx.account(AccountId(AccountKind.LINEAGE, _DATASET)).spent
    finally:
        instance.close()
    if spent != Loss(charges, 0):
        raise UnavailableError("the accounts do not add up to the charges, so there is nothing to measure")


def main(root: Path, number: int, prefix: str) -> None:
    """Make `number` charges of a billionth of rho each, and print when they began and ended."""
    instance = Instance.open(Home(root))
    try:
        ledger = instance.ledger
        for place in range(WARM):
            while not _paid(ledger, _wanted(f"{prefix}-warm-{place}")):
                pass
        started = time.monotonic()
        for place in range(number):
            while not _paid(ledger, _wanted(f"{prefix}-{place}")):
                pass
        ended = time.monotonic()
    finally:
        instance.close()
    sys.stdout.write(json.dumps([started, ended]) + "\n")


def _wanted(key: str) -> Wanted:
    nothing = sha256(b"")
    return Wanted(key, _PROJECT, _RESEARCHER, nothing, nothing, {_DATASET: "1"}, Loss(1, 0))


def _paid(ledger: Ledger, wanted: Wanted) -> bool:
    """Charge; where others kept the database for too long, say so, and the same key is sent again."""
    try:
        ledger.charge(wanted)
    except UnavailableError:
        return False
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
