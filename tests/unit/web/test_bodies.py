"""What a body may be: nothing surprising, nothing deep, nothing twice."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from saferoom.errors import BadInputError
from saferoom.hub.web.shell.bodies import parse_json, read_fields, read_form


def test_json_object_is_read() -> None:
    assert parse_json(b'{"query": {"statistic": "frequency", "by": ["a]"]}}') == {
        "query": {"statistic": "frequency", "by": ["a]"]}
    }


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[]", "must be a JSON object"),
        (b"", "not valid JSON"),
        (b'{"a": 1', "not valid JSON"),
        (b'{"a": 1, "a": 2}', "names a key twice"),
        (b'{"a": NaN}', "not finite"),
        (b'{"a": Infinity}', "not finite"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not valid JSON"),
        (b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}", "nested more than"),
    ],
)
def test_json_that_is_wrong_is_refused_with_a_sentence(body: bytes, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        parse_json(body)


def test_json_of_a_million_brackets_is_refused_without_a_stack_overflow() -> None:
    with pytest.raises(BadInputError, match="nested"):
        parse_json(b'{"a":' + b"[" * 1_000_000)


def test_brackets_inside_texts_do_not_count_as_depth() -> None:
    assert parse_json(b'{"a": "' + b"[{" * 100 + b'\\"[["}')


@given(st.binary(max_size=300))
def test_parser_never_crashes(body: bytes) -> None:
    with suppress(BadInputError):
        assert isinstance(parse_json(body), dict)


def _form(body: bytes, kind: str = "application/x-www-form-urlencoded") -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", kind.encode())]}
    return Request(scope, receive)


@pytest.mark.anyio
async def test_form_is_read() -> None:
    assert await read_form(_form(b"comment=a+b%C3%A4&choice=")) == {"comment": "a bä", "choice": ""}
    assert await read_form(_form(b"")) == {}


@pytest.mark.anyio
@pytest.mark.parametrize(
    "request_",
    [
        _form(b"a=1&a=2"),
        _form(b"a"),
        _form(b"a=\xff"),
        _form(b"a=%ff"),
        _form(b"a=1", "multipart/form-data; boundary=x"),
        _form(b"a=1", "text/plain"),
        _form(b"&".join(b"a%d=1" % n for n in range(100))),
    ],
)
async def test_form_that_is_wrong_is_refused(request_: Request) -> None:
    with pytest.raises(BadInputError):
        await read_form(request_)


@pytest.mark.anyio
async def test_form_with_repeated_fields_keeps_every_value_in_order() -> None:
    assert await read_fields(_form(b"v=pay&title=x&v=age")) == {"v": ("pay", "age"), "title": ("x",)}


@pytest.mark.anyio
async def test_form_with_more_fields_than_any_of_ours_is_refused() -> None:
    with pytest.raises(BadInputError):
        await read_fields(_form(b"&".join(b"v=%d" % n for n in range(1_001))))
