"""Cell key: transition tables as published, record keys, noise for totals."""

from __future__ import annotations

import numpy as np
import pytest

from saferoom.disclosure.tables.cell_key import Design, TransitionTable, transition_table
from saferoom.disclosure.tables.cell_key_records import CellKeys, siphash, sums_by_cell
from saferoom.disclosure.tables.entropy import largest_entropy, least_variance
from saferoom.disclosure.tables.magnitudes import Flex, MagnitudeNoise
from saferoom.errors import BadInputError


def test_table_of_the_published_example_has_the_published_probabilities() -> None:
    # R package ptable 1.0.0, vignette: create_cnt_ptable(D = 2, V = 1).
    table = TransitionTable(Design(2, 1))
    assert len(table.rows) == 3
    assert table.rows[1].chances == pytest.approx([0.3665, 0.3665, 0.1676, 0.0995], abs=5e-5)
    assert table.rows[1].variance == pytest.approx(0.932, abs=5e-4)
    assert table.rows[2].chances == pytest.approx([0.0638, 0.2447, 0.3830, 0.2447, 0.0638], abs=5e-5)


def test_table_without_ones_of_the_published_example_has_the_published_probabilities() -> None:
    # The same vignette: D = 2, V = 1.08, js = 1; an original 1 becomes 0, 2, 3 with 0.5133, 0.46, 0.0267.
    row = TransitionTable(Design(2, 1.08, js=1)).rows[1]
    assert row.noise.tolist() == [-1, 1, 2]
    assert row.chances == pytest.approx([0.5133, 0.46, 0.0267], abs=5e-5)


def test_probability_to_stay_that_is_asked_for_is_reached_with_the_full_variance() -> None:
    # The same vignette: D = 4, V = 1, pstay = 0.5 keeps half of every count and the variance.
    table = TransitionTable(Design(4, 1, pstay=0.5))
    for row in table.rows[1:]:
        assert row.chances[row.noise == 0] == pytest.approx([0.5])
        assert row.variance == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("design", "says"),
    [
        ({"maximum": 0, "variance": 1}, "D must be"),
        ({"maximum": 2, "variance": 1, "js": 2}, "js must be"),
        ({"maximum": 2, "variance": 3}, "V must be"),
        ({"maximum": 2, "variance": 0}, "V must be"),
        ({"maximum": 2, "variance": 1, "pstay": 1}, "pstay must be"),
        ({"maximum": 3, "variance": 3, "pstay": 0.5}, "cannot reach the variance"),
    ],
)
def test_design_that_no_table_has_is_refused_with_a_sentence(design: dict[str, float], says: str) -> None:
    with pytest.raises(BadInputError, match=says):
        TransitionTable(Design(**design))  # type: ignore[arg-type]


def test_noise_that_can_only_go_one_way_is_refused() -> None:
    with pytest.raises(BadInputError, match="one direction"):
        least_variance(np.array([1.0, 2.0]))


def test_probability_to_stay_beyond_what_fits_is_refused() -> None:
    # The probabilities may not fall towards zero, so that what cannot stay has nowhere to go.
    with pytest.raises(BadInputError, match="no noise fits"):
        largest_entropy(np.array([-1.0, 0.0, 1.0]), 0.5, stay=1.5)


def test_zero_stays_zero_and_small_counts_never_appear() -> None:
    table = transition_table(Design(10, 8, js=9))
    places = np.linspace(0, 1, 2_001, endpoint=False)
    for count in range(40):
        shown = table.perturbed(np.full(len(places), float(count)), places)
        assert not ((shown >= 1) & (shown <= 9)).any()
        assert count or not shown.any()
        low, high = table.possible(shown)
        assert ((low <= count) & (count <= high)).all()


def test_siphash_is_the_published_function() -> None:
    # Aumasson and Bernstein (2012), appendix A's key with messages of 8 bytes: vector 8 of the reference code.
    word = np.frombuffer(bytes(range(8)), dtype="<u8").astype(np.uint64)
    assert int(siphash(bytes(range(16)), word)[0]).to_bytes(8, "little").hex() == "6224939a79f5f593"


def test_places_depend_on_the_people_the_secret_and_the_purpose_alone() -> None:
    ids = np.arange(1, 101, dtype=np.uint64)
    keys, other = CellKeys(b"a" * 32), CellKeys(b"b" * 32)
    halves = (np.arange(100) >= 50).astype(np.int64)
    order = np.random.default_rng(1).permutation(100)
    sums = sums_by_cell(halves, keys.records("person_id", ids), 2)
    again = sums_by_cell(halves[order], keys.records("person_id", ids[order]), 2)
    assert keys.places(sums, "count").tolist() == keys.places(again, "count").tolist()
    assert keys.places(sums, "count").tolist() != keys.places(sums, "magnitude 0").tolist()
    strange = sums_by_cell(halves, other.records("person_id", ids), 2)
    assert other.places(strange, "count").tolist() != keys.places(sums, "count").tolist()
    assert keys.records("household_id", ids).tolist() != keys.records("person_id", ids).tolist()


def test_record_keys_are_uniform_and_places_of_near_sets_unrelated() -> None:
    keys = CellKeys(b"a" * 32)
    records = keys.records("person_id", np.arange(20_000, dtype=np.uint64))
    everybody = records.sum(dtype=np.uint64)
    one_less = keys.places(everybody - records, "count")
    counts, _ = np.histogram(one_less, 20, (0, 1))
    assert ((counts - 1_000) ** 2 / 1_000).sum() < 43.8  # chi-square with 19 degrees, one in a thousand
    assert abs(np.corrcoef(one_less[:-1], one_less[1:])[0, 1]) < 0.03


def test_short_secret_is_no_secret() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        CellKeys(b"short")


def test_noise_of_totals_is_unbiased_and_never_beyond_its_width() -> None:
    noise = MagnitudeNoise(1.0, 10, 8.0)
    places = np.random.default_rng(2).random((40_000, 2))
    top = np.tile([100.0, 60.0, 30.0], (40_000, 1))
    found = noise.noise(top, np.full(40_000, 1_000.0), places)
    width = noise.widths(top)[0]
    assert width == pytest.approx(130.0)
    assert np.abs(found).max() <= width
    assert abs(found.mean()) < 4 * found.std() / 200
    assert found.std() == pytest.approx(np.sqrt(8.0) / 10 * np.hypot(100, 30), rel=0.03)


def test_total_of_what_is_never_negative_stays_so_and_unbiased() -> None:
    noise = MagnitudeNoise(1.5, 10, 16.0)
    places = np.random.default_rng(3).random((40_000, 2))
    top = np.tile([100.0, 0.0], (40_000, 1))
    found = 100.0 + noise.noise(top, np.full(40_000, 100.0), places)
    assert found.min() >= -1e-9
    assert abs(found.mean() - 100) < 4 * found.std() / 200


def test_noise_of_a_total_does_not_lie_on_a_grid() -> None:
    noise = MagnitudeNoise(1.0, 10, 8.0)
    found = noise.noise(np.tile([80.0], (200, 1)), np.full(200, 900.0), np.random.default_rng(4).random((200, 2)))
    assert len(np.unique(np.round(found % 2.0, 6))) > 190


def test_flex_function_falls_from_the_small_to_the_large_share() -> None:
    # The published function: constant up to the flex point, then towards the share for large cells.
    flex = Flex(point=1_000.0, small=0.3, large=0.03, power=2.0)
    shares = flex.shares(np.array([10.0, 999.0, 1_000.0, 2_000.0, 1e9]))
    assert shares[:3] == pytest.approx([0.3, 0.3, 0.3], rel=1e-3)
    assert shares[3] == pytest.approx(0.03 * (1 + (0.3 * 2_000 - 30) / 30 * (2_000 / 3_000) ** 2))
    assert shares[4] == pytest.approx(0.03, rel=1e-3)
    assert MagnitudeNoise(flex, 10, 8.0).widths(np.array([[1_000.0]]))[0] == pytest.approx(300.0)
