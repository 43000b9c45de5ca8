"""Files of records that a command writes, whole or not at all, and the secret seed that they were made from."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saferoom.errors import BadInputError, UnavailableError

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.plans.seeds import Seed

_SEED_BYTES = 32
_MOST_SEED_BYTES = 4096
_ENDINGS = {".csv": ",", ".tsv": "\t", ".parquet": None, ".pq": None}
_PRIVATE = 0o600
PAGES = (".html", ".htm")
"""What the name of a page may end in."""


def check_out(
    out: Path, given: Sequence[Path], endings: Collection[str] = tuple(_ENDINGS), option: str = "--out"
) -> None:
    """Say before the work what would be in its way after it.

    Parameters
    ----------
    given : sequence of Path
        Files that the work reads, or writes besides.
    endings : collection of str
        What the name may end in.

    Raises
    ------
    BadInputError
    """
    if out.suffix.lower() not in endings:
        allowed = ".html" if ".html" in endings else ".csv, .tsv or .parquet"
        raise BadInputError(f"{option}: {out.name} must end in {allowed}")
    try:
        folder, there = out.is_dir(), out.parent.is_dir()
        same = any(_same(out, file) for file in given)
    except OSError:
        raise BadInputError(f"{option}: the file cannot be written; its name or folder cannot be used") from None
    if folder:
        raise BadInputError(f"{option}: {out} is a folder; name a file in one")
    if not there:
        raise BadInputError(f"{option}: there is no folder {out.parent}; make it first, or name a file elsewhere")
    if same:
        raise BadInputError(f"{option}: {out} is a file that the work reads, or writes besides; name another file")


def _same(out: Path, other: Path) -> bool:
    if out.exists() and other.exists():
        return out.samefile(other)
    return out.absolute() == other.absolute()


@contextmanager
def whole_or_nothing(out: Path, option: str = "--out") -> Iterator[Path]:
    """Yield a file beside `out` that takes its place once all of it is there."""
    try:
        handle, name = tempfile.mkstemp(dir=out.parent, prefix=".saferoom-", suffix=out.suffix.lower())
    except OSError:
        raise BadInputError(f"{option}: the file {out} cannot be written") from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        try:
            temporary.replace(out)
        except OSError:
            raise BadInputError(f"{option}: the file {out} cannot be written") from None
    finally:
        temporary.unlink(missing_ok=True)


def write(frame: Any, temporary: Path, out: Path) -> None:
    """Write an Arrow table into `temporary`, in the format that the name of `out` tells."""
    from pyarrow import csv, parquet

    separator = _ENDINGS[out.suffix.lower()]
    try:
        if separator is None:
            parquet.write_table(frame, temporary)
        else:
            plain = _without_dictionaries(frame)
            csv.write_csv(plain, temporary, csv.WriteOptions(delimiter=separator, quoting_style="needed"))
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
    except OSError:
        raise UnavailableError(f"--out: the file {out} cannot be written; nothing was written") from None


def write_page(text: str, temporary: Path, out: Path) -> None:
    """Write a page into `temporary`, which its owner alone can read.

    Raises
    ------
    UnavailableError
        It cannot be written.
    """
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:
        raise UnavailableError(f"--report: the file {out} cannot be written; nothing was written") from None


def _without_dictionaries(frame: Any) -> Any:
    import pyarrow as pa

    for place, column in enumerate(frame.schema):
        if pa.types.is_dictionary(column.type):
            frame = frame.set_column(place, column.name, frame.column(place).cast(column.type.value_type))
    return frame


@contextmanager
def seed_of(file: Path | None) -> Iterator[Seed]:
    """Yield the seed of `file`, or a new one, which is kept in `file` once the work is done."""
    from saferoom.disclosure.microdata.plans.seeds import Seed

    if file is not None and file.exists():
        yield _read_seed(file)
        return
    made = Seed(secrets.token_bytes(_SEED_BYTES), secrets.token_bytes(_SEED_BYTES))
    if file is None:
        yield made
        return
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    except OSError:
        raise BadInputError(f"--seed: the file {file} cannot be written") from None
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            json.dump({"seed": made.secret.hex(), "salt": made.salt.hex()}, stream)
        yield made
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _read_seed(file: Path) -> Seed:
    from saferoom.disclosure.microdata.plans.seeds import Seed

    try:
        if file.stat().st_size > _MOST_SEED_BYTES:
            raise ValueError
        document = json.loads(file.read_text(encoding="ascii"))
        return Seed(bytes.fromhex(document["seed"]), bytes.fromhex(document["salt"]))
    except BadInputError as error:
        raise BadInputError(f"--seed: {error.message}") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise BadInputError(
            f'--seed: {file.name} is not a seed; it holds {{"seed": ..., "salt": ...}} in hexadecimal digits'
        ) from None
