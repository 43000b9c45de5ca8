"""What the `linkage` benchmark links: FEBRL4 from the peer's library, and two synthetic files of any size.

The synthetic people are made by DuckDB from hashes of their numbers, so that they are the same everywhere. Nine in
ten of the left file are in the right one, with typing errors in 12 % of the values of each field, 2 % missing, 15 %
moved and 8 % of another surname.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from saferoom.errors import UnavailableError

Say = Callable[[str], None]
_HERE = Path(__file__).resolve().parent
_SYLLABLES = (
    "ba",
    "ri",
    "so",
    "me",
    "lan",
    "ter",
    "wick",
    "ham",
    "der",
    "son",
    "ka",
    "mo",
    "field",
    "ton",
    "ash",
    "el",
)
_MISSING, _TYPED, _MOVED, _RENAMED, _ABSENT = 2, 12, 15, 8, 10
"""Per cent."""
FEBRL = ("febrl4a.csv", "febrl4b.csv")


def febrl4(python: Path, folder: Path) -> tuple[Path, Path]:
    """Return the two FEBRL4 files, written by the peer's library on first use."""
    left, right = folder / FEBRL[0], folder / FEBRL[1]
    if not (left.exists() and right.exists()):
        words = [str(python), "-P", str(_HERE / "linkage_peers.py"), "--data", str(folder)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise UnavailableError(f"FEBRL4 could not be written (status {done.returncode})")
    return left, right


def synthetic(folder: Path, size: int, say: Say) -> tuple[Path, Path]:
    """Return two Parquet files of `size` people each, made on first use; the same `number` is the same person."""
    import duckdb

    left, right = (folder / f"linkage-{size}-{side}.parquet" for side in "ab")
    if left.exists() and right.exists():
        return left, right
    say(f"making two files of {size:,} people")
    # The right file has people of its own in place of those whom it does not have.
    absent = f"hash(i, 'absent') % 100 < {_ABSENT}"
    number = f"CASE WHEN {absent} THEN i + {size} ELSE i END"
    with duckdb.connect() as connection:
        connection.execute(_MACROS)
        for file, source, wrong in ((left, "i", False), (right, number, True)):
            part = file.with_suffix(".part")
            connection.execute(f"COPY ({_people(size, source, wrong=wrong)}) TO '{part}' (FORMAT parquet)")
            part.replace(file)
    return left, right


_SOUNDS = "[" + ", ".join(f"'{one}'" for one in _SYLLABLES) + "]"
_LETTER = "chr((97 + hash(n, f, 'letter') % 26)::INT)"
_MACROS = f"""
    CREATE MACRO share(n, f) AS (hash(n, f) % 1000000) / 1000000.0;
    CREATE MACRO syllable(k) AS ({_SOUNDS})[(1 + k % {len(_SYLLABLES)})::BIGINT];
    CREATE MACRO name(k) AS syllable(k) || syllable(k // 16) || CASE WHEN k % 3 = 0 THEN syllable(k // 256) ELSE '' END;
    CREATE MACRO common(n, f, many) AS floor(many * pow(share(n, f), 2.5))::BIGINT;
    CREATE MACRO typed(v, n, f) AS CASE WHEN hash(n, f, 'typed') % 100 >= {_TYPED} THEN v
        ELSE left(v, (hash(n, f, 'at') % length(v))::INT) || {_LETTER}
            || substr(v, (hash(n, f, 'at') % length(v))::INT + 1 + (hash(n, f, 'kind') % 2)::INT) END;
    CREATE MACRO spoilt(v, n, f, wrong) AS CASE WHEN NOT wrong THEN v
        WHEN hash(n, f, 'missing') % 100 < {_MISSING} THEN NULL ELSE typed(v, n, f) END;
"""


def _people(size: int, number: str, *, wrong: bool) -> str:
    """Return the query of a file; `number` is the SQL of a person's number from the row's."""
    said = "true" if wrong else "false"
    moved = f"CASE WHEN {said} AND hash(n, 'moved') % 100 < {_MOVED} THEN n + 500000000 ELSE n END"
    renamed = f"CASE WHEN {said} AND hash(n, 'renamed') % 100 < {_RENAMED} THEN n + 700000000 ELSE n END"
    columns = {
        "given_name": "name(common(n, 'given', 900))",
        "surname": f"name(common({renamed}, 'surname', 4000))",
        "date_of_birth": "strftime(DATE '1935-01-01' + (hash(n, 'born') % 30000)::INT, '%Y-%m-%d')",
        "sex": "CASE WHEN hash(n, 'sex') % 2 = 0 THEN 'F' ELSE 'M' END",
        "postcode": "printf('%c%c%d %d%c%c', (65 + home % 23)::INT, (65 + home // 23 % 23)::INT, "
        "1 + home // 529 % 20, home // 10580 % 9, (65 + home // 95220 % 20)::INT, (65 + home // 1904400 % 20)::INT)",
        "address": "(1 + home % 97)::TEXT || ' ' || name(home // 7 % 3000) || ' road'",
    }  # fmt: skip
    listed = ", ".join(f"spoilt({sql}, n, '{name}', {said}) AS {name}" for name, sql in columns.items())
    return f"""
        SELECT n::TEXT || '-{"b" if wrong else "a"}' AS rec_id, {listed} FROM (
            SELECT n, hash({moved}, 'home') % {max(size // 2, 1000)} AS home FROM (
                SELECT {number} AS n FROM range({size}) t(i))
        ) ORDER BY hash(n, '{said}')
    """  # noqa: S608
