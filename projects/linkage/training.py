"""The model's probabilities, from the data alone: u by counting pairs, m by Splink's expectation-maximisation.

No pair needs a label. How many pairs match is first reckoned from three independent keys, as animals are counted by
recapture: if `a_i` is the share of matches that key i finds, pairs that two keys find number `n_ij = M a_i a_j`, and
`M = n_12 n_13 n_23 / n_123^2`. u of full agreement is counted over all pairs (blocks' sizes multiplied), u of the other
levels over a random sample; what the matches themselves add is taken off. Then, for each key, Splink trains m of the
other fields on the pairs that share it (Winkler 1988; Fellegi and Sunter 1969). With too few matches to train, the
fallback probabilities of `comparisons` hold, and the result says so.
"""

from __future__ import annotations

import contextlib
import logging
import warnings as python_warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from saferoom.projects.linkage.comparisons import (
    EXCHANGED,
    Comparison,
    comparisons,
    fallback,
    splink_comparison,
)
from saferoom.projects.linkage.counting import Counting
from saferoom.projects.linkage.plan import FieldKind, LinkPlan

if TYPE_CHECKING:
    import duckdb

Values = Mapping[str, Mapping[str, tuple[float, float]]]
"""Comparison's name -> level's label -> m and u."""

_FEWEST_MATCHES = 50
"""Expected matches below which nothing is trained."""
_FEWEST_RECORDS_FOR_FREQUENCIES = 1_000
_PRIOR_PAIRS = 50.0
"""Weight of a fallback u, in pairs."""
_PRIOR_MATCHES = 20.0
"""Weight of a fallback m, in matches."""
_MOST_EM_PAIRS = 400_000
_MOST_SHARING, _SHARING_PER_RECORD = 50_000_000, 100
"""Pairs that a training key may make: so many altogether, or for each record where that is more."""
_LEAST = 1e-9
_FEWER_STEPS = (8, 3)
"""Of expectation maximisation, where the usual number ends in a probability that no number holds."""


@dataclass(frozen=True)
class Trained:
    """A model's probabilities.

    Parameters
    ----------
    prior : float
        Probability that a random pair matches.
    """

    values: Values
    prior: float
    frequencies: bool
    trained: bool
    warnings: tuple[str, ...] = field(default=())
    relatives: Mapping[str, float] = field(default_factory=dict)
    """Kind of relatives -> probability that a random pair is of it, where that is known beforehand."""
    moving: Mapping[int, float] = field(default_factory=dict)
    """Pattern of what changes together -> bits, where that is known beforehand."""


@contextlib.contextmanager
def quiet_splink() -> Iterator[None]:
    """Keep Splink from talking: its messages are for a person at a prompt, and some name what is in the data."""
    logger = logging.getLogger("splink")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with python_warnings.catch_warnings():
            python_warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def settings_of(plan: LinkPlan, trained: Trained, compared: Sequence[Comparison] | None = None) -> dict[str, Any]:
    """Return the Splink settings of a trained model; records have one number over all sources (`id`)."""
    made = compared if compared is not None else comparisons(plan)
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "id",
        "comparisons": [splink_comparison(c, trained.values[c.name], trained.frequencies) for c in made],
        "blocking_rules_to_generate_predictions": [],
        "probability_two_random_records_match": trained.prior,
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": True,
        "max_iterations": 20,
        "em_convergence": 0.001,
        "linker_uid": "saferoom",
    }


def train(connection: duckdb.DuckDBPyConnection, table: str, plan: LinkPlan, sizes: Sequence[int]) -> Trained:
    """Train a model on the prepared records in `table`.

    Parameters
    ----------
    sizes : sequence of int
        Records by source.
    """
    counting = Counting(connection, table, plan, sizes)
    keys = counting.training_keys()
    matches = counting.matches()
    compared = comparisons(plan)
    values = {c.name: _with_u(c, counting, matches) for c in compared}
    prior = min(max(matches, 0.5) / max(counting.total, 1), 0.5)
    frequencies = plan.term_frequencies and sum(sizes) >= _FEWEST_RECORDS_FOR_FREQUENCIES
    start = Trained(values, prior, frequencies, trained=False)
    if matches < _FEWEST_MATCHES or not keys:
        said = "too few records are found to match to train on; agreement was weighed by fixed probabilities"
        return Trained(values, prior, frequencies, trained=False, warnings=(said,))
    trained = _expectation_maximisation(connection, table, plan, start, counting, keys)
    _count_exchanged(trained, compared, counting, matches)
    untrained = [c.field for c in compared if c.name not in trained]
    for c in compared:
        if c.name in trained:
            values[c.name] = _with_m(c, values[c.name], trained[c.name], matches)
    said_of = tuple(
        f"the field '{column}' could not be trained on; fixed probabilities were used" for column in untrained
    )
    return Trained(values, prior, frequencies, trained=True, warnings=said_of)


def _with_u(comparison: Comparison, counting: Counting, matches: float) -> dict[str, tuple[float, float]]:
    """Return m and u of each level: m the fallback, u counted; the matches among the pairs are taken off."""
    start = fallback(comparison)
    sampled = counting.sampled()[comparison.name]
    labels = list(start)
    size = sum(n for level, n in sampled.items() if level >= 0)
    among = matches / max(counting.total, 1) * size
    counts = {}
    for i, label in enumerate(labels):
        found = sampled.get(len(labels) - 1 - i, 0) - start[label][0] * among
        counts[label] = max(found, 0.0)
    rates = {
        label: (counts[label] + _PRIOR_PAIRS * start[label][1]) / (sum(counts.values()) + _PRIOR_PAIRS)
        for label in labels
    }
    comparable = counting.comparable(comparison.name)
    if comparable:
        there = comparable / max(counting.total, 1)
        same = max(counting.sharing([comparison.name]) - start["same"][0] * matches * there, 0.0)
        rates["same"] = (same + _PRIOR_PAIRS * start["same"][1]) / (comparable + _PRIOR_PAIRS)
    whole = sum(rates.values())
    return {label: (start[label][0], _rounded(max(rates[label] / whole, _LEAST))) for label in labels}


def _count_exchanged(
    trained: dict[str, dict[str, float]], compared: Sequence[Comparison], counting: Counting, matches: float
) -> None:
    """Count how often names stand the other way round, which no key with a name in it can train."""
    given = next((c for c in compared if any(level.label == EXCHANGED for level in c.levels)), None)
    if given is None or given.name not in trained:
        return
    surname, date = counting.first(FieldKind.SURNAME)[0], counting.first(FieldKind.DATE)
    other = date or counting.first(FieldKind.ADDRESS) or counting.first(FieldKind.POSTCODE)
    if not other:
        return
    straight = counting.sharing([given.name, surname, *other])
    either = counting.sharing([f"least({given.name}, {surname})", f"greatest({given.name}, {surname})", *other])
    levels = trained[given.name]
    same = levels.get("same", 0.0)
    levels[EXCHANGED] = same * (either - straight) / straight if straight else min(1.0, (either - straight) / matches)


def _with_m(
    comparison: Comparison, values: Mapping[str, tuple[float, float]], trained: Mapping[str, float], matches: float
) -> dict[str, tuple[float, float]]:
    start = fallback(comparison)
    rates = {
        label: (trained.get(label, 0.0) * matches + _PRIOR_MATCHES * start[label][0]) / (matches + _PRIOR_MATCHES)
        for label in values
    }
    whole = sum(rates.values())
    return {label: (_rounded(rates[label] / whole), u) for label, (_, u) in values.items()}


def _rounded(rate: float) -> float:
    """Return `rate` without the last digits, in which runs differ."""
    return float(f"{rate:.9g}")


def _expectation_maximisation(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    plan: LinkPlan,
    start: Trained,
    counting: Counting,
    keys: Sequence[Sequence[str]],
) -> dict[str, dict[str, float]]:
    """Return comparison's name -> level's label -> m, from the first key that could train it."""
    from splink.internals.exceptions import EMTrainingException

    found: dict[str, dict[str, float]] = {}
    settings = settings_of(plan, start)
    with linker_on(connection, table, settings) as linker:
        for key in keys:
            pairs = counting.sharing(key)
            # Splink counts a key's pairs one by one; a key that nearly everybody shares tells nothing of matches.
            if not pairs or pairs > max(_MOST_SHARING, _SHARING_PER_RECORD * sum(counting.sizes)):
                continue
            rule = " and ".join([*(f"l.{column} = r.{column}" for column in key), *_conditions(plan, counting, key)])
            options: dict[str, Any] = (
                {"max_pairs": _MOST_EM_PAIRS, "record_sample_proportion": 1.0} if pairs > 2 * _MOST_EM_PAIRS else {}
            )
            try:
                session = _session(linker, rule, options) or _shorter(connection, table, settings, rule, options)
            except EMTrainingException:
                # No pair is left of the key, or no field to train: the next key may do, or fallbacks hold.
                continue
            if session is None:
                continue
            for comparison in session.core_model_settings.comparisons:
                levels = {
                    level.label_for_charts: float(level.m_probability)
                    for level in comparison.comparison_levels
                    if not level.is_null_level and isinstance(level.m_probability, float)
                }
                found.setdefault(comparison.output_column_name, levels)
    return found


def _session(linker: Any, rule: str, options: Mapping[str, Any]) -> Any:
    """Return a training session, None where a level's m fell below what Splink keeps of a number.

    That is so of levels that no match is on, such as codes of two places that are alike, which are never one place.
    """
    try:
        return linker.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True, fix_u_probabilities=True, **options
        )
    except ValueError:
        return None


def _shorter(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    settings: Mapping[str, Any],
    rule: str,
    options: Mapping[str, Any],
) -> Any:
    """Return a session of fewer steps, after which such an m is small and a number yet; None where there is none."""
    for steps in _FEWER_STEPS:
        with linker_on(connection, table, {**settings, "max_iterations": steps}) as linker:
            session = _session(linker, rule, options)
        if session is not None:
            return session
    return None


def _conditions(plan: LinkPlan, counting: Counting, key: Sequence[str]) -> list[str]:
    """Return what pairs of a key must fulfil besides sharing it.

    A father and a son of one name at one address share a key of names and place. Mostly each of them also has a record
    with his own date on the other side, so a pair whose dates differ counts only where neither has.
    """
    found = [] if counting.dedupe else ["l.src < r.src"]
    dates = counting.first(FieldKind.DATE)
    if dates and not set(key) & {*dates, *(counting.names[c] for c in plan.of_kind(FieldKind.ID))}:
        date = dates[0]
        found.append(f"(l.{date}_again = r.{date}_again or not (l.found_again or r.found_again))")
    return found


@contextlib.contextmanager
def linker_on(connection: duckdb.DuckDBPyConnection, table: str, settings: dict[str, Any]) -> Iterator[Any]:
    """Open a Splink linker on the prepared records in `table`; what it made is dropped afterwards."""
    from splink import DuckDBAPI, Linker

    with quiet_splink():
        api = DuckDBAPI(connection=connection)
        before = set(_tables(connection))
        try:
            yield Linker(api.register(table), settings, log_level=None, validate_settings=False)
        finally:
            for name, kind in _tables(connection).items():
                if name not in before and name.startswith("__splink__"):
                    connection.execute(f'drop {"view" if kind == "VIEW" else "table"} if exists "{name}"')


def _tables(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    rows = connection.execute("select table_name, table_type from information_schema.tables").fetchall()
    return dict(rows)
