"""Verifies the certificates of outputs with differential privacy: a release's record and a trusted key in, no data.

A signature says who made a release, not that it keeps its promise. So what every certificate states is held against
its own plan, against the record, and against the other outputs: a release made wrongly is found as a forged one is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saferoom.digests import canonical, sha256
from saferoom.disclosure.privacy.certificate import NOISE_INFUSED, Certificate, Processing, digest_of
from saferoom.disclosure.privacy.postprocessing import process
from saferoom.disclosure.privacy.processed import Certified as Drawn
from saferoom.disclosure.privacy.processed import Public
from saferoom.disclosure.privacy.step_documents import parse_steps
from saferoom.disclosure.verdict import Label, Table
from saferoom.errors import BadInputError, IntegrityError
from saferoom.projects.airlock import certificates
from saferoom.projects.airlock.layout import SDC_RECORD
from saferoom.projects.airlock.model import Lane
from saferoom.projects.airlock.render import field_of, neutral
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import AccountId, AccountKind
from saferoom.projects.ledger.plans import cost_of
from saferoom.signing import VerifyingKey

_DP = "dp"


@dataclass(frozen=True)
class Certified:
    """An output of a release, as the record describes it, with its certificate."""

    number: int
    described: Mapping[str, Any]
    certificate: Certificate


def signed(record: Mapping[str, Any], key: VerifyingKey) -> tuple[Certified, ...]:
    """Return every certificate in `record`, its signature checked and its losses computed again.

    Raises
    ------
    IntegrityError
        An output with differential privacy has no certificate by `key` that agrees with itself, or another has one.
    """
    return tuple(
        Certified(number, output, _certificate(number, output["certificate"], key))
        for number, output in enumerate(record["outputs"], start=1)
        if _needs(number, output, automatic=record.get("route") == "automatic")
    )


def _needs(number: int, output: Mapping[str, Any], automatic: bool) -> bool:
    """Tell whether an output needs a certificate; raise where what is said of it does not fit together."""
    private, certified = output.get("lane") == Lane.PRIVACY.value, output.get("certificate") is not None
    if private and not certified:
        raise IntegrityError(f"output {number} is called differentially private but has no certificate")
    if certified and not private:
        raise IntegrityError(f"output {number} has a certificate but is not called differentially private")
    if private or not _asked_for_noise(output):
        return private
    if output.get("privacy") != {"label": NOISE_INFUSED}:
        raise IntegrityError(f"output {number} was asked for with differential privacy but has no certificate")
    if automatic:
        raise IntegrityError(f"output {number} is noise-infused only and left without a person; none may")
    return False


def _asked_for_noise(output: Mapping[str, Any]) -> bool:
    query = output.get("query")
    protect = query.get("protect") if isinstance(query, dict) else None
    # The numbers of a file are not those that were asked for: what is known of it is the lane's to say.
    return isinstance(protect, dict) and protect.get("method") == _DP and output.get("file") is None


def _certificate(number: int, envelope: Any, key: VerifyingKey) -> Certificate:
    if not isinstance(envelope, dict):
        raise IntegrityError(f"output {number}: the certificate is not signed")
    try:
        return certificates.check(envelope, key)
    except IntegrityError as error:
        raise IntegrityError(f"output {number}: {error.message}") from error


def check_about(record: Mapping[str, Any], certified: Sequence[Certified]) -> None:
    """Check that each certificate is about the output it is with, byte for byte."""
    datasets = {(one.get("name"), one.get("version")) for one in record.get("datasets", ())}
    for one in certified:
        found = one.certificate
        place = (found.release, found.project, found.output)
        if place != (record["release"], record["project"], one.described.get("position")):
            raise IntegrityError(f"output {one.number}: the certificate is about another output")
        # As a list: of two files with one suffix only one would be certified.
        files = sorted((file["path"].rpartition(".")[2], file["sha256"]) for file in one.described["files"])
        if sorted(found.files.items()) != files:
            raise IntegrityError(f"output {one.number}: the certificate is about other files than those that left")
        if not {(source.name, source.version) for source in found.datasets} <= datasets:
            raise IntegrityError(f"output {one.number}: the certificate names data that the release was not made from")


def check_ledger(record: Mapping[str, Any], certified: Sequence[Certified]) -> None:
    """Check that each output was paid for: its own plan, all it costs, by all it concerns, and before it left."""
    audit = record["audit"]
    for one in certified:
        entry, found = one.certificate.entry, one.certificate
        which = f"output {one.number}: the ledger's entry"
        if entry.plan != found.plan.digest:
            raise IntegrityError(f"{which} is for another plan than the noise was drawn by")
        if not cost_of(found.plan).within(Loss(entry.rho, entry.delta)):
            raise IntegrityError(f"{which} is for less than the plan costs")
        if missing := sorted(_concerned(found) - set(entry.accounts)):
            raise IntegrityError(f"{which} leaves out {missing[0]}")
        if entry.link >= audit["link"] or entry.at > record["approved_at"]:
            raise IntegrityError(f"{which} was written after the release was approved")


def _concerned(found: Certificate) -> set[str]:
    """Return the accounts that a certificate's own words say are concerned, but for data owners."""
    names = {source.name for source in found.datasets}
    kinds = [(AccountKind.PROJECT, found.project)]
    kinds += [(AccountKind.LINEAGE, name) for name in {*names, *found.lineages}]
    kinds += [(AccountKind.APPROVAL, f"{found.project}/{name}") for name in names]
    return {str(AccountId(kind, name)) for kind, name in kinds}


def check_rules(certified: Sequence[Certified]) -> None:
    """Check that each output was drawn by the rules that the record shows: their unit and their bounds."""
    for one in certified:
        rules, plan = one.described.get("rules"), one.certificate.plan
        if not isinstance(rules, dict) or sha256(canonical(rules)) != one.certificate.policy:
            raise IntegrityError(f"output {one.number}: the certificate names other rules than {SDC_RECORD} shows")
        units = rules.get("privacy_units") or [plan.unit]
        if units != [plan.unit]:
            raise IntegrityError(f"output {one.number}: the rules protect another unit of privacy than the noise does")
        given = plan.contributions
        bounds = (rules.get("privacy_rows"), rules.get("privacy_rows_per_cell"), rules.get("privacy_cells"))
        wanted = (given.rows, given.per_cell, given.cells)
        if not all(type(most) is int and used <= most for used, most in zip(wanted, bounds, strict=True)):
            raise IntegrityError(f"output {one.number}: more rows of one unit count than the rules allow")


def check_once(certified: Sequence[Certified]) -> None:
    """Check that one charge paid for one draw, and that this leaves once as it was drawn."""
    drawn: dict[str, str] = {}
    plain: set[str] = set()
    for one in certified:
        charge = one.certificate.entry.charge
        if drawn.setdefault(charge, one.certificate.drawn) != one.certificate.drawn:
            raise IntegrityError(f"output {one.number}: its charge already paid for another draw")
        if one.certificate.processing is None and charge in plain:
            raise IntegrityError(f"output {one.number} was released before, in the same release")
        plain |= {charge} if one.certificate.processing is None else set()


def check_processing(certified: Sequence[Certified], files: Mapping[str, bytes]) -> None:
    """Check that a processed table is what its declared steps make of what was drawn, and is the one that left."""
    for one in certified:
        if one.certificate.processing is None:
            continue
        table = _again(one.number, one.certificate.processing)
        which = f"output {one.number}: the table that left is not what the declared steps make of what was drawn"
        if digest_of(table) != one.certificate.table:
            raise IntegrityError(which)
        for file in one.described["files"]:
            if file["path"].endswith(".csv") and not _holds(files[file["path"]], table):
                raise IntegrityError(which)


def _again(number: int, made: Processing) -> Table:
    try:
        declared, public = parse_steps(made.steps), Public.from_json(made.joined)
        done = process(Drawn(made.drawn, made.labels), declared, public)
    except (BadInputError, TypeError, ValueError, IndexError):
        raise IntegrityError(f"output {number}: its declared steps cannot be done to what was drawn") from None
    if done.used.to_json() != made.joined:
        raise IntegrityError(f"output {number}: more of the catalogue is stated than its declared steps use")
    return done.table


def _holds(data: bytes, table: Table) -> bool:
    """Tell whether a CSV file has the numbers and labels of `table`, however a whole number is written there."""
    try:
        lines = list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))
    except (UnicodeDecodeError, csv.Error):
        return False
    rows = [tuple(neutral(name) for name in table.columns), *table.rows]
    return len(lines) == len(rows) and all(
        len(line) == len(row) and all(_same(text, value) for text, value in zip(line, row, strict=True))
        for line, row in zip(lines, rows, strict=True)
    )


def _same(text: str, value: Label) -> bool:
    if value is None or isinstance(value, bool | str):
        return text == field_of(value)
    try:
        return float(text) == float(value)
    except ValueError:
        return False
