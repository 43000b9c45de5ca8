"""The risk report of a file of records: every measure that was asked for, as `saferoom risk --json` prints it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.keys import Codes, Keys
from saferoom.disclosure.microdata.patterns import Patterns, Values, patterns
from saferoom.disclosure.microdata.risk.anonymity import below_by_subset
from saferoom.disclosure.microdata.risk.asked import Asked
from saferoom.disclosure.microdata.risk.classes import class_values
from saferoom.disclosure.microdata.risk.diversity import closeness, diversity
from saferoom.disclosure.microdata.risk.explaining import Special, special_uniques
from saferoom.disclosure.microdata.risk.frequencies import Frequencies, frequencies, with_population
from saferoom.disclosure.microdata.risk.globally import GlobalRisk, global_risk, named_model
from saferoom.disclosure.microdata.risk.households import household_places, household_risk
from saferoom.disclosure.microdata.risk.individual import individual
from saferoom.disclosure.microdata.risk.perturbed import PerturbedRisk
from saferoom.disclosure.microdata.risk.suda import Suda, suda

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame


@dataclass(frozen=True)
class Population:
    """Counts of people of the population per key: a table, and its column of counts (None: one row per person)."""

    counts: Frame
    count: str | None = None


@dataclass(frozen=True)
class SensitiveRisk:
    """How diverse a sensitive variable still is where keys agree.

    Attributes
    ----------
    distinct, entropy, recursive : float
        The least l over all keys.
    closeness : float
        The largest t over all keys.
    disclosed : int
        Records that share their key only with records of the same value.
    """

    distinct: int
    entropy: float
    recursive: int
    closeness: float
    disclosed: int


@dataclass(frozen=True)
class RiskReport:
    """What a file of records would disclose.

    Attributes
    ----------
    basis : str
        Where population frequencies come from: "weights", "population counts", or "records" (the file is taken to be
        the population).
    risks : ndarray of float, shape (u,), probability
        Individual risk per pattern.
    household_risks : ndarray of float, shape (n,), probability, or None
    subsets : mapping of key variables to a mapping of k to int
        Records below k on fewer key variables.
    """

    asked: Asked
    basis: str
    frequencies: Frequencies
    risks: Values
    household_risks: Values | None
    suda: Suda
    levels: Mapping[str, Mapping[str, float]]
    sensitive: Mapping[str, SensitiveRisk]
    model: GlobalRisk | None
    specials: tuple[Special, ...]
    perturbed: PerturbedRisk | None = None
    subsets: Mapping[tuple[str, ...], Mapping[int, int]] = field(default_factory=dict)

    @property
    def records(self) -> int:
        """The number of records."""
        return self.frequencies.patterns.records

    @property
    def expected(self) -> float:
        """Expected number of re-identifications: the sum of the records' risks."""
        return float(self.risks @ self.frequencies.patterns.counts)

    @property
    def household_expected(self) -> float | None:
        """The same when who is found finds the household."""
        return None if self.household_risks is None else float(self.household_risks.sum())

    def document(self) -> dict[str, Any]:
        """Return the report as JSON holds it; shares and percentages say so in their names."""
        expected, household = self.expected, self.household_expected
        return {
            "records": self.records,
            "keys": list(self.asked.keys),
            "distinct_keys": len(self.frequencies.patterns),
            "basis": self.basis,
            "sample_uniques": self.frequencies.uniques,
            "below_k": {str(k): self.frequencies.records_below(k) for k in self.asked.all_ks},
            "subsets": [
                {"keys": list(names), "below_k": {str(k): below for k, below in found.items()}}
                for names, found in self.subsets.items()
            ],
            "expected_reidentifications": expected,
            "global_risk_percent": 100.0 * expected / self.records,
            "household_expected_reidentifications": household,
            "household_global_risk_percent": None if household is None else 100.0 * household / self.records,
            "max_household_risk": None if self.household_risks is None else float(self.household_risks.max()),
            "max_risk": float(self.risks.max()),
            "suda": self._suda(),
            "sensitive": {name: asdict(one) for name, one in self.sensitive.items()},
            "model": self._model(),
            "perturbed": None if self.perturbed is None else asdict(self.perturbed),
            "special_uniques": [asdict(one) for one in self.specials],
        }

    def counted(self) -> dict[str, Any]:
        """Return the report without the categories and records that it names, for what travels or is kept."""
        document = self.document()
        del document["special_uniques"], document["suda"]["level_contribution_percent"]
        return document

    def _suda(self) -> dict[str, Any]:
        names = self.asked.keys
        return {
            "sum": self.suda.total,
            "max": float(self.suda.score.max(initial=0.0)),
            "dis_sum": float(self.suda.dis.sum()),
            "dis_max": float(self.suda.dis.max(initial=0.0)),
            "dis_fraction": self.asked.fraction,
            "largest_set": self.suda.uniques.most,
            "records": int((self.suda.score > 0).sum()),
            "contribution_percent": dict(zip(names, self.suda.by_variable().tolist(), strict=True)),
            "level_contribution_percent": {name: dict(levels) for name, levels in self.levels.items()},
        }

    def _model(self) -> dict[str, Any] | None:
        if self.model is None:
            return None
        return {
            "terms": self.model.model(self.asked.keys),
            "sampling_fraction": self.model.fraction,
            "population_uniques": self.model.tau1,
            "expected_matches": self.model.tau2,
            "fit": [self.model.fit1, self.model.fit2],
            "uniques": self.model.uniques,
            "left_out": self.model.left_out,
        }


def assess(frame: Frame, asked: Asked, population: Population | None = None, *, protected: bool = False) -> RiskReport:
    """Return the risk report of a table of records.

    Parameters
    ----------
    protected : bool
        True after protection, which may have taken every value of a column away.

    Raises
    ------
    BadInputError
        With the column, for names that are not there, columns without a value, weights that are not above zero, a
        group size larger than the file.
    """
    asked.check_columns(columns.names_of(frame))
    keys = Keys.of(frame, asked.keys)
    if not protected:
        keys.check_not_empty()
    weights = None if asked.weight is None else columns.weights(frame, asked.weight)
    places = None
    if asked.household is not None:
        ids = Keys.of(frame, [asked.household], "household")
        ids.check_not_empty("household")
        places = household_places(ids)
    sensitive = {name: Keys.of(frame, [name], "sensitive") for name in asked.sensitive}
    for one in sensitive.values() if not protected else ():
        one.check_not_empty("sensitive")
    report = assess_patterns(keys, patterns(keys, weights), asked, population)
    counted = report.frequencies
    return replace(
        report,
        household_risks=None if places is None else household_risk(counted.per_record(report.risks), places),
        sensitive={name: sensitive_risk(keys, counted.patterns, one, asked.c) for name, one in sensitive.items()},
    )


def assess_patterns(keys: Keys, found: Patterns, asked: Asked, population: Population | None = None) -> RiskReport:
    """Return what of the report needs no single records, so that they may have been counted outside of memory."""
    for k in asked.ks:
        columns.check_k(k, found.records)
    counted = frequencies(found, keys.sizes, asked.alpha)
    if population is not None:
        counted = with_population(counted, keys, population.counts, population.count, "population")
    risks = individual(counted, asked.method)
    scored = suda(keys, found, most=asked.largest_tried, fraction=asked.fraction)
    levels = {
        name: {text: share for text, share in zip(keys.texts(name), shares.tolist(), strict=True) if share > 0}
        for name, shares in zip(keys.names, scored.by_level(keys.sizes), strict=True)
    }
    return RiskReport(
        asked=asked,
        basis="population counts" if population is not None else "records" if asked.weight is None else "weights",
        frequencies=counted,
        risks=risks,
        household_risks=None,
        suda=scored,
        levels=levels,
        sensitive={},
        model=None if asked.model == "none" else global_risk(keys, found, named_model(asked.model, len(keys.names))),
        specials=tuple(special_uniques(keys, found, scored, risks, asked.explain)),
        subsets={names: _below(keys, found, names, asked) for names in asked.subsets},
    )


def _below(keys: Keys, found: Patterns, names: tuple[str, ...], asked: Asked) -> dict[int, int]:
    there = [k for k in asked.all_ks if k <= found.records]
    return {k: below_by_subset(keys, k, [names], asked.alpha, found)[names] for k in there}


def sensitive_risk(
    keys: Keys, found: Patterns, sensitive: Keys, c: float, fitting: Codes | None = None
) -> SensitiveRisk:
    """Return how diverse one sensitive variable is within keys; `fitting` as in `class_values`."""
    values = class_values(keys, found, sensitive, fitting)
    diverse = diversity(values, c)
    told = diverse.distinct > 0
    ordered = bool(np.issubdtype(sensitive.categories[0].dtype, np.number))
    return SensitiveRisk(
        distinct=int(diverse.distinct[told].min(initial=len(sensitive.categories[0]))),
        entropy=float(diverse.entropy[told].min(initial=len(sensitive.categories[0]))),
        recursive=int(diverse.recursive[told].min(initial=len(sensitive.categories[0]))),
        closeness=float(closeness(values, ordered=ordered).max()),
        disclosed=int(found.counts[diverse.distinct == 1].sum()),
    )
