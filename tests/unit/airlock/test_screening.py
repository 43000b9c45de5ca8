"""The researcher's own words: bounded, visible, and searched for identifiers."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saferoom.errors import BadInputError
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.airlock import screening
from saferoom.projects.airlock.screening import LONGEST, Words, numbers_in, refuse_identifiers, screen, tidy

IDENTIFIER = 6_148_914_691_236_517_205
GOOD = Words("Mean pay by region", "For the mobility paper.", "Counts of 10 or more.\nRounded to 5.")


class Index:
    """Knows one identifier."""

    def count(self, project: ProjectSlug, datasets: Sequence[DatasetName], numbers: Collection[int]) -> int:  # noqa: ARG002
        return len({IDENTIFIER} & set(numbers))


def one(text: str) -> Words:
    return Words("Title", text, "Controls")


def test_words_in_order_are_kept() -> None:
    assert tidy(GOOD) == GOOD


def test_words_are_normalised_and_trimmed() -> None:
    assert tidy(Words("  ﬁne ", "a\r\nb", "c")) == Words("fine", "a\nb", "c")


@pytest.mark.parametrize("name", LONGEST)
@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_text_that_is_empty_is_refused(name: str, text: str) -> None:
    with pytest.raises(BadInputError, match=f"the {name} may not be empty"):
        tidy(Words(**{**dict(GOOD.items()), name: text}))


def test_text_that_is_empty_is_fine_in_a_draft() -> None:
    assert tidy(Words("", "", ""), complete=False) == Words("", "", "")


@pytest.mark.parametrize(("name", "longest"), LONGEST.items())
def test_text_that_is_too_long_is_refused(name: str, longest: int) -> None:
    tidy(Words(**{**dict(GOOD.items()), name: "x" * longest}))
    with pytest.raises(BadInputError, match=f"longer than {longest}"):
        tidy(Words(**{**dict(GOOD.items()), name: "x" * (longest + 1)}))


@pytest.mark.parametrize("hidden", ["\u200b", "\u202e", "\u2066", "\ufeff", "\u00ad", "\x00", "\x1b", "\U000e0041"])
def test_text_with_characters_nobody_can_see_is_refused(hidden: str) -> None:
    with pytest.raises(BadInputError, match="nobody can see"):
        tidy(one(f"plain{hidden}text"))


def test_title_of_two_lines_is_refused() -> None:
    with pytest.raises(BadInputError, match="the title"):
        tidy(Words("a\nb", "c", "d"))


@pytest.mark.parametrize(
    "text",
    [
        f"see {IDENTIFIER}",
        "6148914691236517205",
        "6 148 914 691 236 517 205",
        "6,148,914,691,236,517,205",
        "6148-9146 9123/6517_205",
        "6.148'914.691'236.517'205",
        "id=0x5555555555555555",
        "６１４８９１４６９１２３６５１７２０５",
        "٦١٤٨٩١٤٦٩١٢٣٦٥١٧٢٠٥",
    ],
)
def test_identifier_is_found_however_it_is_written(text: str) -> None:
    found = tidy(one(text))
    assert IDENTIFIER in numbers_in(found.context)
    assert any("identifier" in warning for warning in screen(found))


@pytest.mark.parametrize("text", ["5a5a5a5a5a5a5a5a", "deadbeef00112233", "0x5a5a5a5a5a5a"])
def test_hexadecimal_number_is_warned_of(text: str) -> None:
    assert "the context has letters and digits that could be an encoded identifier" in screen(one(text))


def test_identifier_of_the_project_is_refused() -> None:
    with pytest.raises(BadInputError, match="the context has an identifier of a record"):
        refuse_identifiers(one(f"person {IDENTIFIER}"), Index(), ProjectSlug("p"), [DatasetName("d")])


def test_message_about_an_identifier_does_not_repeat_it() -> None:
    with pytest.raises(BadInputError) as caught:
        refuse_identifiers(one(f"person {IDENTIFIER}"), Index(), ProjectSlug("p"), [DatasetName("d")])
    assert "6148" not in caught.value.message


@pytest.mark.parametrize("text", ["10 people", f"person {IDENTIFIER + 1}", "no number"])
def test_other_numbers_are_not_refused(text: str) -> None:
    refuse_identifiers(one(text), Index(), ProjectSlug("p"), [DatasetName("d")])


def test_plain_words_give_no_warning() -> None:
    assert screen(GOOD) == ()
    assert screen(one("In 2026 we use 10 units, 5 % and (2, 0.9).")) == ()


@pytest.mark.parametrize("text", ["she earns 51234.56", "51,234", "0.123456"])
def test_number_that_could_be_a_records_value_is_warned_of(text: str) -> None:
    assert screen(one(text)) == ("the context has a number precise enough to be one record's value",)


def test_many_numbers_are_warned_of_as_a_table() -> None:
    assert screen(one(" ; ".join("7" for _ in range(21)))) == (
        "the context has so many numbers that it could be a table",
    )


@given(st.text(max_size=200))
def test_screening_never_crashes_and_warns_of_every_written_identifier(text: str) -> None:
    screen(one(text))
    assert IDENTIFIER in numbers_in(f"{text.rstrip('0123456789')} x {IDENTIFIER}")


def test_mutation_joined_digits_not_searched_misses_a_grouped_identifier(monkeypatch: pytest.MonkeyPatch) -> None:
    import re

    monkeypatch.setattr(screening, "_SEPARATED_DIGITS", re.compile(r"(?!)"))
    with pytest.raises(AssertionError):
        test_identifier_is_found_however_it_is_written("6 148 914 691 236 517 205")
