"""``saferoom query`` for queries with differential privacy: the quote, a trial on made-up data, or a draw.

Whoever runs the command holds the data, so there is no budget that could be debited for them: they are told so. With a
history, the losses of what was committed to it are added up, which is the least that an honest custodian keeps.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from saferoom.errors import BadInputError
from saferoom.ids import Digest

if TYPE_CHECKING:
    from saferoom.disclosure.checker import Context
    from saferoom.disclosure.evaluation import Evaluation
    from saferoom.disclosure.queries.model import Query
    from saferoom.disclosure.queries.source import Source
    from saferoom.disclosure.verdict import Label
    from saferoom.hub.cli.history_folder import HistoryFolder

_NOT_DEBITED = (
    "No privacy budget was debited: it is kept where projects are, and whoever runs this command holds the data. Every "
    "run draws anew, and numbers drawn several times can be averaged: count each of them."
)
_TWIN = (
    "Made-up data: drawn from the columns' types and the query's codes and bounds; nothing was computed from a row, "
    "and no number is about anybody."
)
_DELTA = 1e-6


@dataclass(frozen=True)
class Wish:
    """What is wanted of a query with differential privacy: the numbers, where neither quote nor twin is.

    Attributes
    ----------
    commit : bool
        Whether what leaves is added to the history.
    charts : bool
        Whether the chart is to be written.
    """

    quote: bool = False
    twin: bool = False
    commit: bool = False
    charts: bool = False

    def check(self, query: Query) -> None:
        """Raise where these options do not fit together, or not with `query`."""
        given = [name for name, is_set in (("--quote", self.quote), ("--twin", self.twin)) if is_set]
        if given and not is_private(query):
            raise BadInputError(f"{given[0]}: belongs to queries with differential privacy (protect: {{method: dp}})")
        if len(given) > 1:
            raise BadInputError("--quote and --twin: take one of them; a trial says what the quote says, too")
        if given and self.charts:
            raise BadInputError(f"--charts: nothing of {given[0]} is a number of the data, so no picture is made of it")
        if given and self.commit:
            raise BadInputError(f"--commit: nothing of {given[0]} leaves, so there is nothing to commit")


def is_private(query: Query) -> bool:
    """Tell whether `query` asks for differential privacy."""
    from saferoom.disclosure.queries.forms import Method

    return query.protect.method is Method.DP


def evaluate(query: Query, context: Context, wish: Wish, folder: HistoryFolder | None) -> Evaluation:
    """Return the quote, the trial or what was drawn, and say on standard error what was paid."""
    from saferoom.disclosure.checker import check, draw
    from saferoom.disclosure.privacy.words import as_trial

    # Whoever has the files may name the codes of columns that no catalogue describes.
    context = replace(context, keys_from_query=True)
    quote = check(query, context)
    if wish.quote:
        return quote
    plan = _plan(quote)
    if wish.twin:
        typer.echo(_TWIN, err=True)
        plain = query.model_copy(update={"chart": None})
        with _twins(query, context) as sources:
            tried = draw(plain, replace(context, sources=sources, memory=None), plan)
        return replace(tried, privacy=as_trial(tried.privacy))
    typer.echo(_NOT_DEBITED, err=True)
    if folder is not None and wish.commit:
        # Before anything is drawn: what was seen has been lost, however the command ends.
        folder.lose(quote)
    if folder is not None:
        typer.echo(_lost(folder, committed=wish.commit), err=True)
    return draw(query, context, plan)


def _plan(quote: Evaluation) -> Digest:
    if quote.privacy is None:
        raise BadInputError("protect.method: the query has no differential privacy")
    return Digest(quote.privacy["digest"])


def _lost(folder: HistoryFolder, *, committed: bool) -> str:
    from saferoom.projects.ledger.losses import epsilon_at

    count, loss = folder.losses
    epsilon = epsilon_at(loss.rho, _DELTA)
    chance = f" and a delta of {loss.delta_value:.3g}" if loss.delta else ""
    draws = f"{count:,} draw{'s' * (count != 1)}"
    own = "this one among them" if committed else "without this one, which --commit would add"
    return (
        f"Losses in the history so far: rho {loss.rho_value.normalize():f}{chance} over {draws}, {own}; that is about "
        f"epsilon {epsilon:.3g} at a delta of {_DELTA:g}. They are added up as if all were about the same units."
    )


@contextmanager
def _twins(query: Query, context: Context) -> Iterator[list[Source]]:
    """Make a twin of every file from the types of its columns and from what the query says itself."""
    from saferoom.disclosure.privacy.twin import Twin, TwinColumn, spans_of, write_twin

    codes, spans = _codes(query), spans_of(query)
    with tempfile.TemporaryDirectory(prefix="saferoom-twin-") as name:
        found = []
        for number, source in enumerate(context.sources):
            columns = tuple(
                TwinColumn(column, kind, codes.get(column.lower())) for column, kind in _types(source).items()
            )
            path = Path(name) / f"{number}.parquet"
            each = min(context.policy.privacy_rows, 5)
            write_twin(Twin(source.name, source.units, columns, each=each), path, spans)
            found.append(replace(source, path=path, one_each=()))
        yield found


def _codes(query: Query) -> dict[str, tuple[Label, ...]]:
    """Return the codes that the query names, by the column in lower case."""
    keys = query.protect.keys
    return {} if keys is None or isinstance(keys, str) else {name.lower(): codes for name, codes in keys.items()}


def _types(source: Source) -> dict[str, str]:
    from saferoom.disclosure.queries.engine import Engine, Limits

    with Engine([source], Limits(), load=False) as engine:
        names = [column.name for column in engine.relations[0].columns.values()]
        quoted = source.name.replace('"', '""')
        return dict(zip(names, engine.types(f'SELECT * FROM "{quoted}"'), strict=True))  # noqa: S608
