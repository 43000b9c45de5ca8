"""Special uniques: published scores, contributions, and explanations in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.support.record_tables import FRANCDAT_KEYS, francdat, keys_of

from saferoom.disclosure.microdata.keys import MISSING, Keys
from saferoom.disclosure.microdata.patterns import patterns
from saferoom.disclosure.microdata.risk.explaining import special_uniques
from saferoom.disclosure.microdata.risk.suda import Scoring, Suda, suda
from saferoom.disclosure.microdata.risk.uniques import minimal_uniques
from saferoom.errors import BadInputError

# sdcMicro 5.8.1; its DIS is computed in single precision, so it agrees to seven digits.
PUBLISHED = {
    Scoring.ELLIOT: (
        [0, 0, 0, 8, 6, 4, 8, 0],
        [0, 0, 0, 0.01421348632459, 0.01010601501209, 0.006236840350408, 0.01421348632459, 0],
    ),
    Scoring.IHSN: (
        [0, 0, 0, 2.25, 1.75, 1, 2.25, 0],
        [0, 0, 0, 0.01492088283482, 0.01107927942773, 0.005691484115387, 0.01492088283482, 0],
    ),
}


def scored(scoring: Scoring = Scoring.ELLIOT) -> tuple[Keys, Suda]:
    keys = Keys.of(francdat(), FRANCDAT_KEYS)
    return keys, suda(keys, patterns(keys), scoring=scoring)


@pytest.mark.parametrize("scoring", list(Scoring))
def test_scores_of_the_published_example(scoring: Scoring) -> None:
    _, found = scored(scoring)
    inverse = found.patterns.inverse
    assert found.score[inverse].tolist() == PUBLISHED[scoring][0]
    assert found.dis[inverse] == pytest.approx(PUBLISHED[scoring][1], rel=1e-7)


def test_contributions_add_up_by_variable_level_and_record() -> None:
    keys, found = scored()
    shares = found.by_variable()
    # 26 in all: Key1 alone twice (12) and with Key4 (2); Key4 alone (6), with Key1 (2) and thrice with Key2 (6).
    assert shares == pytest.approx([100 * 14 / 26, 100 * 6 / 26, 0, 100 * 14 / 26])
    assert [level.sum() for level in found.by_level(keys.sizes)] == pytest.approx(shares)
    third = int(found.patterns.inverse[3])
    assert found.by_pattern(np.array([third]))[0] == pytest.approx([75, 25, 0, 25])


def test_smaller_largest_size_scores_as_published_for_it() -> None:
    keys = keys_of([[0, 0, 0, 0], [0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]])
    found = suda(keys, patterns(keys), most=2)
    # prod(4 - i) for i from k to 2: 3 * 2 for one variable, 2 for two.
    assert found.weights == (6.0, 2.0)
    assert all(len(one) <= 2 for one in found.uniques.sets)
    assert suda(keys, patterns(keys)).weights == (6.0, 2.0, 1.0, 1.0)


def test_a_file_without_uniques_has_no_scores() -> None:
    keys = keys_of([[0, 1], [0, 1], [1, 0], [1, 0]])
    found = suda(keys, patterns(keys))
    assert found.total == 0
    assert found.dis.sum() == 0
    assert found.by_variable().tolist() == [0, 0]
    assert [one.sum() for one in found.by_level(keys.sizes)] == [0, 0]
    assert special_uniques(keys, patterns(keys), found, np.zeros(2), 5) == []


def test_a_file_without_pairs_is_certain_of_matches() -> None:
    keys = keys_of([[0], [1], [2], [2], [2]])
    assert suda(keys, patterns(keys)).dis.tolist() == [1.0, 1.0, 0.0]


def test_missing_values_single_nobody_out() -> None:
    keys = keys_of([[0, MISSING], [0, 1], [0, 1], [1, 2]])
    found = minimal_uniques(patterns(keys), keys.sizes)
    own = patterns(keys).inverse.tolist()
    assert found.of(own[0]) == []
    assert found.of(own[3]) == [(0,), (1,)]


def test_variables_of_many_categories_are_searched_like_those_of_few() -> None:
    codes = np.random.default_rng(9).integers(0, 4, (40, 4))
    keys = keys_of(codes)
    few, many = (minimal_uniques(patterns(keys), sizes) for sizes in (keys.sizes, [100_000] * 4))
    assert few.sets == many.sets
    assert [one.tolist() for one in few.members] == [one.tolist() for one in many.members]


@pytest.mark.parametrize(
    ("variables", "most", "said"), [(31, 1, "31 key variables"), (25, 6, "too many to try"), (2, 0, "at least 1")]
)
def test_more_sets_than_can_be_tried_are_refused(variables: int, most: int, said: str) -> None:
    keys = keys_of(np.zeros((3, variables)))
    with pytest.raises(BadInputError, match=said):
        minimal_uniques(patterns(keys), keys.sizes, most)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -1.0, float("nan")])
def test_fractions_that_are_none_are_refused(fraction: float) -> None:
    keys = keys_of([[0], [1]])
    with pytest.raises(BadInputError, match="between 0 and 1"):
        suda(keys, patterns(keys), fraction=fraction)


def village() -> pd.DataFrame:
    people = pd.DataFrame(
        {
            "region": ["North"] * 20 + ["South"] * 20,
            "age": [30, 40] * 20,
            "occupation": (["baker"] * 2 + ["clerk"] * 2) * 10,
        }
    )
    old = pd.DataFrame({"region": ["North", "South"], "age": [97, 97], "occupation": ["baker", "clerk"]})
    return pd.concat([people, old], ignore_index=True)


def test_special_uniques_are_explained_in_words() -> None:
    keys = Keys.of(village(), ["region", "age", "occupation"])
    found = patterns(keys)
    specials = special_uniques(keys, found, suda(keys, found), np.full(len(found), 0.5), 10)
    assert [one.record for one in specials] == [41, 42]
    assert specials[0].sentence == "unique on region North, age 97; and on age 97, occupation baker"
    assert specials[0].sets == (("region", "age"), ("age", "occupation"))
    assert specials[0].contributions == {"region": 50.0, "age": 100.0, "occupation": 50.0}
    nameless = special_uniques(keys, found, suda(keys, found), np.full(len(found), 0.5), 1, values=False)
    assert nameless[0].sentence == "unique on region, age; and on age, occupation"


def test_records_counted_outside_of_memory_have_no_numbers() -> None:
    from saferoom.disclosure.microdata.patterns import of_arrays

    keys = Keys.of(village(), ["region", "age", "occupation"])
    inside = patterns(keys)
    outside = of_arrays(inside.rows, inside.counts, inside.weights)
    specials = special_uniques(keys, outside, suda(keys, outside), np.full(len(outside), 0.5), 10)
    assert [one.record for one in specials] == [None, None]


def test_long_explanations_are_cut_with_their_number() -> None:
    keys = keys_of([[1, 1, 1, 1, 1, 1, 1], *[[0] * 7] * 3])
    found = patterns(keys)
    (special,) = special_uniques(keys, found, suda(keys, found), np.zeros(2), 3)
    assert special.sentence.endswith("; and on 2 other sets")
