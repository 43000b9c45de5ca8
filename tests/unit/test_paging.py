"""Pages of long lists."""

from __future__ import annotations

import pytest

from saferoom.projects.paging import Cut, Paged


@pytest.mark.parametrize(("total", "pages"), [(0, 1), (1, 1), (50, 1), (51, 2), (10_000, 200)])
def test_pages_of_a_list_are_counted(total: int, pages: int) -> None:
    assert Paged((), total).pages == pages


def test_page_says_what_comes_before_it() -> None:
    assert [Cut(number).offset for number in (1, 2, 3)] == [0, 50, 100]


@pytest.mark.parametrize(("number", "size"), [(0, 50), (-1, 50), (1, 0)])
def test_page_that_cannot_be_is_refused(number: int, size: int) -> None:
    with pytest.raises(ValueError, match="count from 1"):
        Cut(number, size)


def test_page_of_other_things_stays_at_its_place() -> None:
    page = Paged((1, 2), 120, Cut(2)).map(str)
    assert (page.items, page.total, page.number) == (("1", "2"), 120, 2)
