"""``saferoom link``: link the files of a plan, or find records of one file that are of the same entity."""

# ruff: noqa: S608 - SQL is put together from names of our own and quoted ones
from __future__ import annotations

import fcntl
import glob
import importlib
import json
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.cli.failing_closed import ended_in_order, failing_closed

if TYPE_CHECKING:
    import duckdb

    from saferoom.projects.linkage.linked import Linked
    from saferoom.projects.linkage.plan import LinkPlan
    from saferoom.projects.linkage.quality import QualityPack
    from saferoom.projects.linkage.quality_model import Estimate

_BATCH = 100_000
_NOT_TOLD = "(not told)"
"""Stands for what the quality pack leaves blank."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("link")(link)


def link(
    plan: Path = typer.Argument(help="The link plan, YAML or JSON: datasets, fields, link_type, threshold ..."),
    out: Path = typer.Option(..., "--out", help="New or empty folder for the spine, pairs, model and quality pack."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document and nothing else."),
) -> None:
    """Link, cluster and tell the quality of it; exit 0, or 2 for bad input."""
    from saferoom.hub.cli.query import text_of
    from saferoom.projects.linkage.plan import read_plan

    read = read_plan(text_of(plan, "the plan"), plan.name)
    with failing_closed("the work", "nothing was written"), ended_in_order(), _whole_or_nothing(out) as folder:
        document = _linked(read, plan.parent, folder)
    if as_json:
        json.dump(document, sys.stdout, allow_nan=False)
        print()
    else:
        _report(document, out)


@contextmanager
def _whole_or_nothing(out: Path) -> Iterator[Path]:
    """Yield a folder beside `out` that takes its place once all of it is there; one run at a time works for `out`."""
    with ExitStack() as held:
        try:
            target = out.absolute()
            target.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(_alone(target))
            if out.is_symlink() or (out.exists() and not out.is_dir()) or (out.is_dir() and any(out.iterdir())):
                raise BadInputError(f"--out: {out} exists and is not an empty folder; name a new one")
            staging = held.enter_context(_staging(target))
        except (OSError, ValueError):
            raise BadInputError(
                "--out: the folder cannot be made; its name or the folder it is in cannot be used"
            ) from None
        yield staging
        try:
            staging.replace(target)
        except OSError:
            raise UnavailableError("the result cannot be written to --out; nothing was written") from None


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Hold the lock of a result's folder; the kernel gives it back however the process ends.

    Raises
    ------
    UnavailableError
        Another run holds it.
    """
    lock = target.with_name(f".{target.name}.lock")
    held = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(held).st_ino != lock.stat().st_ino:
                raise FileNotFoundError  # whoever held it just now has ended and removed it
        except (BlockingIOError, FileNotFoundError):
            raise UnavailableError(
                f"another run of saferoom link writes to {target.name} just now; nothing was written. Wait until it is "
                "done, or name another folder with --out"
            ) from None
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)
    finally:
        os.close(held)


@contextmanager
def _staging(target: Path) -> Iterator[Path]:
    """Yield a new folder, and remove it, or what became of it, afterwards."""
    prefix = f".{target.name}.staging-"
    for left in target.parent.glob(f"{glob.escape(prefix)}*"):
        shutil.rmtree(left, ignore_errors=True)  # a run that was killed; nobody else works for this folder
    staging = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _linked(plan: LinkPlan, folder: Path, out: Path) -> dict[str, Any]:
    from saferoom.projects.linkage.linking import link as link_records

    engine = _engine(plan)
    with engine.opened(plan, folder) as (connection, records):
        made = link_records(connection, records, plan, _progress())
        pack = _quality(connection, records, plan, made)
        return _write(connection, plan, made, pack, out)


def _engine(plan: LinkPlan) -> Any:
    """Return the module of the plan's engine, whose `opened` reads the files."""
    try:
        return importlib.import_module(f"saferoom.projects.linkage.engine_{plan.engine.value}")
    except ImportError:
        raise UnavailableError(
            f"the engine '{plan.engine.value}' is not installed here: pip install saferoom[{plan.engine.value}], or "
            "write 'engine: duckdb'"
        ) from None


def _progress() -> Callable[[str, float], None]:
    """Return what tells each step once, on standard error."""
    told: set[str] = set()

    def tell(what: str, share: float) -> None:
        if what in told and share in {0.0, 1.0}:
            return
        told.add(what)
        done = f", {100 * share:.0f} %" if share > 0 else ""
        print(f"saferoom: {what}{done}", file=sys.stderr, flush=True)

    return tell


def _quality(
    connection: duckdb.DuckDBPyConnection, records: dict[str, str], plan: LinkPlan, made: Linked
) -> QualityPack:
    """Make the quality pack on a connection of its own: its checker writes files, which the linker's forbids."""
    from dataclasses import replace

    import duckdb

    from saferoom.projects.linkage.quality import About, LinkedTables, quality_pack
    from saferoom.projects.linkage.standardising import literal, quoted

    selects = []
    for source, relation in records.items():
        there = {row[0] for row in connection.execute(f"describe {relation}").fetchall()}
        columns = [f"{quoted(c) if c in there else 'null'}::varchar as {quoted(c)}" for c in plan.groups]
        selects.append(f"select {', '.join([f'{literal(source)} as source', 'record_id', *columns])} from {relation}")
    tables = {
        "grouped": " union all ".join(selects),
        "pairs": f"from {made.pairs}",
        "clusters": f"from {made.clusters}",
    }
    with tempfile.TemporaryDirectory(prefix="saferoom-link-") as scratch, duckdb.connect(":memory:") as own:
        # What does not fit in memory would else be put below the folder that somebody happens to be in.
        own.execute("SET temp_directory = ?", [scratch])
        own.execute("SET temp_file_encryption = true")
        for name, sql in tables.items():
            own.register("handed", connection.sql(sql).to_arrow_reader(_BATCH))
            own.execute(f"create table {name} as from handed")
            own.unregister("handed")
        # Probabilities compete already where a record has one partner.
        about = replace(About.of(plan, made, list(records), version="1"), one_partner=())
        return quality_pack(own, LinkedTables("grouped", "pairs", "clusters"), about).pack


def _write(
    connection: duckdb.DuckDBPyConnection, plan: LinkPlan, made: Linked, pack: QualityPack, out: Path
) -> dict[str, Any]:
    from saferoom.projects.linkage.spine import Known, settle
    from saferoom.projects.linkage.weights import band_sql

    settled = settle(connection, Known(), made.clusters, 1, lambda n: [secrets.token_hex(16) for _ in range(n)])
    spine = (
        "select source, record_id, entity_id, match_weight_band, match_pass, match_probability "
        f"from {settled.spine} order by source, record_id"
    )
    _parquet(connection, spine, out / "spine.parquet")
    _parquet(
        connection,
        f"select *, {band_sql('match_weight')} as match_weight_band from {made.pairs} "
        "order by source_l, record_id_l, source_r, record_id_r",
        out / "pairs.parquet",
    )
    # What the pack leaves blank is told nowhere beside it.
    blocking = [
        {"rule": c.rule, "pairs": pack.count(c.pairs), "left_out": pack.count(c.left_out), "used": c.used}
        for c in made.blocking
    ]
    summary = pack.summary()
    document = {
        "counts": pack.counts(made.counts),
        "threshold": made.threshold,
        "estimated_precision": _value(pack.precision),
        "estimated_recall": _value(pack.recall),
        "by_group": _by_group(summary["by_group"], plan.groups),
        "by_source": summary["by_group"],
        "sentences": summary["sentences"],
        "blocking": [one for one in blocking if one["used"]],
        "warnings": list(made.warnings),
    }
    _json(out / "model.json", made.model)
    _json(out / "blocking.json", blocking)
    _json(out / "quality.json", pack.document())
    (out / "quality.md").write_text(pack.markdown(), encoding="utf-8")
    document["files"] = sorted([*(file.name for file in out.iterdir()), "summary.json"])
    _json(out / "summary.json", document)
    return document


def _value(found: Estimate | None) -> float | None:
    return None if found is None else found.value


def _by_group(by_source: dict[str, dict[str, dict[str, Any]]], groups: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Return column -> value -> rates, of the first dataset that has the column; empty where nothing may be shown."""
    found: dict[str, dict[str, Any]] = {column: {} for column in groups}
    for source, columns in by_source.items():
        for column, values in columns.items():
            if values and not found[column]:
                found[column] = {label: {"source": source, **rates} for label, rates in values.items()}
    return found


def _parquet(connection: duckdb.DuckDBPyConnection, sql: str, file: Path) -> None:
    import pyarrow.parquet

    reader = connection.sql(sql).to_arrow_reader(_BATCH)
    with pyarrow.parquet.ParquetWriter(file, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)


def _json(file: Path, document: Any) -> None:
    file.write_text(json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False) + "\n", encoding="utf-8")


def _report(document: dict[str, Any], out: Path) -> None:
    counts = document["counts"]
    for source, count in counts["records"].items():
        print(f"{source}: {_number(count)} records")
    pairs, links, entities = (_number(counts[name]) for name in ("candidate_pairs", "links", "entities"))
    print(f"{pairs} pairs compared, {links} links, {entities} entities")
    for what in ("precision", "recall"):
        value = document[f"estimated_{what}"]
        print(f"estimated {what}: {_NOT_TOLD if value is None else f'{value:.3f}'}")
    for sentence in [*document["sentences"], *document["warnings"]]:
        print(f"- {sentence}")
    print(f"written to {out}: {', '.join(document['files'])}")


def _number(count: int | None) -> str:
    return _NOT_TOLD if count is None else f"{count:,}"
