"""``saferoom encode``: what a custodian sends that may not send identifiers; and linking two such files."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from saferoom.errors import BadInputError
from saferoom.hub.cli.failing_closed import failing_closed

_KEY_BYTES = 32
_FEWEST_DIFFERENT = 16
"""Of 32 random bytes about 30 are different."""
_OTHERS = 0o077
_NOT_ASCII = 0x80


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("encode")(encode)


def encode(
    plan: Path | None = typer.Argument(None, help="The plan, YAML or JSON: file, id, fields, salt ..."),
    key_file: Path | None = typer.Option(None, "--key-file", help="The secret that the custodians share."),
    out: Path | None = typer.Option(None, "--out", help="New file: encodings (Parquet), or links (Parquet)."),
    new_key: Path | None = typer.Option(None, "--new-key", help="Make a new secret in this file, and nothing else."),
    link: tuple[Path, Path] | None = typer.Option(
        None, "--link", help="Link two encoded files (needs no key): their record numbers go to --out."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document and nothing else."),
) -> None:
    """Encode identifiers under a shared secret, or link two encoded files; exit 0, or 2 for bad input."""
    with failing_closed("the work", "nothing was written"):
        if new_key is not None:
            if plan or key_file or out or link:
                raise BadInputError("--new-key makes a secret and nothing else; leave out the other options")
            _make_key(new_key)
            document: dict[str, Any] = {"key_file": new_key.name}
        elif link is not None:
            if plan or key_file:
                raise BadInputError("--link takes two encoded files and --out; it needs no plan and no key")
            with _whole_or_nothing(out) as file:
                document = _link(link[0], link[1], file)
        else:
            if plan is None or key_file is None:
                raise BadInputError("give a plan with --key-file and --out, or --link with two encoded files")
            with _whole_or_nothing(out) as file:
                document = _encode(plan, key_file, file)
    if as_json:
        print(json.dumps(document))
    else:
        for name, value in document.items():
            print(f"{name}: {value}")


@contextmanager
def _whole_or_nothing(out: Path | None) -> Iterator[Path]:
    """Yield a file beside `out` that takes its name once all of it is there."""
    if out is None:
        raise BadInputError("--out is missing; name the new file")
    if out.exists() or out.is_symlink():
        raise BadInputError("--out: there is a file of that name already; name a new one")
    if not out.parent.is_dir():
        raise BadInputError("--out: the folder does not exist; make it first")
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
        os.close(descriptor)
    except OSError:
        raise BadInputError("--out: the file cannot be written there") from None
    part = Path(name)
    try:
        yield part
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _make_key(file: Path) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(_KEY_BYTES) + "\n")
    except FileExistsError:
        raise BadInputError("--new-key: there is a file of that name already; a key is never overwritten") from None
    except OSError:
        raise BadInputError("--new-key: the file cannot be written there") from None


def _key(file: Path) -> bytes:
    """Read the secret: 64 hexadecimal digits or more, in a file that nobody else can read."""
    try:
        if file.stat().st_mode & _OTHERS:
            raise BadInputError("--key-file: others may read or write this file; take that away first (chmod 600)")
        key = bytes.fromhex(file.read_text(encoding="ascii").strip())
    except OSError:
        raise BadInputError("--key-file does not exist or cannot be read") from None
    except ValueError:
        raise BadInputError("--key-file must hold hexadecimal digits alone, as `--new-key` writes them") from None
    if len(key) < _KEY_BYTES:
        raise BadInputError(f"--key-file must hold at least {_KEY_BYTES} bytes; make one with `--new-key`")
    if len(set(key)) < _FEWEST_DIFFERENT or all(chr(byte).isprintable() and byte < _NOT_ASCII for byte in key):
        raise BadInputError("--key-file holds what somebody could guess, no random bytes; make one with `--new-key`")
    return key


def _encode(plan: Path, key_file: Path, out: Path) -> dict[str, Any]:
    from saferoom.hub.cli.query import text_of
    from saferoom.projects.linkage.bloom_files import encode_file, read_encoding_plan

    read = read_encoding_plan(text_of(plan, "the plan"), plan.name)
    return encode_file(read, plan.parent, _key(key_file), out)


def _link(left: Path, right: Path, out: Path) -> dict[str, Any]:
    """Link two encoded files; writes record_id_l, record_id_r and how much alike they are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from saferoom.projects.linkage.bloom_files import read_encoded, require_same
    from saferoom.projects.linkage.bloom_linking import link_encodings

    sides = read_encoded(left), read_encoded(right)
    require_same(*sides)
    found = link_encodings(sides[0].bits, sides[1].bits)
    ids = [pa.array(side.ids).take(pa.array(at)) for side, at in zip(sides, (found.left, found.right), strict=True)]
    columns = {"record_id_l": ids[0], "record_id_r": ids[1], "dice": found.dice, "probability": found.probability}
    table = pa.table(columns).sort_by([("record_id_l", "ascending")])
    pq.write_table(table, out)
    return {
        "records": [len(side.ids) for side in sides],
        "compared": found.compared,
        "links": len(found.left),
        "least_dice": round(found.least_dice, 4),
        "least_gap": round(found.least_gap, 4),
    }
