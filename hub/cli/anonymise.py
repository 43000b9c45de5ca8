"""``saferoom anonymise``: protect a file of records by the steps of a plan, whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.cli.failing_closed import ended_in_order, failing_closed

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.plans.runner import Anonymised
    from saferoom.disclosure.microdata.plans.seeds import Seed

_SEED_BYTES = 32
_MOST_SEED_BYTES = 4096
_ENDINGS = {".csv": ",", ".tsv": "\t", ".parquet": None, ".pq": None}
_PRIVATE = 0o600


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("anonymise")(anonymise)


def anonymise(
    data: Path = typer.Argument(help="The records: Parquet, CSV or TSV."),
    plan: Path = typer.Argument(help="The plan, YAML or JSON: keys, steps, limits ..."),
    out: Path = typer.Option(..., "--out", help="The protected records: a .csv, .tsv or .parquet file."),
    seed: Path | None = typer.Option(
        None, "--seed", help="File of a secret seed and its salt: read when it is there, else made (keep it secret)."
    ),
    missing: list[str] = typer.Option([], "--missing", help="Text that stands for a missing value in CSV, such as NA."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document and nothing else."),
) -> None:
    """Protect records by a plan; exit 0, or 2 for bad input. Without --seed the seed is thrown away after use."""
    from saferoom.disclosure.microdata.plans.plan import read_plan
    from saferoom.hub.cli.query import text_of

    _check_out(out, [data, plan, *([] if seed is None else [seed])])
    read = read_plan(text_of(plan, "the plan"), plan.name)
    closed = failing_closed("the work", "nothing was written")
    with closed, ended_in_order(), _seed(seed) as secret, _whole_or_nothing(out) as temporary:
        from saferoom.disclosure.microdata.files import read_records
        from saferoom.disclosure.microdata.plans.runner import anonymise as protect
        from saferoom.hub.cli.suppress_progress import shown_progress

        records = read_records(data, missing=missing)
        with shown_progress("protecting the records") as progress:
            result = protect(records, read, secret, progress)
        _write(result.frame, temporary, out)
    if as_json:
        json.dump(result.document(), sys.stdout, allow_nan=False, ensure_ascii=False)
        print()
    else:
        print("\n".join(_lines(result, out)))


def _check_out(out: Path, given: list[Path]) -> None:
    """Say before the work what would be in its way after it."""
    if out.suffix.lower() not in _ENDINGS:
        raise BadInputError(f"--out: {out.name} must end in .csv, .tsv or .parquet")
    try:
        folder, there = out.is_dir(), out.parent.is_dir()
        same = out.exists() and any(file.exists() and out.samefile(file) for file in given)
    except OSError:
        raise BadInputError("--out: the file cannot be written; its name or folder cannot be used") from None
    if folder or not there:
        raise BadInputError(f"--out: {out} {'is a folder' if folder else 'is in no folder'}; name a file in one")
    if same:
        raise BadInputError(f"--out: {out} is what the records, the plan or the seed are read from; name another file")


@contextmanager
def _whole_or_nothing(out: Path) -> Iterator[Path]:
    """Yield a file beside `out` that takes its place once all of it is there."""
    try:
        handle, name = tempfile.mkstemp(dir=out.parent, prefix=".saferoom-", suffix=out.suffix.lower())
    except OSError:
        raise BadInputError(f"--out: the file {out} cannot be written") from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        try:
            temporary.replace(out)
        except OSError:
            raise BadInputError(f"--out: the file {out} cannot be written") from None
    finally:
        temporary.unlink(missing_ok=True)


def _write(frame: Any, temporary: Path, out: Path) -> None:
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


def _without_dictionaries(frame: Any) -> Any:
    import pyarrow as pa

    for place, column in enumerate(frame.schema):
        if pa.types.is_dictionary(column.type):
            frame = frame.set_column(place, column.name, frame.column(place).cast(column.type.value_type))
    return frame


@contextmanager
def _seed(file: Path | None) -> Iterator[Seed]:
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


def _lines(result: Anonymised, out: Path) -> Iterator[str]:
    from saferoom.hub.cli.text import table

    document = result.document()
    yield f"{document['records']:,} records protected in {len(document['steps'])} steps, written to {out}"
    yield ""
    yield table(
        ["step", "method", "what was done"], [[str(s["step"]), s["method"], s["note"]] for s in document["steps"]]
    )
    yield ""
    before, after = document["risk"]["before"], document["risk"]["after"]
    rows = [
        [f"records below k = {k}", f"{before['below_k'][k]:,}", "0" if after is None else f"{after['below_k'][k]:,}"]
        for k in before["below_k"]
    ]
    for name in ("expected_reidentifications", "max_risk"):
        told = "none told" if after is None else f"{after[name]:,.4g}"
        rows.append([name.replace("_", " "), f"{before[name]:,.4g}", told])
    yield table(["risk", "before", "after"], rows)
    if document["draws"]:
        yield ""
        yield f"seed commitment (SHA-256): {document['seed_commitment']}"
