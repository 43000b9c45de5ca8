"""Makes twins: margins or trees, records drawn from them, replicated uniques removed, limits checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.synthetic.check.judged import Check
from saferoom.disclosure.microdata.synthetic.described import Described, Role, Terms
from saferoom.disclosure.microdata.synthetic.kinds import role_of
from saferoom.disclosure.microdata.synthetic.margin import Margin
from saferoom.disclosure.microdata.synthetic.margins import Maker
from saferoom.disclosure.microdata.synthetic.sequential import Growing, drawn, fitted, visited
from saferoom.disclosure.microdata.synthetic.structure import Structure
from saferoom.disclosure.microdata.synthetic.twin import Fidelity, SyntheticTwin
from saferoom.disclosure.microdata.synthetic.units import Units
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame


class BrokenLimitsError(BadInputError):
    """A twin was drawn of which its limits do not hold; of few records another draw may be further from everybody."""


Progress = Callable[[str, float], None]
Random = np.random.Generator
_BINS = {Fidelity.LOW: 20, Fidelity.MEDIUM: 200}
_ROUNDED_TO = 10
_TURNS = 3
_MOST_KEYS, _MOST_KEY_STATES = 6, 200
_IDS = (Role.UNIT, Role.ID)
_TABLE = "the file"


def low_fidelity(
    frame: Frame,
    described: Mapping[str, Described],
    generator: Random,
    terms: Terms | None = None,
    progress: Progress | None = None,
) -> SyntheticTwin:
    """Make a twin whose variables are drawn each by itself.

    Parameters
    ----------
    frame : pandas frame or Arrow table
        The records; they stay as they are.
    described : mapping of column to Described
        What is known of columns; of others it is found out. Columns of role `UNIT` are what the threshold counts.
    generator : numpy Generator
        Of a secret seed: who knows it knows nothing more than the margins, but need not know these so exactly.

    Raises
    ------
    BadInputError
        When the file has fewer units than the threshold, a column cannot have the role that is said, or the limits do
        not hold of the twin; there is no twin then.
    """
    return _Work(frame, described, terms or Terms(), Fidelity.LOW, progress or _silent).done(generator)


def medium_fidelity(
    frame: Frame,
    described: Mapping[str, Described],
    generator: Random,
    terms: Terms | None = None,
    progress: Progress | None = None,
) -> SyntheticTwin:
    """Make a twin by sequential trees; see `low_fidelity`. It is never public without its data owner's decision."""
    return _Work(frame, described, terms or Terms(), Fidelity.MEDIUM, progress or _silent).done(generator)


def _silent(_what: str, _share: float) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class _Work:
    frame: Frame
    described: Mapping[str, Described]
    terms: Terms
    fidelity: Fidelity
    progress: Progress

    def done(self, random: Random) -> SyntheticTwin:
        table: Any = columns.as_arrow(self.frame)
        self._check_names(table)
        names = [name for name in table.column_names if self._said(name).role is Role.UNIT]
        units = Units.of(table, names)
        self._check_size(table, units)
        threshold = self.terms.threshold
        roles = {name: role_of(table, name, self._said(name), units, threshold) for name in table.column_names}
        self._check_asked(roles)
        self.progress("counting who shares what", 0.0)
        maker = Maker(table, units, threshold, _BINS[self.fidelity])
        margins = [maker.margin(name, role, self._said(name)) for name, role in roles.items() if role not in _IDS]
        check = Check(table, roles, self.described, units, threshold)
        check.asks(self.terms.keys, self.terms.sensitive, _usual_keys(margins))
        own = random.spawn(4)
        structure = Structure.of(table, [name for name, role in roles.items() if role in _IDS], threshold)
        told = {one.name: one.document() for one in margins} | {
            name: {"role": role.value, "note": "ids are made anew"} for name, role in roles.items() if role in _IDS
        }
        source = _Source(table.schema, margins, structure, self._models(margins, units, own[0]), self.progress)
        visits = source.visits
        made, removed = self._without_replicas(source, check, self._rows(table), own[1])
        del source, margins  # memory for the check
        self.progress("checking what is disclosed", 1.0)
        found = check.measured(made, removed, own[2])
        broken = found.broken(self.terms.limits)
        if broken:
            said = "; ".join(broken)
            raise BrokenLimitsError(f"the limits do not hold of the twin: {said}; nothing is written")
        result = made if columns.is_arrow(self.frame) else _as_pandas(made, self.frame)
        ordered = {name: told[name] for name in table.column_names}
        return SyntheticTwin(result, self.fidelity, self.terms, roles, ordered, visits, found)

    def _said(self, name: str) -> Described:
        return self.described.get(name, Described())

    def _check_names(self, table: Any) -> None:
        names = list(table.column_names)
        if not names:
            raise BadInputError(f"{_TABLE} has no columns")
        columns.check_wanted(names, list(self.described), "columns")
        columns.check_wanted(names, self.terms.keys, "keys")
        columns.check_wanted(names, self.terms.sensitive, "sensitive")
        columns.check_wanted(names, self.terms.order, "order")

    def _check_size(self, table: Any, units: Units) -> None:
        total = units.total if table.num_rows else 0
        if total < self.terms.threshold:
            raise BadInputError(
                f"{_TABLE} has fewer statistical units than the threshold of {self.terms.threshold}; a twin of so few "
                "would tell of each"
            )

    def _check_asked(self, roles: Mapping[str, Role]) -> None:
        for what, names in (
            ("keys", self.terms.keys),
            ("sensitive", self.terms.sensitive),
            ("order", self.terms.order),
        ):
            for name in names:
                if roles[name] in _IDS:
                    raise BadInputError(f"{what}: '{name}' holds ids, which are made anew; name another variable")

    def _rows(self, table: Any) -> int:
        if self.terms.rows is not None:
            return self.terms.rows
        return max(_ROUNDED_TO, round(int(table.num_rows) / _ROUNDED_TO) * _ROUNDED_TO)

    def _models(self, margins: list[Margin], units: Units, random: Random) -> Any:
        if self.fidelity is Fidelity.LOW or not margins:
            return None
        each = len(margins[0].states) / max(1, units.total)
        growing = Growing(self.terms.threshold, max(1.0, each))
        return fitted(visited(margins, self.terms.order), units, growing, random, self.progress)

    def _without_replicas(self, source: _Source, check: Check, rows: int, random: Random) -> tuple[Any, int]:
        """Draw records; make those again that replicate a unique, and take out those that still do."""
        import pyarrow as pa

        own = random.spawn(_TURNS + 2)
        made, removed = source.records(rows, own[0]), 0
        for turn in range(1, _TURNS + 1):
            bad = check.replicating(made)
            if not bad.any():
                break
            removed += int(bad.sum())
            more = source.records(int(bad.sum()), own[turn])
            made = pa.concat_tables([made.filter(pa.array(~bad)), more]).combine_chunks()
        while (bad := check.replicating(made)).any():
            removed += int(bad.sum())
            made = made.filter(pa.array(~bad))
        if not made.num_rows:
            said = "every record that could be made replicates somebody who is unique"
            raise BadInputError(f"{said}; name fewer keys, or leave columns out")
        return source.with_ids(made, own[-1]), removed


@dataclass(frozen=True)
class _Source:
    """Where records are drawn from."""

    schema: Any
    margins: list[Margin]
    structure: Structure
    models: Any
    progress: Progress

    @property
    def visits(self) -> tuple[str, ...]:
        """The order in which variables are drawn; none where each is drawn by itself."""
        return () if self.models is None else tuple(one.column.margin.name for one in self.models)

    def records(self, rows: int, random: Random) -> Any:
        """Draw records without ids; an Arrow table."""
        import pyarrow as pa

        if self.models is None:
            own = random.spawn(len(self.margins))
            made = {
                one.name: one.column(one.drawn_states(rows, each), None, each)
                for one, each in zip(self.margins, own, strict=True)
            }
        else:
            found, later = random.spawn(2)
            drawn_ones = drawn(self.models, rows, found, self.progress)
            made = {one.margin.name: one.margin.column(one.states, one.ranks, later) for one in drawn_ones}
        if not made:
            return pa.table({"": pa.nulls(rows)}).select([])
        return pa.table({one.name: made[one.name] for one in self.margins})

    def with_ids(self, made: Any, random: Random) -> Any:
        """Return records with new ids, in the file's order of columns."""
        import pyarrow as pa

        ids = self.structure.columns(made.num_rows, random)
        arrays = [ids.get(name) if name in ids else made.column(name) for name in self.schema.names]
        return pa.table(arrays, schema=pa.schema([pa.field(one.name, one.type) for one in self.schema]))


def _usual_keys(margins: list[Margin]) -> list[str]:
    """Return what somebody may know where nobody says: the variables with fewest states, no numbers of a histogram."""
    fit = [one for one in margins if one.bins is None and one.role is not Role.TEXT and one.size <= _MOST_KEY_STATES]
    fit = [one for one in fit if one.size]
    chosen = sorted(fit, key=lambda one: (one.size, one.name))[: min(_MOST_KEYS, max(1, len(margins) - 1))]
    return [one.name for one in chosen]


def _as_pandas(made: Any, before: Any) -> Any:
    """Return a pandas frame with the types of the frame before; whole numbers that now miss some become nullable.

    Categorical columns list the twin's own categories: the frame's may be of one record, or of none any more.
    """
    frame = made.to_pandas()
    for name, kind in before.dtypes.items():
        column = frame[str(name)]
        if column.dtype != kind and kind != "category" and not column.isna().any():
            frame[str(name)] = column.astype(kind)
    return frame
