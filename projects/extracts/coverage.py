"""Whether an extract holds no more than an approval covers now."""

from __future__ import annotations

from collections.abc import Iterable

from saferoom.projects.approvals.model import Approval
from saferoom.projects.catalogue.limits import finder, sources
from saferoom.projects.catalogue.model import Dataset, VariableRole
from saferoom.projects.extracts.manifest import ExtractFile
from saferoom.projects.extracts.matching import match_columns
from saferoom.projects.registry import Registry


def in_force(registry: Registry, approval: Approval) -> Dataset:
    """Return the dataset as the approval covers it: as it is, or as it was before a change that waits for its owner."""
    if approval.held is None:
        return registry.dataset(approval.dataset)
    return registry.described(approval.dataset, approval.held)


def told_of(registry: Registry, approvals: Iterable[Approval]) -> frozenset[str]:
    """Return the datasets of whose records links may tell a project with these approvals.

    They are those approved with all rows, and those that an approved one was linked from, whose legal gateways were
    looked at for the project as well. Where some rows were approved, a link would tell of the others.
    """
    found: set[str] = set()
    for approval in approvals:
        above = sources(in_force(registry, approval), finder(registry.dataset))
        found.update(one.name for one in above if one.name != approval.dataset or approval.rows is None)
    return frozenset(found)


def covers(registry: Registry, approval: Approval, file: ExtractFile) -> bool:
    """Tell whether every column and row of `file` is covered.

    Rows are covered where the approval asks for no condition, or for the one the extract was made with: whether another
    one is wider is not guessed. What has become a direct identifier is covered by nothing. An older version is covered
    where the approval is for all variables, or names each that it holds; what linking added is covered with the ids.
    """
    columns = {column.name for column in file.columns}
    present = registry.dataset(approval.dataset)
    direct = {variable.name for variable in present.variables if variable.role is VariableRole.DIRECT}
    same_rows = approval.rows is None or approval.rows == file.where
    return same_rows and columns <= _approved(registry, approval, file) and not columns & direct


def _approved(registry: Registry, approval: Approval, file: ExtractFile) -> set[str]:
    known = in_force(registry, approval)
    approved = set(approval.columns(known)) | match_columns(file)
    if file.version == known.version:
        return approved
    then = {column.name for column in file.columns} if approval.variables is None else set(approval.variables)
    return approved | then | set(file.units)
