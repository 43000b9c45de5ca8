"""Screens the words a researcher chose (title, context, controls) before anybody else reads them.

Free text is a way out: a number among the words can be a record's identifier, and characters that nobody sees can
carry anything. Words never leave without a person; here they are bounded, cleared of what a person cannot see, and
searched for identifiers of the datasets concerned.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from saferoom.errors import BadInputError
from saferoom.ids import DatasetName, ProjectSlug

LONGEST = {"title": 200, "context": 4000, "controls": 4000}
"""Most characters of each text."""

# Control, format, surrogate, private and unassigned characters, and line breaks of Unicode's own.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# A project's identifiers are random 63-bit numbers: one shorter than twelve digits is rarer than one in a million.
_LONG_NUMBER_DIGITS = 12
_PRECISE_DIGITS = 5
_MOST_NUMBERS = 20
_SEPARATED_DIGITS = re.compile(r"(?<=\d)[\s.,_'\-/]+(?=\d)")
_NUMBER = re.compile(r"\d+")
_DECIMAL = re.compile(r"\d+(?:[.,]\d+)*")
_HEX = re.compile(r"(?<![0-9a-z])(?:0x([0-9a-f]{6,})|((?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{10,}))(?![0-9a-z])")


class IdentifierIndex(Protocol):
    """Knows the identifiers in a project's extracts."""

    def count(self, project: ProjectSlug, datasets: Sequence[DatasetName], numbers: Collection[int]) -> int:
        """Return how many of `numbers` identify a unit in one of `datasets`."""
        ...


@dataclass(frozen=True)
class Words:
    """The texts that come with a request."""

    title: str
    context: str
    controls: str

    def items(self) -> tuple[tuple[str, str], ...]:
        """Return each text with its name."""
        return (("title", self.title), ("context", self.context), ("controls", self.controls))


def tidy(words: Words, complete: bool = True) -> Words:
    """Return `words` in Unicode's NFKC form without outer white space.

    Raises
    ------
    BadInputError
        A text is too long, has characters that nobody can see, or (when `complete`) is empty.
    """
    return Words(*(tidy_text(name, text, LONGEST[name], complete) for name, text in words.items()))


def tidy_text(name: str, text: str, longest: int, complete: bool = True, field: str = "") -> str:
    """Return one text tidied. A title is one line, other texts may have several.

    Parameters
    ----------
    name : str
        What messages call the text.
    field : str
        Where it was typed.
    """
    clean = unicodedata.normalize("NFKC", text).replace("\r\n", "\n").strip()
    if complete and not clean:
        raise BadInputError(
            f"the {name} may not be empty: say in words what an output checker needs to know", field=field
        )
    if len(clean) > longest:
        raise BadInputError(f"the {name} is longer than {longest} characters; shorten it", field=field)
    allowed = "" if name == "title" else "\n\t"
    if any(unicodedata.category(c) in _UNSEEN and c not in allowed for c in clean):
        raise BadInputError(
            f"the {name} has a character that nobody can see; type it anew without formatting", field=field
        )
    return clean


def numbers_in(text: str) -> frozenset[int]:
    """Return every whole number in `text`, also those whose digits are set apart by spaces or punctuation.

    Each run of digits counts alone and joined with its neighbours, so that an identifier cannot hide in groups.
    """
    plain = _plain_digits(text)
    runs = _NUMBER.findall(plain) + _NUMBER.findall(_SEPARATED_DIGITS.sub("", plain))
    hexadecimal = [int(marked or bare, 16) for marked, bare in _HEX.findall(plain.lower())]
    return frozenset([int(run) for run in runs if len(run) <= 40] + hexadecimal)


def _plain_digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(c)) if unicodedata.decimal(c, None) is not None else c for c in text)


def screen(texts: Words | Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return a warning for everything in `texts` that could be a record's identifier, its value, or a table.

    Texts that are not a request's words come with the name that messages call them by.
    """
    return tuple(f"the {name} has {what}" for name, text in _named(texts) for what in _suspicions(text))


def _named(texts: Words | Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    return texts.items() if isinstance(texts, Words) else texts


def _suspicions(text: str) -> list[str]:
    plain = _plain_digits(text)
    joined = _SEPARATED_DIGITS.sub("", plain)
    numbers = _DECIMAL.findall(plain)
    found = []
    if any(len(run) >= _LONG_NUMBER_DIGITS for run in _NUMBER.findall(joined)):
        found.append("a number long enough to be a record's identifier")
    if _HEX.search(plain.lower()):
        found.append("letters and digits that could be an encoded identifier")
    if any(len(re.sub(r"\D", "", number).strip("0")) >= _PRECISE_DIGITS for number in numbers):
        found.append("a number precise enough to be one record's value")
    if len(numbers) > _MOST_NUMBERS:
        found.append("so many numbers that it could be a table")
    return found


def refuse_identifiers(
    texts: Words | Sequence[tuple[str, str]],
    index: IdentifierIndex,
    project: ProjectSlug,
    datasets: Sequence[DatasetName],
) -> None:
    """Raise `BadInputError` when a text has an identifier of one of `datasets`.

    Short numbers are left out: an identifier is long, and a small count in a sentence is not one.
    """
    for name, text in _named(texts):
        long = {number for number in numbers_in(text) if number >= 10 ** (_LONG_NUMBER_DIGITS - 1)}
        if long and index.count(project, datasets, long):
            raise BadInputError(f"the {name} has an identifier of a record in the project's data; take it out")
