"""The release bundle: one ZIP file with everything that leaves, and nothing else.

Vocabulary
----------
item
    One output with its files, its evaluation and the rules it was judged by.
SDC record
    ``sdc-record.json``: what was asked, by which rules it was judged, what they said and who looked at it (roles,
    never names), from which versions of which datasets. No disclosive evidence.
manifest
    The digest and size of every other file, signed as the payload of ``envelope.dsse.json``. The public key is never
    in the bundle: whoever verifies it must have it from elsewhere.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from saferoom import __version__
from saferoom.clock import isoformat
from saferoom.digests import canonical, sha256
from saferoom.disclosure.privacy.certificate import Processing
from saferoom.disclosure.verdict import Finding
from saferoom.errors import IntegrityError
from saferoom.projects.airlock import certificates
from saferoom.projects.airlock.crate import metadata
from saferoom.projects.airlock.evaluations import Judgement, rules_document
from saferoom.projects.airlock.files import FileJudgement
from saferoom.projects.airlock.layout import (
    CRATE,
    ENVELOPE,
    MANIFEST_TYPE,
    MANIFEST_VERSION,
    SDC_RECORD,
    SDC_RECORD_VERSION,
    output_path,
)
from saferoom.projects.airlock.model import Approval, EvaluationRecord, Lane, Output, Request, UploadedFile
from saferoom.projects.airlock.render import archive_of
from saferoom.projects.airlock.review import counting
from saferoom.projects.ledger.model import Paid
from saferoom.signing import SigningKey


@dataclass(frozen=True)
class Item:
    """One output and the bytes that leave with it.

    Attributes
    ----------
    judgement : Judgement or None
        The declared statistic that it is, or whose numbers it holds; None for a file of which nothing is known.
    file : FileJudgement or None
        What was found in it; None for a declared statistic.
    paid : Paid or None
        What an output with differential privacy was paid by; it leaves with a certificate.
    processing : Processing or None
        What was done to its table after it was drawn.
    """

    output: Output
    record: EvaluationRecord
    judgement: Judgement | None
    file: FileJudgement | None
    files: tuple[tuple[str, bytes], ...]
    """Each with the suffix of its name, in the order of the suffixes."""
    paid: Paid | None = None
    processing: Processing | None = None

    def paths(self) -> list[tuple[str, bytes]]:
        """Return each file with its path in the bundle."""
        return [(output_path(self.output.position, suffix), data) for suffix, data in self.files]


@dataclass(frozen=True)
class Contents:
    """Everything a bundle is made from; the same contents make the same bytes."""

    request: Request
    approval: Approval
    items: tuple[Item, ...]


def build(contents: Contents, key: SigningKey) -> bytes:
    """Return the bundle: files in a fixed order, with fixed times, under a signature."""
    files: list[tuple[str, bytes]] = []
    for item in contents.items:
        files += item.paths()
    files.append((SDC_RECORD, canonical(sdc_record(contents, key))))
    files.append((CRATE, canonical(metadata(_description(contents), files))))
    envelope = key.seal_json(_manifest(contents, files), MANIFEST_TYPE)
    return archive_of([*files, (ENVELOPE, canonical(envelope))])


def sdc_record(contents: Contents, key: SigningKey) -> dict[str, Any]:
    """Return the machine-readable record of how the outputs were checked; certificates in it are signed with `key`."""
    request = contents.request
    record: dict[str, Any] = {
        "version": SDC_RECORD_VERSION,
        "release": contents.approval.release,
        "project": request.project,
        "approved_at": isoformat(contents.approval.at),
        "route": "automatic" if request.automatic else "output-checkers",
        "checkers": _checkers(request),
        "datasets": [{"name": dataset.name, "version": dataset.version} for dataset in request.datasets],
        "outputs": [{**_output(item), **_privacy(contents, item, key)} for item in contents.items],
        "software": {"name": "saferoom", "version": __version__},
        "audit": {"link": contents.approval.link_seq, "digest": contents.approval.link_digest},
    }
    if not request.automatic:
        # A person has seen and approved these words; in the automatic route they stay inside.
        record |= _words(request)
    if request.sign_off:
        record["signed_off"] = [{"role": "data-owner", "dataset": name} for name in request.sign_off]
    return record


def _words(request: Request) -> dict[str, Any]:
    if len(request.groups) == 1 and not request.groups[0].name:
        return {"words": {"title": request.title, "context": request.context, "controls": request.controls}}
    groups = [
        {
            "name": group.name,
            "context": group.context,
            "controls": group.controls,
            "outputs": [output.position for output in request.outputs_of(number)],
        }
        for number, group in enumerate(request.groups, start=1)
    ]
    return {"words": {"title": request.title}, "groups": groups}


def _checkers(request: Request) -> list[dict[str, Any]]:
    votes = Counter((vote.by, vote.choice.value) for vote in counting(request).values())
    people = sorted({by for by, _ in votes})
    return [
        {"role": "output-checker", "votes": {choice: votes[by, choice] for who, choice in sorted(votes) if who == by}}
        for by in people
    ]


def _output(item: Item) -> dict[str, Any]:
    described: dict[str, Any] = {
        "position": item.output.position,
        "title": item.output.title,
        "lane": item.output.lane.value,
        "files": [{"path": path, "sha256": sha256(data)} for path, data in item.paths()],
        "verdict": item.record.verdict.value,
        "judged_at": isoformat(item.record.created_at),
    }
    if item.output.lane is Lane.RECORDS:
        described["record_plan"] = _record_plan(item)
    elif item.judgement is not None:
        described["query"] = dict(item.judgement.evaluation.canonical)
    if item.record.file is not None:
        described["file"] = _file(item.record.file)
    return {**described, **_judged(item)}


def _record_plan(item: Item) -> dict[str, Any]:
    """Return the plan that a record-level file was made by and what holds of the file; nothing of the data before."""
    by = item.record.file.by_plan if item.record.file is not None else None
    if by is None or item.file is None or item.file.records is None:
        raise IntegrityError(f"output {item.output.position} was made by no record plan; nothing is released")
    plan = item.file.records["plan"]
    if sha256(canonical(plan)) != by.plan:
        raise IntegrityError(f"output {item.output.position} was made by another record plan; nothing is released")
    version = next(one.version for one in item.record.datasets if one.name == by.dataset)
    named = {"name": by.name, "dataset": by.dataset, "version": version, "digest": by.plan, "plan": plan}
    return {**named, "draws": by.draws, **item.file.records["public"]}


def _privacy(contents: Contents, item: Item, key: SigningKey) -> dict[str, Any]:
    """Return the certificate of an output with differential privacy, or what else is known of its noise."""
    said = item.judgement.evaluation.privacy if item.judgement is not None else None
    if item.output.lane is not Lane.PRIVACY:
        return {} if said is None or item.file is not None else {"privacy": {"label": said["label"]}}
    if item.judgement is None or item.paid is None:
        raise IntegrityError(f"nobody paid for the noise of output {item.output.position}; nothing is released")
    about = certificates.About(
        release=contents.approval.release,
        project=contents.request.project,
        output=item.output.position,
        files={suffix: sha256(data) for suffix, data in item.files},
        policy=item.record.rules,
    )
    made = certificates.of(about, item.judgement.evaluation, item.paid, item.processing)
    return {"certificate": certificates.seal(made, key)}


def _judged(item: Item) -> dict[str, Any]:
    """Return what the rules said of an output, and which rules; what was found in a file counts before its query."""
    if item.file is not None:
        findings, rules, origins = item.file.report.findings, item.file.rules, item.file.origins
    elif item.judgement is not None:
        found = item.judgement
        findings, rules, origins = found.evaluation.findings, found.rules, found.origins
    else:
        raise IntegrityError(f"nothing is known of output {item.output.position}; nothing is released")
    return {
        "findings": [_finding(finding) for finding in findings],
        "rules": rules_document(rules),
        "rules_from": dict(origins),
    }


def _file(file: UploadedFile) -> dict[str, Any]:
    """Return what a file was when it was screened; a picture leaves drawn anew, so its digest is another."""
    return {"name": file.name, "type": file.type, "size": file.size, "sha256": file.content}


def _finding(finding: Finding) -> dict[str, Any]:
    """Return which rule bit and how often; which cells, and why, is evidence and stays inside."""
    return {
        "rule": finding.rule,
        "risk": finding.risk.value,
        "severity": finding.severity.value,
        "cells": len(finding.cells),
    }


def _description(contents: Contents) -> dict[str, str]:
    request = contents.request
    titles = "; ".join(item.output.title for item in contents.items)
    return {
        "identifier": contents.approval.release,
        "name": titles if request.automatic else request.title,
        "description": titles,
        "project": request.project,
        "published": isoformat(contents.approval.at),
        "software": __version__,
    }


def _manifest(contents: Contents, files: list[tuple[str, bytes]]) -> dict[str, Any]:
    return {
        "version": MANIFEST_VERSION,
        "release": contents.approval.release,
        "project": contents.request.project,
        "approved_at": isoformat(contents.approval.at),
        "files": [{"path": path, "sha256": sha256(data), "size": len(data)} for path, data in files],
    }
