"""YAML documents: plain values with line numbers, and everything else refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saferoom.errors import BadInputError
from saferoom.policies.document import DEEPEST_NESTING, LONGEST_TEXT, read_document, read_documents, written


def test_document_with_every_kind_of_scalar_reads_as_yaml_1_2() -> None:
    text = "a: 1\nb: -2.5e3\nc: true\nd: ~\ne: no\nf: 2027-01-01\ng: '007'\nh: [x, 'y']\ni: |\n  line\nj:\n"
    assert read_document(text, "f").value == {
        "a": 1,
        "b": -2500.0,
        "c": True,
        "d": None,
        "e": "no",
        "f": "2027-01-01",
        "g": "007",
        "h": ["x", "y"],
        "i": "line\n",
        "j": None,
    }


def test_document_in_json_reads_as_the_same_values() -> None:
    assert read_document('{"a": [1, 2.0, "x", null, false]}', "f").value == {"a": [1, 2.0, "x", None, False]}


def test_document_knows_the_line_of_every_value() -> None:
    document = read_document("a: 1\nb:\n  - x\n  - y: 2\n", "f.yaml")
    assert document.at(("b", 1, "y")) == "f.yaml, line 4"
    assert document.at(("b", 1, "missing")) == "f.yaml, line 4"
    assert document.at(("missing",)) == "f.yaml, line 1"


def test_documents_in_one_file_are_separate_and_empty_ones_are_skipped() -> None:
    documents = read_documents("---\na: 1\n---\n---\nb: 2\n", "f")
    assert [document.value for document in documents] == [{"a": 1}, {"b": 2}]
    assert documents[1].at(("b",)) == "f, line 5"


def test_documents_in_an_empty_file_are_none() -> None:
    assert read_documents("# nothing\n", "f") == ()


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\na: 2\n", 2, "the key 'a' stands twice; the first is on line 1"),
        ("a:\n  b: 1\n  b: 1\n", 3, "stands twice"),
        ("x: 1\na: .nan\n", 2, "finite"),
        ("a: -.inf\n", 1, "finite"),
        ("a: 1e999\n", 1, "finite"),
        ("a: 010\n", 1, "leading zeros"),
        ("a: 9999999999999999999\n", 1, "more than 18 digits"),
        ("a: &x 1\nb: 2\n", 1, "anchors and aliases"),
        ("a: 1\nb: &x [1]\nc: *x\n", 2, "anchors and aliases"),
        ("a: !!python/object/apply:os.system [true]\n", 1, "tags are not allowed"),
        ("a: !!str 1\n", 1, "tags are not allowed"),
        ("a: ! 1\n", 1, "tags are not allowed"),
        ("? [1]\n: 2\n", 1, "a key must be plain text"),
        ("&k a: 2\n", 1, "a key must be plain text"),
        ("a: b: c\n", 1, "this is not YAML"),
        ("a: [1\n", 2, "this is not YAML"),
        ("a: 'x\n", 2, "this is not YAML"),
        ("- a\n", 1, "expected `key: value` lines"),
        ("a\n", 1, "expected `key: value` lines"),
        ("a: " + "[" * (DEEPEST_NESTING + 2), 1, "levels deep"),
    ],
)
def test_document_with_something_surprising_is_refused_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(BadInputError, match=said) as caught:
        read_document(text, "f.yaml")
    assert caught.value.message.startswith(f"f.yaml, line {line}: ")


@pytest.mark.parametrize("text", ["", "a: 1\n---\nb: 2\n"])
def test_document_that_is_not_alone_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="expected one document"):
        read_document(text, "f")


def test_document_with_control_characters_is_refused() -> None:
    with pytest.raises(BadInputError, match="characters that YAML does not allow"):
        read_document("a: \x00", "f")


def test_document_larger_than_the_limit_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(BadInputError, match="larger than"):
        read_document("a" * (LONGEST_TEXT + 1), "f")


@pytest.mark.parametrize("text", ["𐀀", "a\\😀", "\\\\ud800\\udc00", "é", 'x"\\'])
def test_json_with_escaped_characters_reads_as_json_does(text: str) -> None:
    assert read_document(json.dumps({"m": text}), "q.json").value == {"m": text}


NUMBERS = ["1e308", "1e3", "0899", "-.5", "+7", "1.", "0x1f", "1_000", "12:30", ".inf", "-.INF", "no", "~", "null", ""]


@pytest.mark.parametrize("text", NUMBERS)
def test_text_that_looks_like_something_else_is_written_so_that_it_is_read_as_text(text: str) -> None:
    document = {"m": text, "list": [text, 1, 2.5, True, None], "n": 1e300}
    assert read_document(written(document), "f").value == document
    assert read_document(written(document, default_flow_style=True, width=10_000), "f").value == document


@given(st.from_regex(r"[-+]?[0-9._eExoa:]{1,6}", fullmatch=True))
def test_any_text_of_a_numbers_letters_stays_text(text: str) -> None:
    assert read_document(written({"m": text}), "f").value == {"m": text}
