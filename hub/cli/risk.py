"""``saferoom risk``: how likely people in a file of records are found, and who stands out."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from saferoom.errors import BadInputError
from saferoom.hub.cli.failing_closed import failing_closed

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.risk.asked import Asked
    from saferoom.disclosure.microdata.risk.perturbed import PerturbedRisk
    from saferoom.disclosure.microdata.risk.report import Population, RiskReport


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("risk")(risk)


def risk(
    data: Path = typer.Argument(help="The records: Parquet, CSV or TSV."),
    keys: list[str] = typer.Option(
        ..., "--keys", help="Key variables, a,b,c: what somebody outside may know of a person."
    ),
    weight: str | None = typer.Option(
        None, "--weight", help="Column of sampling weights; without, the file is taken to be the population."
    ),
    household: str | None = typer.Option(None, "--household", help="Column of household ids."),
    sensitive: list[str] = typer.Option([], "--sensitive", help="Columns whose diversity within keys is measured."),
    population: Path | None = typer.Option(
        None, "--population", help="Counts of the population: a file with the key variables, one row per key or person."
    ),
    count: str | None = typer.Option(None, "--count", help="Its column of counts; without, one row is one person."),
    k: list[int] = typer.Option([], "--k", min=2, help="Count records that share their key with fewer than k - 1."),
    subset: list[str] = typer.Option(
        [], "--subset", help="Count these on fewer key variables too, a,b; give it again for further sets."
    ),
    c: float = typer.Option(2.0, "--c", help="c of recursive l-diversity, of --sensitive columns."),
    alpha: float = typer.Option(
        1.0, "--alpha", min=0, max=1, help="How much a match counts that only missing values allow."
    ),
    exact: bool = typer.Option(False, "--exact", help="Exact individual risk, not the published approximation."),
    fraction: float = typer.Option(0.01, "--fraction", help="Sampling fraction that DIS assumes."),
    largest: int | None = typer.Option(
        None, "--largest", min=1, help="Most variables of a minimal sample unique (all, where that is feasible)."
    ),
    model: str = typer.Option(
        "none", "--model", help="Log-linear model of the whole file's risk: none, main, two-way, auto."
    ),
    original: Path | None = typer.Option(
        None, "--original", help="The file before its numbers were perturbed, the same records in the same order."
    ),
    numbers: list[str] = typer.Option([], "--numbers", help="Perturbed columns of numbers, compared with --original."),
    explain: int = typer.Option(0, "--explain", min=0, help="Explain that many special uniques, with their values."),
    missing: list[str] = typer.Option([], "--missing", help="Text that stands for a missing value in CSV, such as NA."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON document and nothing else."),
) -> None:
    """Report the risk of records; exit 0, or 2 for bad input. Only whoever may see the records may see --explain."""
    from saferoom.disclosure.microdata.risk.asked import Asked
    from saferoom.disclosure.microdata.risk.individual import Method

    work = _Work(data, tuple(missing), population, count, original, tuple(listed(numbers)))
    with failing_closed("the work", "nothing was judged"):
        present = work.column_names()
        asked = Asked(
            keys=tuple(listed(keys, present)),
            weight=weight,
            household=household,
            sensitive=tuple(listed(sensitive, present)),
            ks=tuple(k),
            alpha=alpha,
            method=Method.EXACT if exact else Method.APPROXIMATE,
            largest=largest,
            fraction=fraction,
            c=c,
            subsets=tuple(tuple(listed([names], present)) for names in subset),
            model=model,
            explain=explain,
        )
        asked.check_columns(present, "--")
        report = work.done(asked)
    if as_json:
        json.dump(report.document(), sys.stdout, allow_nan=False, ensure_ascii=False)
        print()
    else:
        from saferoom.hub.cli.risk_report import lines

        print("\n".join(lines(report)))


def listed(given: Sequence[str], present: Sequence[str] = ()) -> list[str]:
    """Return names that were given one by one, or several with commas between; a column may have one in its name."""
    return [name.strip() for item in given for name in ([item] if item in present else item.split(",")) if name.strip()]


@dataclass(frozen=True)
class _Work:
    """The files of one report."""

    data: Path
    missing: tuple[str, ...]
    population: Path | None
    count: str | None
    original: Path | None
    numbers: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.count is not None and self.population is None:
            raise BadInputError("--count needs --population, the file with that column")
        if (self.original is None) != (not self.numbers):
            raise BadInputError("--original and --numbers go together: the file before, and the columns to compare")

    def column_names(self) -> list[str]:
        from saferoom.disclosure.microdata.files import column_names

        return column_names(self.data)

    def done(self, asked: Asked) -> RiskReport:
        from saferoom.disclosure.microdata.files import read_records
        from saferoom.disclosure.microdata.risk.report import assess, assess_patterns

        population = self._population(asked)
        if self._is_large() and asked.household is None and not asked.sensitive:
            from saferoom.disclosure.microdata.counted import count_patterns

            keys, found = count_patterns(self.data, asked.keys, asked.weight, what="--keys")
            keys.check_not_empty("--keys")
            report = assess_patterns(keys, found, asked, population)
        else:
            records = read_records(self.data, asked.columns, missing=self.missing)
            report = assess(records, asked, population)
        return replace(report, perturbed=self._perturbed())

    def _is_large(self) -> bool:
        from saferoom.disclosure.microdata.counted import MOST_IN_MEMORY
        from saferoom.disclosure.queries.files import PARQUET

        if self.data.suffix.lower() not in PARQUET:
            return False
        from pyarrow import parquet

        return bool(parquet.read_metadata(self.data).num_rows > MOST_IN_MEMORY)

    def _population(self, asked: Asked) -> Population | None:
        from saferoom.disclosure.microdata.files import read_records
        from saferoom.disclosure.microdata.risk.report import Population

        if self.population is None:
            return None
        names = [*asked.keys, *([] if self.count is None else [self.count])]
        return Population(read_records(self.population, names, missing=self.missing, what="--population"), self.count)

    def _perturbed(self) -> PerturbedRisk | None:
        from saferoom.disclosure.microdata.files import read_records
        from saferoom.disclosure.microdata.risk.perturbed import perturbed_risk

        if self.original is None:
            return None
        before = read_records(self.original, self.numbers, missing=self.missing, what="--numbers (--original)")
        after = read_records(self.data, self.numbers, missing=self.missing, what="--numbers")
        return perturbed_risk(before, after, self.numbers, "--numbers")
