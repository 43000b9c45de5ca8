"""Declared outputs in ACRO's schema, for tools that read it (ACRO 1.0.2's ``load_records``, the SACRO viewer)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saferoom.digests import sha256
from saferoom.disclosure.queries.forms import Statistic
from saferoom.disclosure.queries.model import Query
from saferoom.disclosure.verdict import Finding, Risk, Table, Verdict
from saferoom.policies.models import RiskAppetite

SCHEMA = "1.0.2"
"""The version of ACRO whose schema is written; that version reads no other."""
_CONTEXT = "https://w3id.org/statbarnsdc#"
_STATBARNS: Mapping[str, tuple[Statistic, ...]] = {
    "Frequencies": (Statistic.FREQUENCY, Statistic.HISTOGRAM, Statistic.HEXBIN, Statistic.TRANSITION),
    "LinearAggregations": (Statistic.SUM, Statistic.MEAN, Statistic.RATIO),
    "Position": (Statistic.MEDIAN, Statistic.QUANTILE, Statistic.IQR, Statistic.BOX),
    "Endpoints": (Statistic.MIN, Statistic.MAX, Statistic.RANGE),
    "Mode": (Statistic.MODE,),
    "Shape": (Statistic.STD, Statistic.VARIANCE, Statistic.SKEWNESS, Statistic.KURTOSIS),
    "NonLinearConcentrationRatios": (Statistic.CONCENTRATION,),
    "GiniCoefficient": (Statistic.GINI,),
    "CalculatedRatios": (Statistic.ODDS_RATIO, Statistic.RISK_RATIO, Statistic.RATE_RATIO),
    "CorrelationCoefficients": (
        Statistic.CORRELATION,
        Statistic.COVARIANCE,
        Statistic.REGRESSION,
        Statistic.MOBILITY,
    ),
    "StatisticalHypothesisTests": (Statistic.TEST,),
    "HazardSurvivalTables": (Statistic.SURVIVAL,),
}
_RISKS = {
    Risk.LOW_COUNT: "LowCount",
    Risk.CLASS_DISCLOSURE: "ClassDisclosure",
    Risk.DOMINANCE: "Dominance",
    Risk.DIFFERENCING: "Differencing",
    Risk.LOW_DEGREES_OF_FREEDOM: "LowDOF",
    Risk.IMPLICIT_TABLE: "ImplicitTables",
    Risk.AUXILIARY_INFORMATION: "AuxiliaryInformation",
}
_CHECKS = {
    "threshold": "MinimumThresholdCheck",
    "dominance": "NKCheck",
    "p-percent": "PPercentCheck",
    "degrees-of-freedom": "MinimumDoFCheck",
    "differencing": "PresenceOfLinkedTableCheck",
    "empty-class": "PresenceOfZeroCheck",
}


@dataclass(frozen=True)
class Declared:
    """One declared output: its query, the table that may leave, and the findings on it."""

    query: Query
    table: Table
    verdict: Verdict
    findings: tuple[Finding, ...]
    title: str


def write_session(outputs: Sequence[Declared], policy: RiskAppetite, at: str) -> dict[str, bytes]:
    """Return the files of a finalised session by name, checksums included.

    Parameters
    ----------
    at : str
        The time that is written into the records, ISO 8601.
    """
    files: dict[str, bytes] = {}
    results = {}
    for number, output in enumerate(outputs):
        uid, name = f"output_{number}", f"output_{number}_0.csv"
        files[name] = _csv(output.table)
        results[uid] = _record(uid, name, output, at)
    tool = {"@type": "SoftwareApplication", "name": "Saferoom"}
    files["results.json"] = _json({"version": SCHEMA, "tool": tool, "results": results})
    files["config.json"] = _json(_config(policy))
    checksums = {f"checksums/{name}.txt": sha256(data).encode() for name, data in files.items()}
    return {**files, **checksums}


def statbarn_of(statistic: Statistic) -> str:
    """Return the field's name for the group of statistics, as ACRO writes it.

    >>> statbarn_of(Statistic.MEDIAN)
    'Position'
    """
    return next(name for name, members in _STATBARNS.items() if statistic in members)


def _record(uid: str, name: str, output: Declared, at: str) -> dict[str, Any]:
    query = output.query
    cells = _cells(output)
    checks = sorted({_check(finding) for finding in output.findings})
    return {
        "uid": uid,
        "status": output.verdict.value,
        "type": "regression" if query.statistic is Statistic.REGRESSION else "table",
        "properties": {"method": query.statistic.value, "mitigation": query.protect.method.value},
        "files": [{"name": name, "sdc": {"summary": {c: len(cells[c]) for c in checks}, "cells": cells}}],
        "outcome": _outcome(output, cells),
        "command": json.dumps(query.document(), sort_keys=True),
        "summary": f"{output.title}: {output.verdict.value}",
        "timestamp": at,
        "comments": [finding.message for finding in output.findings],
        "exception": "",
        "fair": {
            "context": _CONTEXT,
            "statbarn": statbarn_of(query.statistic),
            "risks": sorted({_RISKS[f.risk] for f in output.findings if f.risk in _RISKS}),
            "checks_needed": checks,
            "check_status": {
                check: Verdict.worst(f.severity for f in output.findings if _check(f) == check).value
                for check in checks
            },
            "dependent": query.measure or "unknown",
            "independent": list(query.by),
        },
    }


def _check(finding: Finding) -> str:
    return _CHECKS.get(finding.rule, finding.rule)


def _cells(output: Declared) -> dict[str, list[list[int]]]:
    """Return, per check, row and column of the numbers concerned: every number of a row that a finding names."""
    dimensions = len(output.query.by)
    values = range(len(output.table.columns) - dimensions)
    found: dict[str, list[list[int]]] = {}
    for finding in output.findings:
        named = set(finding.cells)
        rows = [r for r, row in enumerate(output.table.rows) if tuple(row[:dimensions]) in named]
        found.setdefault(_check(finding), []).extend([r, c] for r in rows for c in values)
    return found


def _outcome(output: Declared, cells: Mapping[str, list[list[int]]]) -> dict[str, dict[str, str]]:
    """Return, per column and row, ``ok`` or the checks that it did not pass."""
    dimensions = len(output.query.by)
    marks: dict[tuple[int, int], str] = {}
    for check, places in cells.items():
        for row, column in places:
            marks[row, column] = f"{marks.get((row, column), '')}{check}; "
    return {
        column: {str(r): marks.get((r, c), "ok") for r in range(len(output.table.rows))}
        for c, column in enumerate(output.table.columns[dimensions:])
    }


def _config(policy: RiskAppetite) -> dict[str, Any]:
    pairs = {rule.n: rule.share_fraction for rule in policy.dominance}
    n = max(pairs, default=2)
    return {
        "safe_threshold": policy.threshold_units,
        "safe_dof_threshold": policy.residual_degrees_of_freedom,
        "safe_nk_n": n,
        "safe_nk_k": pairs.get(n, 0.9),
        "safe_pratio_p": policy.p_percent / 100,
        "check_missing_values": False,
        "survival_safe_threshold": policy.threshold_units,
        "zeros_are_disclosive": True,
        "safe_round_base": policy.rounding_base,
    }


def _csv(table: Table) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows)
    return text.getvalue().encode()


def _json(document: object) -> bytes:
    return json.dumps(document, indent=2, ensure_ascii=False).encode()
