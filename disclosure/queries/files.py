"""Data files before an engine sees them: what they are, and how exactly they are to be read.

Nothing is left to guessing that could skip or merge lines: the separator is taken from the header line, every line must
have as many fields, quotes are double quotes, and there are no comments.
"""

from __future__ import annotations

from pathlib import Path

from saferoom.disclosure.queries.source import Source
from saferoom.errors import BadInputError

PARQUET = frozenset({".parquet", ".pq"})
DELIMITED = frozenset({".csv", ".tsv"})
_HEAD_BYTES = 65_536
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def described(source: Source) -> str:
    """Return how messages call the file of `source`."""
    return f"the data file of {source.name}"


def reader(source: Source, link: Path, *, whole: bool) -> str:
    """Return the engine's table function that reads `source` through `link`.

    Parameters
    ----------
    whole : bool
        Find the columns' types from all lines, not from the first ones.

    Raises
    ------
    BadInputError
        When the file is missing, empty, or evidently not of the kind its name says.
    """
    suffix = source.path.suffix.lower()
    if suffix not in PARQUET | DELIMITED:
        raise BadInputError(f"{described(source)} must end in .parquet, .csv or .tsv")
    head = _head(source)
    path = str(link).replace("'", "''")
    if suffix in PARQUET:
        if head[:4] != b"PAR1":
            raise BadInputError(f"{described(source)} is not a Parquet file")
        return f"read_parquet('{path}')"
    if head[:2] in _UTF16 or b"\0" in head:
        raise BadInputError(f"{described(source)} is not text in UTF-8; save it as UTF-8")
    separator = separator_of(source)
    options = ["header = true", "skip = 0", "comment = ''", "quote = '\"'", "escape = '\"'", f"delim = '{separator}'"]
    options += ["strict_mode = true", "null_padding = false", "ignore_errors = false"]
    options += ["sample_size = -1"] if whole else []
    return f"read_csv('{path}', {', '.join(options)})"


def _head(source: Source) -> bytes:
    try:
        if not source.path.is_file():
            raise BadInputError(f"{described(source)} does not exist or is not a file")
        with source.path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError:
        raise BadInputError(f"{described(source)} cannot be read") from None
    if not head:
        raise BadInputError(f"{described(source)} is empty")
    return head


def separator_of(source: Source) -> str:
    """Return what stands between the fields of a CSV or TSV file, from its header line."""
    if source.path.suffix.lower() == ".tsv":
        return "\t"
    line = _head(source).split(b"\n", 1)[0]
    return max(",;\t|", key=lambda candidate: line.count(candidate.encode()))


def problem(source: Source, error: Exception) -> BadInputError:
    """Return a sentence for an engine's error while reading; the engine's own text may quote lines of the file."""
    text = str(error).lower()
    if source.path.suffix.lower() in PARQUET:
        said = "it is damaged or not a Parquet file"
    elif "invalid unicode" in text or "not utf-8" in text:
        said = "it is not text in UTF-8; save it as UTF-8"
    else:
        said = "it must be a table with one header line and the same number of columns in every line"
    return BadInputError(f"{described(source)} cannot be read: {said}")
