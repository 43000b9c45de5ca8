"""What linking adds to an extract: how well each record was matched."""

from __future__ import annotations

from collections.abc import Iterator

from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole, VariableType
from saferoom.projects.extracts.manifest import ExtractFile
from saferoom.projects.linkage.settling import UNLINKED
from saferoom.projects.linkage.weights import BANDS, BY_KEY

_BAND, _PASS, _WEIGHT = "match_weight_band", "match_pass", "linkage_weight"


def match_variables(dataset: Dataset) -> tuple[Variable, ...]:
    """Return the variables that the provisioner adds to a dataset that was linked; none for one that was not.

    A derived dataset has what its recipe makes: its records were matched as part of others.
    """
    indexes = () if dataset.derived is not None else dataset.indexes
    suffixes = [""] if len(indexes) == 1 else [f"_{index}" for index in indexes]
    return tuple(variable for suffix in suffixes if indexes for variable in _of(suffix))


def with_match(dataset: Dataset) -> Dataset:
    """Return the dataset as its extracts have it: with what linking added.

    A variable of the owner's with such a name stays the owner's.
    """
    known = {variable.name.lower() for variable in dataset.variables}
    added = tuple(variable for variable in match_variables(dataset) if variable.name not in known)
    return dataset.model_copy(update={"variables": (*dataset.variables, *added)})


def match_columns(file: ExtractFile) -> set[str]:
    """Return the columns of an extract that linking added, by their names; none where nothing was linked."""
    if file.linkage is None:
        return set()
    return {c.name for c in file.columns if c.name.startswith((_BAND, _PASS, _WEIGHT))}


def _of(suffix: str) -> Iterator[Variable]:
    yield Variable(
        name=_BAND + suffix,
        type=VariableType.TEXT,
        label="How sure the match is, in bands",
        codelist=(*BANDS, BY_KEY, UNLINKED),
    )
    yield Variable(name=_PASS + suffix, type=VariableType.TEXT, label="How the record was matched")
    yield Variable(
        name=_WEIGHT + suffix,
        type=VariableType.NUMBER,
        role=VariableRole.WEIGHT,
        label="Weight that stands for records that were not linked",
    )
