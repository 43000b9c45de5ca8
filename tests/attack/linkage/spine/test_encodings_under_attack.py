"""What somebody without the key learns from encodings: the known attacks, carried out, on plain and on hardened ones.

The attacker knows exactly how common every name and bigram is among these very people (more than one could in life),
and has all encodings. On plain encodings the attacks succeed, which shows that they are real; what hardening leaves
of them is measured, not assumed.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support.encoded_people import people

from saferoom.projects.linkage.bloom import Encoder, Encoding, Hardening
from saferoom.projects.linkage.plan import FieldKind

_KEY = b"k" * 32
_SIZE = 8_000
_PLAIN, _FOLDED = Hardening(fold=False), Hardening(fold=True)
_FIELDS = {
    "given": FieldKind.GIVEN_NAME,
    "family": FieldKind.SURNAME,
    "born": FieldKind.DATE,
    "sex": FieldKind.SEX,
}
_OWNED = 0.9
"""How well (F1) a group of positions must tell who has a bigram, to have found it."""


@cache
def _people() -> dict[str, list[str | None]]:
    return people(_SIZE, 5)


def _years() -> list[str | None]:
    return [str(day)[:4] for day in _people()["born"]]


def _encoded(fields: dict[str, FieldKind], hardening: Hardening, *, salted: bool) -> NDArray[np.uint8]:
    encoder = Encoder(_KEY, Encoding(fields, 1024, hardening, "born (year)" if salted else None))
    return encoder.encode({name: _people()[name] for name in fields}, _years() if salted else None)


def _by_frequency(hardening: Hardening, *, salted: bool) -> tuple[float, float]:
    """Return shares of people whose surname is guessed right from an encoding of it alone: by rank, and by count."""
    encoded = [row.tobytes() for row in _encoded({"family": FieldKind.SURNAME}, hardening, salted=salted)]
    names, counts = Counter(_people()["family"]), Counter(encoded)
    ranked = dict(
        zip((code for code, _ in counts.most_common()), (name for name, _ in names.most_common()), strict=False)
    )
    parts = len(set(_years())) if salted else 1
    known = [(count / parts, name) for name, count in names.items()]
    nearest = {n: min(known, key=lambda one: abs(one[0] - n))[1] for n in set(counts.values())}
    pairs = list(zip(encoded, _people()["family"], strict=True))
    return (
        sum(ranked.get(code) == name for code, name in pairs) / _SIZE,
        sum(nearest[counts[code]] == name for code, name in pairs) / _SIZE,
    )


@cache
def _owners() -> dict[tuple[str, str], frozenset[int]]:
    """Return who has each bigram of a name, by field and bigram."""
    found: dict[tuple[str, str], set[int]] = {}
    for field in ("given", "family"):
        for row, name in enumerate(_people()[field]):
            marked = f"_{name}_"
            for place in range(len(marked) - 1):
                found.setdefault((field, marked[place : place + 2]), set()).add(row)
    return {bigram: frozenset(rows) for bigram, rows in found.items()}


def _by_patterns(hardening: Hardening, *, salted: bool) -> tuple[int, int]:
    """Return how many bigrams are found as positions that go together, and how many of these are also named right."""
    bits = np.unpackbits(_encoded(_FIELDS, hardening, salted=salted), axis=1).astype(np.float32)
    share = bits.mean(axis=0)
    standard = (bits - share) / np.sqrt(np.maximum(share * (1 - share), 1e-9))
    together = standard.T @ standard / _SIZE
    found, named = set(), set()
    common = sorted(_owners(), key=lambda bigram: -len(_owners()[bigram]))[:60]
    free = np.ones(bits.shape[1], dtype=bool)
    for position in np.argsort(-(together > 0.7).sum(axis=1)):
        group = np.flatnonzero((together[position] > 0.7) & free)
        if not free[position] or len(group) < 4:
            continue
        free[group] = False
        who = frozenset(np.flatnonzero(bits[:, group].all(axis=1)).tolist())
        best = max(common, key=lambda bigram: _overlap(who, _owners()[bigram]))
        if _overlap(who, _owners()[best]) > _OWNED:
            found.add(best)
            if min(_owners(), key=lambda bigram: abs(len(_owners()[bigram]) - len(who))) == best:
                named.add(best)
    return len(found), len(named)


def _overlap(some: frozenset[int], others: frozenset[int]) -> float:
    return 2 * len(some & others) / (len(some) + len(others))


def test_counting_breaks_plain_encodings_of_one_field_and_not_salted_ones() -> None:
    commonest = max(Counter(_people()["family"]).values()) / _SIZE
    by_rank, by_count = _by_frequency(_PLAIN, salted=False)
    assert by_rank > 0.5
    assert by_count > 0.5
    by_rank, by_count = _by_frequency(_FOLDED, salted=True)
    assert by_rank < 0.05
    # Not much more than who guesses the commonest name for everybody.
    assert by_count < 2 * commonest


@pytest.mark.parametrize(
    ("hardening", "salted", "least_found", "most_found", "most_named"),
    [(_PLAIN, False, 10, 60, 60), (_FOLDED, False, 0, 20, 5), (_PLAIN, True, 0, 0, 0), (_FOLDED, True, 0, 0, 0)],
    ids=["plain", "folded", "salted", "salted and folded"],
)
def test_patterns_of_positions_give_bigrams_away_unless_salted(
    hardening: Hardening, salted: bool, least_found: int, most_found: int, most_named: int
) -> None:
    found, named = _by_patterns(hardening, salted=salted)
    assert least_found <= found <= most_found
    assert named <= most_named


def test_the_frequency_of_whole_records_says_nothing_because_hardly_any_are_the_same() -> None:
    encoded = Counter(row.tobytes() for row in _encoded(_FIELDS, _FOLDED, salted=False))
    assert max(encoded.values()) <= 3


def test_another_keys_table_of_names_fits_no_better_than_chance() -> None:
    """A dictionary made with a guessed key: every encoding's nearest name is right as seldom as by guessing."""
    single = {"family": FieldKind.SURNAME}
    names = sorted({str(name) for name in _people()["family"]})
    table = Encoder(b"g" * 32, Encoding(single)).encode({"family": names})
    bits = np.unpackbits(_encoded(single, _FOLDED, salted=False)[:1_000], axis=1).astype(np.float32)
    entries = np.unpackbits(table, axis=1).astype(np.float32)
    alike = 2 * (bits @ entries.T) / (bits.sum(axis=1)[:, None] + entries.sum(axis=1)[None])
    right = np.mean(
        [names[best] == name for best, name in zip(alike.argmax(axis=1), _people()["family"][:1_000], strict=True)]
    )
    assert right < 0.05
