"""Decisions: competition, scarce partners, relatives, what changes together, thresholds; and entities from links."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from saferoom.projects.linkage.classes import Pairs, Start, added, changing_together, probabilities
from saferoom.projects.linkage.clusters import cluster
from saferoom.projects.linkage.deciding import Decided, decide
from saferoom.projects.linkage.plan import LinkPlan

PRIOR = 0.5
"""With it a weight is the evidence alone."""


def plan_of(count: int = 2, **keys: Any) -> LinkPlan:
    document = {
        "datasets": [{"name": f"d{i}", "file": "-", "id": "n"} for i in range(count)],
        "fields": {"s": "surname"},
        "link_type": "link" if count > 1 else "dedupe",
        **keys,
    }
    return LinkPlan.model_validate_json(json.dumps(document))


def pairs_of(
    rows: list[tuple[int, int, float]], sources: list[int], passed: tuple[int, ...] = (), **more: Any
) -> Pairs:
    """Return pairs of (left, right, weight); `sources` of records 1, 2, ..."""
    left, right = (np.array([row[i] for row in rows], dtype=np.int64) for i in (0, 1))
    of = np.array([0, *sources], dtype=np.int64)
    weight = np.array([row[2] for row in rows])
    by_pass = np.array(passed or [-1] * len(rows), dtype=np.int64)
    return Pairs(left, right, of[left], of[right], weight, by_pass, **more)


FIXED = Start(PRIOR, 100, 10.0, fixed=True)


def linked(pairs: Pairs, plan: LinkPlan, start: Start = FIXED) -> list[tuple[int, int]]:
    made = decide(pairs, plan, start)
    return [(int(pairs.left[i]), int(pairs.right[i])) for i in np.flatnonzero(made.linked)]


def test_best_partner_wins_where_there_is_one_at_most() -> None:
    pairs = pairs_of([(1, 3, 12.0), (1, 4, 6.0), (2, 4, 11.0)], [0, 0, 1, 1])
    assert linked(pairs, plan_of(one_to_one=True)) == [(1, 3), (2, 4)]
    assert linked(pairs, plan_of()) == [(1, 3), (1, 4), (2, 4)]


def test_ties_are_refused() -> None:
    pairs = pairs_of([(1, 2, 20.0), (1, 3, 20.0)], [0, 1, 1])
    assert linked(pairs, plan_of(one_to_one=True)) == []
    assert linked(pairs, plan_of(one_to_one=True, threshold=0.4)) == [(1, 2)]
    assert linked(pairs, plan_of()) == [(1, 2), (1, 3)]


def test_many_records_may_share_a_partner_of_the_last_dataset() -> None:
    pairs = pairs_of([(1, 3, 12.0), (2, 3, 12.0), (1, 4, 2.0)], [0, 0, 1, 1])
    assert linked(pairs, plan_of(many_to_one=True)) == [(1, 3), (2, 3)]


def test_one_partner_each_within_one_dataset() -> None:
    pairs = pairs_of([(1, 2, 12.0), (2, 3, 6.0), (3, 4, 12.0)], [0, 0, 0, 0])
    assert linked(pairs, plan_of(1, one_to_one=True)) == [(1, 2), (3, 4)]


def test_pass_links_below_the_threshold_and_before_others() -> None:
    pairs = pairs_of([(1, 2, -1.0), (1, 3, 1.0)], [0, 1, 1], passed=(0, -1))
    assert linked(pairs, plan_of(one_to_one=True, threshold=0.4)) == [(1, 2)]


def test_probabilities_of_pairs_that_exclude_each_other_sum_to_one_at_most() -> None:
    group = np.array([0, 0, 0])
    found = probabilities(np.array([3.0, 2.0, -1.0]), [group])
    assert found.sum() < 1
    assert found.tolist() == pytest.approx([8 / 13.5, 4 / 13.5, 0.5 / 13.5])


def test_threshold_follows_from_the_precision_asked_for() -> None:
    pairs = pairs_of([(1, 4, 10.0), (2, 5, 3.0), (3, 6, 0.0)], [0, 0, 0, 1, 1, 1])
    made = decide(pairs, plan_of(precision=0.93), FIXED)
    assert made.threshold == pytest.approx(8 / 9)
    assert made.linked.tolist() == [True, True, False]
    assert made.probability[made.linked].mean() >= 0.93
    assert decide(pairs, plan_of(precision=0.9999), FIXED).linked.tolist() == [False, False, False]


def test_prior_is_found_from_the_weights() -> None:
    rows = [(i, 100 + i, 20.0) for i in range(1, 51)] + [(i, 101 + i, -12.0) for i in range(1, 50)]
    made = decide(pairs_of(rows, [0] * 99 + [1] * 99), plan_of(), Start(0.5, 10_000, 99.0))
    assert made.prior == pytest.approx(50 / 10_000, rel=0.1)


def test_scarce_partners_raise_the_odds_of_the_last_ones() -> None:
    rows = [(i, 100 + i, 20.0) for i in range(1, 90)] + [(90, 190, 3.0)]
    pairs = pairs_of(rows, [0] * 99 + [1] * 99)
    start = Start(0.5, 99 * 99, 99.0, sizes=(99, 99))
    alone, scarce = (decide(pairs, plan_of(one_to_one=one), start).probability[-1] for one in (False, True))
    assert scarce > alone


def test_relatives_take_pairs_that_share_only_what_relatives_share() -> None:
    count = 300
    people = [(i, count + i, 24.0) for i in range(1, count + 1)]
    families = [(i, count + i + 1, 9.0) for i in range(1, count)]
    shared = np.array([16.0] * len(people) + [26.0] * len(families))
    weight = pairs_of(people + families, [0] * count + [1] * count, relatives={"household": shared})
    plain = pairs_of(people + families, [0] * count + [1] * count)
    start = Start(1e-3, count * count, float(count))
    assert decide(plain, plan_of(), start).linked.sum() > count
    made = decide(weight, plan_of(), start)
    assert made.linked.sum() == count
    assert made.relatives["household"] == pytest.approx(len(families) / count**2, rel=0.1)


def test_what_changes_together_is_learnt_from_anchored_pairs() -> None:
    pattern = np.array([1] * 200 + [2] * 200, dtype=np.int64)
    pairs = pairs_of([(i, 400 + i, 5.0) for i in range(1, 401)], [0] * 400 + [1] * 400)
    pairs.pattern, pairs.anchored = pattern, np.ones(400, dtype=bool)
    found = changing_together(pairs, np.ones(400), {1: 0.9, 2: 0.1}.__getitem__)
    assert found[1] < 0 < found[2]
    assert added(pairs, found)[[0, 399]].tolist() == pytest.approx([found[1], found[2]])
    pairs.anchored = np.zeros(400, dtype=bool)
    assert changing_together(pairs, np.ones(400), lambda _: 0.5) == {}


def clusters_of(pairs: Pairs, sources: list[int], plan: LinkPlan, links: list[bool] | None = None) -> list[int]:
    chosen = np.array(links if links is not None else [True] * len(pairs.weight))
    decided = Decided(PRIOR, 0.9, pairs.weight, np.ones(len(pairs.weight)), chosen, {}, {})
    return [int(number) for number in cluster(pairs, decided, np.array(sources), plan)]


def test_connected_records_are_one_entity_named_by_its_first() -> None:
    pairs = pairs_of([(1, 2, 9.0), (2, 3, 9.0), (1, 3, 9.0), (4, 5, 9.0)], [0] * 6)
    assert clusters_of(pairs, [0] * 6, plan_of(1)) == [1, 1, 1, 4, 4, 6]


def test_chain_whose_ends_contradict_is_cut_at_its_weakest_link() -> None:
    pairs = pairs_of([(1, 2, 15.0), (2, 3, 4.0)], [0] * 3)
    assert clusters_of(pairs, [0] * 3, plan_of(1)) == [1, 1, 3]


def test_entity_keeps_to_the_limit_of_its_size() -> None:
    rows = [(a, b, 10.0) for a in range(1, 5) for b in range(a + 1, 5)]
    assert clusters_of(pairs_of(rows, [0] * 4), [0] * 4, plan_of(1, limits={"cluster": 3})) == [1, 1, 1, 4]


def test_records_of_one_source_are_apart_where_each_has_one_partner() -> None:
    pairs = pairs_of([(1, 3, 9.0), (3, 4, 8.0), (2, 4, 9.0)], [0, 0, 1, 2])
    assert clusters_of(pairs, [0, 0, 1, 2], plan_of(3, one_to_one=True)) == [1, 2, 1, 2]


def test_many_records_of_one_source_may_be_one_entity() -> None:
    pairs = pairs_of([(i, 7, 9.0) for i in range(1, 7)], [0] * 6 + [1])
    assert clusters_of(pairs, [0] * 6 + [1], plan_of(many_to_one=True)) == [1] * 7


def test_two_records_of_the_last_source_are_never_one_entity_of_many_to_one() -> None:
    pairs = pairs_of([(1, 3, 9.0), (1, 4, 8.0), (2, 4, 9.0)], [0, 0, 1, 1])
    assert clusters_of(pairs, [0, 0, 1, 1], plan_of(many_to_one=True)) == [1, 2, 1, 2]
