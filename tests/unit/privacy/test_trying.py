"""What can always be computed is computed as it is; whatever else, with nothing in place of what fails."""

from __future__ import annotations

import duckdb
import pytest

from saferoom.disclosure.privacy.trying import tried
from saferoom.disclosure.queries import language

TYPES = {"n": "INTEGER", "big": "BIGINT", "x": "DOUBLE", "f": "FLOAT", "t": "VARCHAR", "b": "BOOLEAN", "d": "DATE"}
WORST = {
    "n": "2147483647",
    "big": "9223372036854775807",
    "x": "'-inf'::DOUBLE",
    "f": "'nan'::FLOAT",
    "t": "'text'",
    "b": "true",
    "d": "DATE '9999-12-31'",
}


def _tried(text: str) -> str:
    return language.write(tried(language.parse_expression(text, "where"), TYPES))


@pytest.mark.parametrize(
    "text",
    [
        "n",
        "(x)",
        "n >= 16",
        "n > -5 and x < big",
        "not b or t = 'a'",
        "t in ('a', 'b')",
        "n between 1 and big",
        "d is null",
        "n / big",
        "x * 2 + n",
        "(n = 1) = b",
    ],
)
def test_what_cannot_fail_is_left_as_it_is_and_does_not_fail(text: str) -> None:
    assert "TRY" not in _tried(text)
    columns = ", ".join(f"{value}::{TYPES[name]} AS {name}" for name, value in WORST.items())
    for where in ("true", "false"):
        duckdb.execute(f"SELECT {_tried(text)} FROM (SELECT {columns}) WHERE {where}").fetchall()


@pytest.mark.parametrize(
    "text",
    [
        "t = 5",
        "t < n",
        "n in (1, 'a')",
        "big + 1",
        "n * n",
        "n // 2",
        "n % n",
        "cast(t as int)",
        "abs(n)",
        "d = '2020'",
        "unknown = 1",
        "n > 12345678901234567890",
        "case when t = 5 then 1 end",
        "n = 1 and cast(t as int) = 1",
        "-big",
        "left(t, big)",
        "t = -'5'",
    ],
)
def test_what_may_fail_is_tried(text: str) -> None:
    assert _tried(text).startswith("TRY(")
