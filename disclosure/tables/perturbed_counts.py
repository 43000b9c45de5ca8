"""Declared counts under controlled and random rounding, cell key, and the ladder for counts."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.queries.model import Method
from saferoom.disclosure.rules.hit import BROADER, SUPPRESS, Hit, hit_if
from saferoom.disclosure.tables.additive import AdditiveTable
from saferoom.disclosure.tables.boxes import Enough
from saferoom.disclosure.tables.canonical import canonical
from saferoom.disclosure.tables.cell_key import Design, transition_table
from saferoom.disclosure.tables.perturbing_frame import Frame
from saferoom.disclosure.tables.perturbing_model import Changed
from saferoom.disclosure.tables.protected import CLASS_RULES
from saferoom.disclosure.tables.rounding import Rounded, controlled, random
from saferoom.disclosure.tables.significant import LEAST_SHOWN, ladder
from saferoom.disclosure.verdict import Risk, Verdict
from saferoom.errors import BadInputError
from saferoom.policies.models import RiskAppetite

_SECONDS = 30.0
_CLOSE = 1e-6
_LEAST_VARIANCE_LEFT = 0.25
"""Share of the policy's variance that must be left after the noise of cells and margins is averaged."""


def perturbed_counts(frame: Frame) -> Changed:
    """Change the counts in the way the query asks for."""
    method = frame.case.plan.query.protect.method
    if method is Method.CONTROLLED_ROUNDING or method is Method.RANDOM_ROUNDING:
        return _rounded(frame)
    if method is Method.CELL_KEY:
        return _cell_key(frame)
    return _by_ladder(frame)


def _small(frame: Frame) -> Mask:
    """Return the cells whose count is a count of units, and small."""
    return np.asarray(frame.alike & (frame.totals > 0) & (frame.totals < frame.least))


def _hits(frame: Frame, answered: Mask) -> list[Hit]:
    """Return the rules that still bite: the threshold is answered where the count itself is changed."""
    found: list[Hit] = []
    for hit in frame.outcome.hits:
        if hit.rule in CLASS_RULES:
            continue
        if hit.rule == "threshold" and hit.cells is not None:
            found += hit_if(replace(hit, cells=hit.cells & ~frame.on_outcome(answered)))
        else:
            found.append(hit)
    return found


def _enough(frame: Frame) -> Enough:
    """Return what says that a small count is hidden: it may be nobody's or large, and the interval is not narrow."""
    least, width = frame.least, frame.case.policy.rounding_base - 1

    def enough(low: Numbers, high: Numbers) -> Mask:
        surely_small = (low > _CLOSE) & (high < least - _CLOSE)
        return np.asarray(~surely_small & (high - low >= width - _CLOSE))

    return enough


_EXPOSED = Hit(
    rule="small-count-told",
    risk=Risk.LOW_COUNT,
    severity=Verdict.FAIL,
    message="From the changed numbers and their margins together it can be told that a cell holds somebody, but fewer "
    "than the threshold, or nearly how many.",
    remedy=f"use a base of at least the threshold, leave the margins out, {BROADER}, or {SUPPRESS}",
)


def _rounded(frame: Frame) -> Changed:
    protect, policy = frame.case.plan.query.protect, frame.case.policy
    base = protect.base or max(policy.rounding_base, frame.least)
    small, whole = _small(frame), _is_whole(frame.totals)
    table = frame.table(whole=whole)
    said, hits = [], _hits(frame, small)
    if protect.method is Method.CONTROLLED_ROUNDING:
        result = _controlled(frame, table, base)
        said = _about(result)
        hits += [_UNFINISHED] if result.gap else []
    else:
        result = random(table, base, frame.places("random-rounding")[0])
    reach = result.reach if whole else base * (result.steps + 1)
    return Changed(
        shown=result.values,
        low=result.values - reach,
        high=result.values + reach,
        asked=small,
        enough=_enough(frame),
        hits=hits,
        exposed=_EXPOSED,
        error=(reach, reach),
        base=base,
        whole=whole,
        witnesses=(result.values,),
        said=said,
    )


def _controlled(frame: Frame, table: AdditiveTable, base: int) -> Rounded:
    """Round a table in the same way however it is laid out; empty cells stay empty where that can be."""

    def tick(_what: str, _share: float) -> None:
        frame.case.engine.tick()

    unique = bool(frame.outcome.base.units) and frame.outcome.base.unique[0]
    smaller, place = canonical(table, frame.keys, joined=unique)
    try:
        found = controlled(smaller, base, _SECONDS, tick)
    except BadInputError:
        return controlled(table, base, _SECONDS, tick)
    values = np.where(place < 0, 0.0, np.append(found.values, 0.0)[place])
    return replace(found, values=values, distance=float(np.abs(values - table.values).sum()))


_UNFINISHED = Hit(
    rule="rounding-unfinished",
    risk=Risk.DIFFERENCING,
    severity=Verdict.REVIEW,
    message="The nearest rounded table was not found in time; the same table asked for again may be rounded in another "
    "way, and both together tell more than one.",
    remedy="use fewer dimensions or broader categories, random_rounding, or let an output checker decide",
)


def _about(result: Rounded) -> list[str]:
    said = []
    if result.steps:
        said.append(
            f"No table of neighbouring multiples adds up; values go up to {result.steps} multiples of {result.base} "
            "further."
        )
    if result.gap:
        said.append(f"The sum of all distances is at most {result.gap:.1%} above the least possible.")
    return said


def _is_whole(values: Numbers) -> bool:
    return bool((values == np.round(values)).all())


def design_of(frame: Frame) -> Design:
    """Return the cell-key design of a query: the policy's, or one that is nowhere weaker.

    Raises
    ------
    BadInputError
        When a parameter is weaker than the policy's.
    """
    protect, policy = frame.case.plan.query.protect, frame.case.policy
    js = frame.least - 1
    return _checked(
        Design(
            maximum=protect.maximum or max(policy.cell_key_noise, js + 1),
            variance=protect.variance or policy.cell_key_variance,
            js=js if protect.js is None else protect.js,
            pstay=protect.pstay or 0.0,
        ),
        policy,
        js,
    )


def _checked(design: Design, policy: RiskAppetite, js: int) -> Design:
    weaker = [
        ("D", design.maximum < policy.cell_key_noise, f"at least {policy.cell_key_noise}"),
        ("V", design.variance < policy.cell_key_variance, f"at least {policy.cell_key_variance:g}"),
        ("js", design.js < js, f"at least {js}, so that no count below the threshold appears"),
        ("pstay", design.pstay > policy.cell_key_stay_fraction, f"at most {policy.cell_key_stay_fraction:g}"),
    ]
    for name, is_weaker, wanted in weaker:
        if is_weaker:
            raise BadInputError(f"protect.{name}: must be {wanted}, by the policy")
    return design


def code_of(design: Design) -> int:
    """Return a number that tells noise of one design from that of another."""
    return int.from_bytes(hashlib.blake2b(repr(design).encode(), digest_size=4).digest(), "little") >> 1


def _cell_key(frame: Frame) -> Changed:
    design = design_of(frame)
    table = transition_table(design)
    units, small = frame.units, _small(frame)
    noisy = table.perturbed(units, frame.places("count")[0])
    each = np.where(units > 0, frame.totals / np.where(units > 0, units, 1.0), 1.0)
    shown = np.where(frame.alike, noisy, noisy * each)
    if _is_whole(frame.totals):
        shown = np.round(shown)
    low, high = table.possible(noisy)
    hits = _hits(frame, small)
    if left_after_averaging(frame) * design.variance < _LEAST_VARIANCE_LEFT * frame.case.policy.cell_key_variance:
        hits.append(_AVERAGED)
    return Changed(
        shown=shown,
        low=np.where(frame.alike, low, shown - design.maximum * each),
        high=np.where(frame.alike, high, shown + design.maximum * each),
        asked=small,
        enough=_enough(frame),
        hits=hits,
        exposed=_EXPOSED,
        error=(design.maximum, design.maximum),
        base=code_of(design),
        whole=_is_whole(frame.totals),
        said=["Margins have noise of their own, so that cells do not add up to them."],
    )


def left_after_averaging(frame: Frame) -> float:
    """Return the share of the noise's variance that is left for whoever averages cells and margins as well as can be.

    Notes
    -----
    The best linear unbiased estimate of the cells from cells and margins, all with independent noise of one variance,
    has covariance ``(S' S)^-1`` times it; S lists which leaf is in which shown cell and is a Kronecker product over
    dimensions, and so is the inverse. A dimension with one category adds nothing: the total has the same people and
    the same noise.
    """
    if not frame.case.plan.query.margins:
        return 1.0
    share = 1.0
    for dimension in frame.lattice.cube.dimensions:
        if dimension.leaves > 1:
            inside = dimension.sums.toarray().astype(np.float64)
            share *= float(np.linalg.inv(inside.T @ inside).diagonal().min())
    return share


_AVERAGED = Hit(
    rule="noise-averaged",
    risk=Risk.DIFFERENCING,
    severity=Verdict.REVIEW,
    message="The table has so many margins that averaging their noise tells single counts much more closely than each "
    "number alone.",
    remedy="use fewer dimensions, leave the margins out, ask for a larger V, or let an output checker decide",
)


def _by_ladder(frame: Frame) -> Changed:
    """Blank what a rule names and what is below the ladder, and show the rest by it."""
    shown, low, high = ladder(frame.totals)
    blank = np.isnan(shown)
    for hit in frame.outcome.hits:
        if hit.cells is not None and hit.rule not in CLASS_RULES:
            answered = _small(frame) & ~np.isnan(shown) if hit.rule == "threshold" else np.zeros_like(blank)
            blank |= frame.lattice.spread(hit.cells) & ~answered
    below = frame.totals < LEAST_SHOWN
    whole, small, ordinary = _is_whole(frame.totals), _small(frame), _enough(frame)
    if not whole:
        low, high = low - 1.0, high + 1.0
    least = frame.least

    def enough(least_end: Numbers, most_end: Numbers) -> Mask:
        wide = most_end - least_end >= least - 1 - _CLOSE
        return np.asarray(np.where(small, ordinary(least_end, most_end), wide))

    hits = [hit for hit in frame.outcome.hits if hit.cells is None and hit.rule not in CLASS_RULES]
    return Changed(
        shown=np.where(blank, np.nan, shown),
        low=np.where(blank, 0.0, low),
        high=np.where(blank & ~below, np.inf, high),
        asked=(small | blank) & (frame.totals > 0),
        enough=enough,
        hits=hits,
        exposed=_EXPOSED,
        error=_widest(shown, low, high, blank),
        base=LEAST_SHOWN,
        whole=whole,
    )


def _widest(shown: Numbers, low: Numbers, high: Numbers, blank: Mask) -> tuple[int, int]:
    """Return the least that every shown count can lie off, above and below: what is narrower is more certain."""
    if blank.all():
        return 0, 0
    return int((shown - low)[~blank].min()), int((high - shown)[~blank].min())
