"""Risk, protection and utility of records in a researcher's own frames, by the library that the trusted side uses too.

What is computed here is the researcher's own work: it decides nothing. A file of records that is to leave is protected
and judged anew by the trusted side, from the extract.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from saferoom.errors import BadInputError
from saferoom.hub.notebook import markup
from saferoom.hub.notebook.errors import RoomError

if TYPE_CHECKING:
    import pandas as pd

    from saferoom.disclosure.microdata.plans.plan import Plan
    from saferoom.disclosure.microdata.plans.runner import Anonymised
    from saferoom.disclosure.microdata.utility import UtilityReport
    from saferoom.hub.notebook.microdata_risk import MoreOfRisk

_BYTES = 32
Rows = list[tuple[str, ...]]
Tables = tuple[tuple[tuple[str, ...], Rows], ...]


@dataclass(frozen=True, repr=False)
class Shown:
    """What was found, shown in words and tables.

    Attributes
    ----------
    title : str
        What it is, in a sentence.
    sentences : tuple of str
    tables : tuple of (heads, rows)
    document : mapping
        All numbers, as JSON holds them.
    """

    title: str
    sentences: tuple[str, ...]
    tables: Tables
    document: Mapping[str, Any]

    def __repr__(self) -> str:
        tables = ["\n".join(markup.columns_text([head, *rows], len(head))) for head, rows in self.tables]
        return "\n\n".join([self.title, *self.sentences, *tables])

    def _repr_html_(self) -> str:
        parts = [markup.paragraph(self.title, "sr-route"), *(markup.paragraph(one) for one in self.sentences)]
        return markup.panel(*parts, *(markup.words_html(head, rows) for head, rows in self.tables))


@dataclass(frozen=True, repr=False)
class Protected(Shown):
    """Protected records, and how they came about.

    Attributes
    ----------
    records : pandas.DataFrame
        What `frame()` gives.
    utility : Shown
        What they are still good for.
    """

    records: pd.DataFrame
    utility: Shown

    def frame(self) -> pd.DataFrame:
        """Return the protected records."""
        return self.records


def risk(
    frame: pd.DataFrame,
    keys: Sequence[str],
    *,
    weight: str | None = None,
    household: str | None = None,
    sensitive: Sequence[str] = (),
    **more: Unpack[MoreOfRisk],
) -> Shown:
    """Return how likely people among the records of `frame` are found.

    Parameters
    ----------
    keys : list of str
        What somebody outside may know of a person.
    weight, household : str, optional
        Columns of sampling weights and of household ids; without weights the frame is taken to be the population.
    sensitive : list of str
        Columns whose diversity within keys is measured.
    **more
        What ``saferoom risk`` can do beyond that, each by its name: `ks`, `subsets`, `c`, `alpha`, `exact`, `fraction`,
        `largest`, `model` and `explain`, and in place of its files the frames `population` (with the column `count`)
        and `original` (with the columns `numbers`).
    """
    from saferoom.hub.notebook.microdata_risk import assessed, tables_of

    others = [more[name] for name in ("population", "original") if more.get(name) is not None]
    with _in_words(frame, *others):
        report = assessed(frame, (_names(keys), weight, household, _names(sensitive)), more)
        return Shown(*tables_of(report), report.document())


def anonymise(frame: pd.DataFrame, plan: str | Path | Mapping[str, Any]) -> Protected:
    """Return the records of `frame` protected by a plan; `frame` stays as it is.

    Parameters
    ----------
    plan : dict, str or Path
        The plan, its YAML text, or the file that it is in. Its random numbers come from a seed that is thrown away.
    """
    from saferoom.disclosure.microdata.plans.runner import anonymise as protect
    from saferoom.disclosure.microdata.plans.seeds import Seed

    with _in_words(frame):
        result = protect(frame, _plan(plan), Seed(secrets.token_bytes(_BYTES), secrets.token_bytes(_BYTES)))
    return _protected(result)


def utility(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    weight: str | None = None,
    keys: Sequence[str] = (),
    corresponding: bool | None = None,
    regressions: Sequence[str] = (),
) -> Shown:
    """Return what the records `after` are still good for, beside those `before`.

    Parameters
    ----------
    corresponding : bool, optional
        Whether record i of one is record i of the other; when left out, frames of one length are taken to be so.
    regressions : list of str
        Fitted to both, each as ``pay ~ age + sex``, or ``ill ~ age, logit`` (ols, logit, poisson).
    """
    from saferoom.disclosure.microdata.utility import Compared, compare, regression_of

    with _in_words(before, after):
        paired = len(before) == len(after) if corresponding is None else corresponding
        asked = tuple(regression_of(one, "regressions") for one in _names(regressions))
        how = Compared(weight=weight, keys=_names(keys), corresponding=paired, regressions=asked)
        return _utility(compare(before, after, how))


@contextmanager
def _in_words(*frames: object) -> Iterator[None]:
    """Let what is wrong be one sentence in the notebook, also when one of `frames` is none."""
    import pandas as pd

    if not all(isinstance(frame, pd.DataFrame) for frame in frames):
        raise RoomError("records are a pandas frame here, such as saferoom.data(NAME).frame()")
    try:
        yield
    except BadInputError as error:
        raise RoomError(error.message) from None


def _names(given: object) -> tuple[str, ...]:
    if isinstance(given, str):
        return (given,)
    if not isinstance(given, Iterable) or not all(isinstance(one, str) for one in given):
        raise RoomError("columns are given by their names, as ['region', 'age']")
    return tuple(given)


def _plan(given: str | Path | Mapping[str, Any]) -> Plan:
    from saferoom.disclosure.microdata.plans.plan import read_plan

    if isinstance(given, Mapping):
        import json

        return read_plan(json.dumps(given), "the plan")
    if not isinstance(given, str | Path):
        raise RoomError("a plan is a dictionary, its YAML text, or the file that it is in")
    if isinstance(given, Path) or "\n" not in given:
        file = Path(given)
        try:
            return read_plan(file.read_text(encoding="utf-8"), file.name)
        except (OSError, UnicodeDecodeError):
            raise RoomError(f"the plan {file} cannot be read; name a YAML file, or give the plan itself") from None
    return read_plan(given, "the plan")


def _utility(report: UtilityReport) -> Shown:
    rows: Rows = []
    for one in report.columns:
        missing, apart = one.variable.missing, None if one.distance is None else one.distance.total_variation
        shares = (missing[0], missing[1], one.lost, apart)
        rows.append((one.variable.name, *("-" if share is None else f"{100 * share:.1f} %" for share in shares)))
    heads = ("column", "missing before", "after", "information lost", "total variation")
    title = f"Utility of {report.records[1]:,} records beside {report.records[0]:,}"
    return Shown(title, (report.verdict,), ((heads, rows),), report.document())


def _protected(result: Anonymised) -> Protected:
    from saferoom.hub.records.before_after import risk_rows

    document = result.document()
    steps: Rows = [(str(one["step"]), one["method"], one["note"]) for one in document["steps"]]
    rows: Rows = list(risk_rows(document))
    tables: Tables = ((("step", "method", "what was done"), steps), (("risk", "before", "after"), rows))
    title = f"{document['records']:,} records protected in {len(steps)} step{'s' if len(steps) > 1 else ''}"
    made: Any = result.frame
    said = (result.utility.verdict, *result.warnings)
    return Protected(title, said, tables, document, made, _utility(result.utility))
