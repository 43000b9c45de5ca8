"""Whose rows a delivery's are: the column by which units are counted before anything is linked."""

from __future__ import annotations

from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole
from saferoom.projects.linkage.plan import FieldKind


def subject(dataset: Dataset) -> Variable | None:
    """Return the delivered variable that tells whose a row is; None where every row has to count by itself.

    It is the dataset's first unit. Where that comes from linking, it is the index's id that the file carries, the data
    owner's own id of people, or the id that tells the rows apart.
    """
    own = [variable for variable in dataset.delivered if variable.name == dataset.units[0]]
    carried = [variable for variable in dataset.delivered if variable.carries is not None]
    named = [variable for variable in dataset.delivered if variable.identifies is FieldKind.ID]
    row = [v for v in dataset.delivered if (v.name,) == dataset.key and v.role is VariableRole.ID]
    return next(iter([*own, *carried, *named, *row]), None)
