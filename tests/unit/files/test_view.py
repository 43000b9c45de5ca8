"""What a person is shown of a file: bounded, written out, and honest about what it leaves out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saferoom.disclosure.files import view as module
from saferoom.disclosure.files.model import Concealed, Grid, Opened, Passage, Picture
from saferoom.disclosure.files.view import View, clean_copy, seen, view_of

PICTURE = Picture("the whole file", 4, 3, b"\x89PNG")


def test_everything_of_a_small_file_is_shown() -> None:
    opened = Opened(
        grids=(Grid("sheet 'A'", ("region", "mean"), (("north", 1.5), (None, True)), 2),),
        passages=(Passage("page 1", "text\nmore"),),
        pictures=(PICTURE,),
        concealed=(Concealed("sheet 'B'", "a hidden sheet"),),
    )
    view = view_of(opened)
    assert view.grids == (Grid("sheet 'A'", ("region", "mean"), (("north", "1.5"), ("", "True")), 2),)
    assert (view.passages, view.pictures) == (opened.passages, opened.pictures)
    assert view.concealed == (Concealed("sheet 'B'", "a hidden sheet"),)
    assert view.left_out == ()


def test_files_inside_files_are_shown_with_their_names() -> None:
    inner = Opened(passages=(Passage("line 1", "secret"),), inner=(("deep.txt", "text", Opened()),))
    opened = Opened(inner=(("a.zip", "zip", Opened(inner=(("b.txt", "text", inner),))),))
    assert view_of(opened).passages == (Passage("a.zip: b.txt: line 1", "secret"),)


def test_nesting_without_end_is_cut() -> None:
    opened = Opened(passages=(Passage("here", "x"),))
    for _ in range(50):
        opened = Opened(inner=(("a.zip", "zip", opened),))
    assert view_of(opened).passages == ()


@pytest.mark.parametrize(
    ("opened", "left_out"),
    [
        (Opened(grids=(Grid("g", (), (("1",),) * 2_500),)), "500 more rows of tables"),
        (Opened(grids=(Grid("g", (), (("1",),)),) * 25), "5 more tables"),
        (Opened(grids=(Grid("g", (), (("1",) * 101,)),)), "columns of a table beyond the first 100"),
        (Opened(passages=(Passage("p", "x" * 200_007),)), "7 more characters of text"),
        (Opened(passages=(Passage("p", "x"),) * 203), "3 more passages"),
        (Opened(pictures=(PICTURE,) * 22), "2 more pictures"),
        (Opened(pictures=(Picture("p", 1, 1, b"x" * (8 * 2**20 + 1)), PICTURE)), "1 more pictures"),
        (Opened(concealed=(Concealed("p", "x"),) * 204), "4 more hidden things"),
    ],
)
def test_what_is_left_out_is_said(opened: Opened, left_out: str) -> None:
    view = view_of(opened)
    assert left_out in view.left_out
    assert len(json.dumps(view.to_json())) < 12 * 2**20


def test_long_cells_are_cut_with_a_sign() -> None:
    (grid,) = view_of(Opened(grids=(Grid("g", ("h" * 400,), (("v" * 400,),)),))).grids
    assert grid.header[0].endswith("…")
    assert grid.rows[0][0] == "v" * 300 + "…"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("pay\u202efdp.exe", "pay⟨U+202E⟩fdp.exe"),
        ("a\u200bb\x00c", "a⟨U+200B⟩b⟨U+0000⟩c"),
        ("tab\there\nnext", "tab\there\nnext"),
        ("lone \ud800", "lone ⟨U+D800⟩"),
        ("née Łódź 日本", "née Łódź 日本"),
    ],
)
def test_characters_that_nobody_sees_are_written_out(text: str, shown: str) -> None:
    assert seen(text) == shown


@pytest.mark.parametrize(
    ("kind", "opened", "clean"),
    [
        ("png", Opened(pictures=(PICTURE,)), b"\x89PNG"),
        ("jpeg", Opened(pictures=(PICTURE,)), b"\x89PNG"),
        ("png", Opened(), None),
        ("png", Opened(pictures=(PICTURE, PICTURE)), None),
        ("pdf", Opened(pictures=(PICTURE,)), None),
        ("xlsx", Opened(pictures=(PICTURE,), grids=(Grid("g", (), ()),)), None),
    ],
)
def test_only_picture_files_leave_drawn_anew(kind: str, opened: Opened, clean: bytes | None) -> None:
    assert clean_copy(kind, opened) == clean


TEXTS = st.text(max_size=30)
CELLS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
GRIDS = st.builds(
    Grid,
    TEXTS,
    st.lists(TEXTS, max_size=3).map(tuple),
    st.lists(st.lists(CELLS, max_size=3).map(tuple), max_size=3).map(tuple),
)
OPENED = st.builds(
    Opened,
    grids=st.lists(GRIDS, max_size=2).map(tuple),
    passages=st.lists(st.builds(Passage, TEXTS, TEXTS, st.booleans()), max_size=2).map(tuple),
    pictures=st.lists(st.builds(Picture, TEXTS, st.integers(1, 9), st.integers(1, 9), st.binary()), max_size=2).map(
        tuple
    ),
    concealed=st.lists(st.builds(Concealed, TEXTS, TEXTS), max_size=2).map(tuple),
)


@given(OPENED)
def test_view_is_written_and_read_back_as_it_was(opened: Opened) -> None:
    view = view_of(opened)
    assert View.from_json(json.loads(json.dumps(view.to_json(), allow_nan=False))) == view


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {**View().to_json(), "grids": [["place"]]},
        {**View().to_json(), "passages": 3},
        {**View().to_json(), "pictures": [["p", 1, 1, "not base64!"]]},
        {**View().to_json(), "pictures": [["p", "x", 1, ""]]},
    ],
)
def test_anything_else_is_no_view(document: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        View.from_json(document)


def test_mutation_without_bounds_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 10**9)
    with pytest.raises(AssertionError):
        test_what_is_left_out_is_said(Opened(grids=(Grid("g", (), (("1",),) * 2_500),)), "500 more rows of tables")
