"""``saferoom synthesise``: make a synthetic twin of a file of records, whole or not at all."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from saferoom.errors import BadInputError
from saferoom.hub.cli.failing_closed import ended_in_order, failing_closed
from saferoom.hub.cli.record_files import check_out, seed_of, whole_or_nothing, write

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.synthetic.plan import SynthesisPlan
    from saferoom.disclosure.microdata.synthetic.synthesis import Synthesised

_WIDTH = 100


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("synthesise")(synthesise)


def synthesise(
    data: Path = typer.Argument(help="The records: Parquet, CSV or TSV."),
    out: Path = typer.Option(..., "--out", help="The twin: a .csv, .tsv or .parquet file."),
    fidelity: str | None = typer.Option(
        None, "--fidelity", help="low (each variable by itself, the default) or medium (sequential trees)."
    ),
    plan: Path | None = typer.Option(None, "--plan", help="Plan of the twin, YAML or JSON, instead of the options."),
    units: list[str] = typer.Option(
        [], "--units", help="Columns of ids of statistical units, a,b: what the threshold counts (else records)."
    ),
    keys: list[str] = typer.Option(
        [], "--keys", help="Key variables, a,b,c: what somebody outside may know of a person."
    ),
    sensitive: list[str] = typer.Option([], "--sensitive", help="What they would like to learn."),
    threshold: int | None = typer.Option(None, "--threshold", min=3, help="Units that share what is told (10)."),
    codelists: Path | None = typer.Option(
        None, "--codelists", help="Codelists, YAML or JSON {column: [code, ...]}: these codes are public."
    ),
    seed: Path | None = typer.Option(
        None, "--seed", help="File of a secret seed and its salt: read when it is there, else made (keep it secret)."
    ),
    missing: list[str] = typer.Option([], "--missing", help="Text that stands for a missing value in CSV, such as NA."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document and nothing else."),
) -> None:
    """Make a twin: a made-up file of the same shape; exit 0, or 2 for bad input or when its limits do not hold."""
    from saferoom.disclosure.microdata.synthetic.plan import read_codelists
    from saferoom.hub.cli.query import text_of

    check_out(out, [data, *(file for file in (plan, codelists, seed) if file is not None)])
    options = {
        "fidelity": fidelity,
        "units": _listed(units),
        "keys": _listed(keys),
        "sensitive": _listed(sensitive),
        "threshold": threshold,
    }
    read = _plan(plan, {name: value for name, value in options.items() if value})
    codes = None if codelists is None else read_codelists(text_of(codelists, "the codelists"), codelists.name)
    closed = failing_closed("the work", "nothing was written")
    with closed, ended_in_order(), seed_of(seed) as secret, whole_or_nothing(out) as temporary:
        from saferoom.disclosure.microdata.files import read_records
        from saferoom.disclosure.microdata.synthetic.synthesis import synthesise as make
        from saferoom.hub.cli.suppress_progress import shown_progress

        records = read_records(data, missing=missing)
        with shown_progress("counting who shares what") as progress:
            result = make(records, read, secret, codes, progress)
        write(result.twin.frame, temporary, out)
    if as_json:
        json.dump(result.document(), sys.stdout, allow_nan=False, ensure_ascii=False)
        print()
    else:
        print("\n".join(_lines(result, out)))


def _listed(given: Sequence[str]) -> list[str]:
    return [name.strip() for item in given for name in item.split(",") if name.strip()]


def _plan(file: Path | None, options: dict[str, Any]) -> SynthesisPlan:
    from saferoom.disclosure.microdata.synthetic.plan import SynthesisPlan, read_synthesis_plan
    from saferoom.disclosure.microdata.synthetic.twin import Fidelity
    from saferoom.hub.cli.query import text_of

    read = SynthesisPlan() if file is None else read_synthesis_plan(text_of(file, "the plan"), file.name)
    for name, value in options.items():
        if name in read.model_fields_set:
            raise BadInputError(f"--{name}: the plan names {name} as well; give one of the two")
        if isinstance(value, list) and (twice := [one for one in value if value.count(one) > 1]):
            raise BadInputError(f"--{name}: '{twice[0]}' is named twice")
    kind = options.pop("fidelity", None)
    if kind is not None and kind not in set(Fidelity):
        raise BadInputError("--fidelity: must be low or medium")
    told = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
    return read.model_copy(update=told | ({} if kind is None else {"fidelity": Fidelity(kind)}))


def _lines(result: Synthesised, out: Path) -> Iterator[str]:
    from saferoom.hub.cli.text import table

    document = result.document()
    yield f"{document['records']:,} made-up records ({document['made_with']}), written to {out}"
    yield ""
    rows = [[name, told["role"], told.get("note", "")] for name, told in document["columns"].items()]
    yield table(["column", "role", "what was done"], rows)
    yield ""
    if result.utility is not None:
        yield from textwrap.wrap(result.utility.verdict, _WIDTH)
    yield from textwrap.wrap(f"Not kept: {document['not_kept']}.", _WIDTH)
    yield ""
    yield from textwrap.wrap(document["statistical_disclosure_check"], _WIDTH)
    yield f"seed commitment (SHA-256): {document['seed_commitment']}"
