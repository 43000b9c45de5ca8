"""Bech32, in which age writes its keys: letters and digits with a checksum (BIP 173, without its limit of length)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from saferoom.errors import BadInputError

_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECK = 6


def encode(prefix: str, data: bytes) -> str:
    """Return `data` under a lower-case `prefix`."""
    values = _regrouped(data, 8, 5, pad=True)
    rest = _polymod([*_expanded(prefix), *values, *[0] * _CHECK]) ^ 1
    check = [(rest >> 5 * (_CHECK - 1 - place)) & 31 for place in range(_CHECK)]
    return f"{prefix}1" + "".join(_LETTERS[value] for value in (*values, *check))


def decode(text: str, prefix: str) -> bytes:
    """Return what `text` holds.

    Raises
    ------
    BadInputError
        It is not of this prefix, or was mistyped.
    """
    mixed = text != text.lower() and text != text.upper()
    found, _, letters = text.lower().rpartition("1")
    if mixed or found != prefix or len(letters) < _CHECK or not set(letters) <= set(_LETTERS):
        raise BadInputError(f"this is no key that begins with {prefix}1")
    values = [_LETTERS.index(letter) for letter in letters]
    if _polymod([*_expanded(prefix), *values]) != 1:
        raise BadInputError(f"a letter of the key that begins with {prefix}1 is wrong; copy it again")
    return bytes(_regrouped(values[:-_CHECK], 5, 8, pad=False))


def _polymod(values: Iterable[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_GENERATORS):
            check ^= generator if top >> place & 1 else 0
    return check


def _expanded(prefix: str) -> list[int]:
    return [*(ord(letter) >> 5 for letter in prefix), 0, *(ord(letter) & 31 for letter in prefix)]


def _regrouped(values: Sequence[int] | bytes, size: int, wanted: int, *, pad: bool) -> list[int]:
    held, bits, made = 0, 0, []
    for value in values:
        held, bits = held << size | value, bits + size
        while bits >= wanted:
            bits -= wanted
            made.append(held >> bits & ((1 << wanted) - 1))
    if pad and bits:
        made.append(held << (wanted - bits) & ((1 << wanted) - 1))
    elif not pad and (bits >= size or held & ((1 << bits) - 1)):
        raise BadInputError("the key is too long or too short; copy it again")
    return made
