"""Files of records: Parquet, CSV or TSV, read strictly into an Arrow table, in the order of the file.

In text files a column is whole numbers where every value is one (and none begins with a needless zero, as codes do),
numbers where every value is one, else text; an empty field is a missing value. Messages never quote the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from saferoom.disclosure.microdata.columns import check_wanted
from saferoom.disclosure.queries.files import PARQUET, described, reader, separator_of
from saferoom.disclosure.queries.source import Source
from saferoom.errors import BadInputError

_WHOLE = r"^-?(0|[1-9][0-9]{0,17})$"
_CODE = r"^-?0[0-9]"


def column_names(file: Path) -> list[str]:
    """Return the names of the columns of `file` without reading its records.

    Raises
    ------
    BadInputError
        When it is missing, empty or not what its name says.
    """
    source = _checked(file)
    with _Sentences(file):
        if file.suffix.lower() in PARQUET:
            from pyarrow import parquet

            return list(parquet.read_schema(file).names)
        return _text_names(source)


def read_records(
    file: Path, names: Sequence[str] | None = None, *, missing: Sequence[str] = (), what: str | None = None
) -> Any:
    """Read the columns `names` of `file`, or all of them.

    Parameters
    ----------
    missing : sequence of str
        Further texts that stand for a missing value in text files, such as "NA".
    what : str, optional
        What error messages about unknown columns begin with; the file's name when left out.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    BadInputError
        When the file cannot be read, or has no column of such a name, or two.
    """
    present = column_names(file)
    wanted = list(dict.fromkeys(present if names is None else names))
    check_wanted(present, wanted, what or f"the file {file.name}")
    with _Sentences(file):
        if file.suffix.lower() in PARQUET:
            from pyarrow import parquet

            table = parquet.read_table(file, columns=wanted)
            return table.select(wanted)
        return _text_records(Source(file.stem, file), wanted, present, missing)


def _checked(file: Path) -> Source:
    source = Source(file.stem, file)
    try:
        reader(source, file, whole=False)  # says what is wrong with a file that is none of these
    except BadInputError as error:
        raise BadInputError(error.message.replace(described(source), f"the file {file.name}")) from None
    return source


class _Sentences:
    """Turns errors of reading a file, whose texts may quote it, into a sentence that does not."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        import pyarrow as pa

        if isinstance(error, pa.ArrowException | OSError | UnicodeDecodeError):
            said = (
                "it is damaged or not a Parquet file"
                if self._file.suffix.lower() in PARQUET
                else "it must have one header line and the same number of columns in every line, in UTF-8"
            )
            raise BadInputError(f"the file {self._file.name} cannot be read: {said}") from None


def _text_names(source: Source) -> list[str]:
    from pyarrow import csv

    with source.path.open("rb") as stream:
        if stream.read(3) != b"\xef\xbb\xbf":
            stream.seek(0)
        return list(csv.open_csv(stream, parse_options=_parse(source)).schema.names)


def _parse(source: Source) -> Any:
    from pyarrow import csv

    return csv.ParseOptions(delimiter=separator_of(source), newlines_in_values=True, ignore_empty_lines=False)


def _text_records(source: Source, wanted: Sequence[str], present: Sequence[str], missing: Sequence[str]) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    convert = csv.ConvertOptions(
        column_types=dict.fromkeys(present, pa.string()),
        include_columns=list(wanted),
        strings_can_be_null=True,
        null_values=["", *missing],
        quoted_strings_can_be_null=True,
    )
    table = csv.read_csv(source.path, parse_options=_parse(source), convert_options=convert)
    return pa.table({name: _typed(table.column(name)) for name in wanted})


def _typed(values: Any) -> Any:
    """Return texts as whole numbers or numbers where all of them are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    told = values.drop_null()
    if not len(told):
        return values
    distinct = pc.unique(told)
    if pc.all(pc.match_substring_regex(distinct, _WHOLE)).as_py():
        return values.cast(pa.int64())
    if pc.any(pc.match_substring_regex(distinct, _CODE)).as_py():
        return values
    try:
        numbers = values.cast(pa.float64())
    except pa.ArrowInvalid:
        return values
    finite = pc.all(pc.is_finite(numbers.drop_null())).as_py()
    return numbers if finite else values
