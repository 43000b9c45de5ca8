"""What linking adds to an extract: how well each record was matched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole, VariableType
from saferoom.projects.extracts.manifest import ExtractFile
from saferoom.projects.linkage.settling import UNLINKED
from saferoom.projects.linkage.weights import BANDS, BY_KEY, LINKED

_BAND, _PASS, _WEIGHT = "match_weight_band", "match_pass", "linkage_weight"


def match_variables(dataset: Dataset) -> tuple[Variable, ...]:
    """Return the variables that the provisioner adds to a dataset that was linked; none for one that was not.

    A derived dataset has what its recipe makes: its records were matched as part of others.
    """
    return tuple(variable for suffix in _suffixes(dataset) for variable in _of(suffix))


def with_match(dataset: Dataset) -> Dataset:
    """Return the dataset as its extracts have it: with what linking added.

    A variable of the owner's with such a name stays the owner's.
    """
    known = {variable.name.lower() for variable in dataset.variables}
    added = tuple(variable for variable in match_variables(dataset) if variable.name not in known)
    return dataset.model_copy(update={"variables": (*dataset.variables, *added)})


@dataclass(frozen=True)
class Weighing:
    """How a column of linkage weights is made, of nothing that the extract does not hold.

    Attributes
    ----------
    weight, band : str
        The column to fill in, and the one that says who is linked.
    by : tuple of str
        Columns on which the chance of being linked may depend; weights are a function of them alone.
    """

    weight: str
    band: str
    by: tuple[str, ...]


def weighings(dataset: Dataset, columns: Sequence[str], weigh_by: Mapping[str, Sequence[str]]) -> tuple[Weighing, ...]:
    """Return how the weights of an extract with these columns are made.

    Parameters
    ----------
    dataset : Dataset
        As its owner describes it.
    weigh_by : mapping of str to sequence of str
        By index, the variables on which the chance of being linked may depend. Those that are not approved do not
        count: equal weights would tell who has equal values.
    """
    own = {variable.name.lower() for variable in dataset.variables}
    found = []
    for suffix, index in zip(_suffixes(dataset), dataset.indexes, strict=False):
        if own.isdisjoint({_BAND + suffix, _WEIGHT + suffix}):
            by = tuple(name for name in weigh_by.get(index, ()) if name in columns)
            found.append(Weighing(_WEIGHT + suffix, _BAND + suffix, by))
    return tuple(found)


def match_columns(file: ExtractFile) -> set[str]:
    """Return the columns of an extract that linking added, by their names; none where nothing was linked."""
    if file.linkage is None:
        return set()
    return {c.name for c in file.columns if c.name.startswith((_BAND, _PASS, _WEIGHT))}


def _suffixes(dataset: Dataset) -> list[str]:
    """Return how the names of added columns end, index by index; none where linking adds nothing."""
    if dataset.derived is not None:
        return []
    return [""] if len(dataset.indexes) == 1 else [f"_{index}" for index in dataset.indexes]


def _of(suffix: str) -> Iterator[Variable]:
    yield Variable(
        name=_BAND + suffix,
        type=VariableType.TEXT,
        label="How sure the match is, in bands",
        codelist=(*BANDS, BY_KEY, LINKED, UNLINKED),
    )
    yield Variable(name=_PASS + suffix, type=VariableType.TEXT, label="How the record was matched")
    yield Variable(
        name=_WEIGHT + suffix,
        type=VariableType.NUMBER,
        role=VariableRole.WEIGHT,
        label="Weight that stands for records that were not linked",
    )
