"""Encodings: the same under one key, unrelated under two, alike for records of one person; linked without labels."""

from __future__ import annotations

import numpy as np
import pytest
from tests.support.encoded_people import people

from saferoom.projects.linkage.bloom import Encoder, Encoding, Hardening, dice
from saferoom.projects.linkage.bloom_linking import link_encodings
from saferoom.projects.linkage.plan import FieldKind

_FIELDS = {
    "given": FieldKind.GIVEN_NAME,
    "family": FieldKind.SURNAME,
    "born": FieldKind.DATE,
    "sex": FieldKind.SEX,
}
_KEY, _OTHER = b"k" * 32, b"o" * 32
_ANNA = {"given": ["anna", "anna"], "family": ["smith", "smyth"], "born": ["19800105", "19800105"], "sex": ["f", "f"]}


@pytest.mark.parametrize("hardening", [Hardening(False, False), Hardening(True, False), Hardening(True, True)])
def test_a_record_is_encoded_the_same_every_time_and_a_spelling_is_nearly_the_same(hardening: Hardening) -> None:
    encoding = Encoding(_FIELDS, 512, hardening)
    first, second = (Encoder(_KEY, encoding).encode(_ANNA) for _ in range(2))
    assert (first == second).all()
    assert first.shape == (2, 128 if hardening.balance else 64)
    alike = dice(first[:1], first[1:])[0]
    others = Encoder(_KEY, encoding).encode({name: list(reversed(_ANNA[name])) for name in _ANNA})
    assert (others[::-1] == first).all()
    assert 0.7 < alike < 1


def test_without_the_key_encodings_say_nothing_equal() -> None:
    here, there = (Encoder(key, Encoding(_FIELDS)).encode(people(300, 1)) for key in (_KEY, _OTHER))
    own = dice(here, there)
    crossed = dice(here, np.roll(there, 1, axis=0))
    # A person's two encodings are no more alike than two persons'.
    assert abs(float(own.mean() - crossed.mean())) < 0.005
    assert float(own.max()) < 0.6
    found = link_encodings(here, there)
    assert (found.left == found.right).mean() < 0.05


def test_balanced_encodings_all_have_as_many_ones_as_zeros() -> None:
    made = Encoder(_KEY, Encoding(_FIELDS, 512, Hardening(True, True))).encode(people(50, 2))
    assert set(np.bitwise_count(made).sum(axis=1).tolist()) == {512}


def test_fields_of_other_names_set_other_positions() -> None:
    one = Encoder(_KEY, Encoding({"given": FieldKind.GIVEN_NAME})).encode({"given": ["anna"]})
    other = Encoder(_KEY, Encoding({"family": FieldKind.GIVEN_NAME})).encode({"family": ["anna"]})
    assert dice(one, other)[0] < 0.3


def test_salted_records_match_within_a_salt_alone() -> None:
    encoder = Encoder(_KEY, Encoding(_FIELDS, salt="born (year)"))
    made = encoder.encode({name: [_ANNA[name][0]] * 3 for name in _ANNA}, ["1980", "1980", "1981"])
    assert dice(made[:1], made[1:2])[0] == 1
    assert dice(made[:1], made[2:])[0] < 0.5


def test_missing_values_set_nothing() -> None:
    made = Encoder(_KEY, Encoding(_FIELDS)).encode({name: [None, ""] for name in _FIELDS})
    assert not made.any()
    assert dice(made[:1], made[1:])[0] == 0


@pytest.mark.parametrize("most_compared", [10**9, 0])
def test_records_of_the_same_people_are_linked_and_no_others(most_compared: int) -> None:
    truth, encoder = people(1_500, 3), Encoder(_KEY, Encoding(_FIELDS))
    left = encoder.encode({name: values[:1_200] for name, values in truth.items()})
    right = encoder.encode(people(1_500, 3, errors=0.1))[300:]
    order = np.random.default_rng(1).permutation(len(right))
    found = link_encodings(left, right[order], most_compared=most_compared)
    right_ones = found.left == order[found.right] + 300
    assert right_ones.mean() > 0.99
    assert right_ones.sum() > 0.93 * 900
    assert (found.probability >= 0).all()
    assert (found.probability <= 1).all()


def test_records_exactly_alike_are_nobodys_link() -> None:
    twins = Encoder(_KEY, Encoding(_FIELDS)).encode({name: [values[0]] * 2 for name, values in _ANNA.items()})
    assert len(link_encodings(twins, twins).left) == 0


def test_nothing_is_linked_to_nothing() -> None:
    made = Encoder(_KEY, Encoding(_FIELDS)).encode(_ANNA)
    assert len(link_encodings(made, made[:0]).left) == 0


@pytest.mark.parametrize(("key", "bits"), [(b"short", 1024), (_KEY, 100), (_KEY, 64), (_KEY, 65_536)])
def test_weak_keys_and_odd_lengths_are_refused(key: bytes, bits: int) -> None:
    with pytest.raises(ValueError, match=r"at least 32 bytes|multiple of 64"):
        Encoder(key, Encoding(_FIELDS, bits))


def test_digests_tell_encodings_that_can_be_compared() -> None:
    plain = Encoding(_FIELDS)
    assert plain.digest(_KEY) == Encoding(dict(reversed(_FIELDS.items()))).digest(_KEY)
    others = [
        plain.digest(_OTHER),
        Encoding(_FIELDS, 512).digest(_KEY),
        Encoding(_FIELDS, salt="born (year)").digest(_KEY),
        Encoding(_FIELDS, hardening=Hardening(False)).digest(_KEY),
        Encoding({**_FIELDS, "sex": FieldKind.TEXT}).digest(_KEY),
    ]
    assert len({plain.digest(_KEY), *others}) == 6
