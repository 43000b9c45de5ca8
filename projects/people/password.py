"""What a password must be.

References
----------
NIST SP 800-63B-4, section 3.1.1: length before composition, normalisation, no context-specific words.
"""

from __future__ import annotations

import itertools
import unicodedata

from saferoom.errors import BadInputError

SHORTEST_CHARACTERS = 12
LONGEST_BYTES = 1024
_FEWEST_DISTINCT = 5
_SHORTEST_WORD = 3
_FEWEST_BESIDE = 9
_COMMON = ("password", "saferoom", "passwort", "qwerty", "letmein", "welcome", "iloveyou", "administrator")


def normalised(password: str) -> str:
    """Return `password` in the one Unicode form that is hashed, so that every keyboard means the same."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, username: str) -> None:
    """Refuse a password that is short, very long, repetitive, a sequence, or built on a well-known word.

    Raises
    ------
    BadInputError
        Says which rule is not met, never the password.
    """
    text = normalised(password)
    lower = text.lower()
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise BadInputError("a password may not hold control characters")
    if len(text) < SHORTEST_CHARACTERS:
        raise BadInputError(f"a password needs at least {SHORTEST_CHARACTERS} characters")
    if len(text.encode()) > LONGEST_BYTES:
        raise BadInputError(f"a password may have at most {LONGEST_BYTES} bytes")
    if len(set(lower)) < _FEWEST_DISTINCT or _is_sequence(lower):
        raise BadInputError(
            f"a password needs at least {_FEWEST_DISTINCT} different characters, not in a plain sequence"
        )
    # Only where little is left beside the word: a long sentence that mentions one is a good password.
    for word in (username.lower(), *_COMMON):
        if len(word) >= _SHORTEST_WORD and word in lower and len(lower.replace(word, "")) < _FEWEST_BESIDE:
            raise BadInputError("a password may not be built on the user name or a well-known word")


def _is_sequence(text: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in itertools.pairwise(text)}
    return len(steps) == 1
