"""Trials: a query with differential privacy on synthetic twins of a project's datasets, as often as anybody likes.

Nothing of the datasets is read or even given to the process: twins are made from the catalogue's descriptions of the
approved variables. Nothing is debited and nothing is kept.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.twin import USUAL_ROWS, Span, Twin, TwinColumn, rows_each, spans_of, write_twin
from saferoom.disclosure.privacy.words import as_trial
from saferoom.disclosure.queries.source import Source
from saferoom.errors import BadInputError
from saferoom.hub.evaluator import runner
from saferoom.hub.evaluator.job import Job
from saferoom.hub.evaluator.padding import with_noise
from saferoom.hub.owner_files import STORAGE
from saferoom.hub.sandbox import Bind
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, Digest, ProjectSlug, Username
from saferoom.policies.models import RiskAppetite
from saferoom.projects.approvals.model import Approval
from saferoom.projects.catalogue.model import Dataset, VariableRole, VariableType
from saferoom.projects.extracts.coverage import in_force
from saferoom.projects.policies import effective

_INSIDE = Path("/data")


def trial(evaluator: runner.Evaluator, author: Username, project: ProjectSlug, query: Mapping[str, Any]) -> Evaluation:
    """Draw `query` on twins of the project's datasets.

    Raises
    ------
    BadInputError
        It has no differential privacy, or its quote is refused; the sentence is the quote's.
    """
    if not with_noise(query):
        raise BadInputError(
            "trials are for queries with differential privacy (protect: {method: dp, ...}); others are evaluated on "
            "the project's data, as often as you like"
        )
    # A picture of made-up numbers could be taken for one of the data.
    plain = {name: value for name, value in query.items() if name != "chart"}
    with evaluator.turn(author, project, plain) as (instance, names):
        return _tried(instance, project, plain, names)


def _tried(
    instance: Instance, project: ProjectSlug, query: Mapping[str, Any], names: Sequence[DatasetName]
) -> Evaluation:
    appetite, route = effective(instance.registry, project, names)
    twins = [_twin(instance, approval, appetite.policy) for approval in _approvals(instance, project, names)]
    sources = [_source(dataset, twin) for dataset, twin in twins]
    job = Job(query, appetite.policy, route.policy, sources, Memory.empty(), {})
    with tempfile.TemporaryDirectory(dir=instance.home.run, prefix="twin-") as name:
        folder = Path(name)
        quote = runner.judge(instance.place, job, _written(folder, twins, {}))
        # Read in the sandbox; what it says of the measure's bounds is written into the twins.
        binds = _written(folder, twins, spans_of(quote.query))
        drawn = runner.judge(instance.place, replace(job, draw=_plan(quote)), binds)
    return replace(drawn, privacy=as_trial(drawn.privacy))


def _approvals(instance: Instance, project: ProjectSlug, names: Sequence[DatasetName]) -> list[Approval]:
    return [approval for approval in instance.registry.approvals(project) if approval.dataset in names]


def _twin(instance: Instance, approval: Approval, policy: RiskAppetite) -> tuple[Dataset, Twin]:
    """Return the twin of what a project may see of a dataset."""
    dataset = in_force(instance.registry, approval)
    variables = [v for name in approval.columns(dataset) if (v := dataset.variable(name)) is not None]
    columns = tuple(
        TwinColumn(v.name, STORAGE[VariableType.INTEGER if v.role is VariableRole.ID else v.type], v.codelist)
        for v in variables
    )
    each = rows_each(Contributions(policy.privacy_rows, policy.privacy_rows_per_cell, policy.privacy_cells))
    return dataset, Twin(dataset.name, dataset.units, columns, dataset.coverage.records or USUAL_ROWS, each)


def _source(dataset: Dataset, twin: Twin) -> Source:
    shown = {column.name for column in twin.columns}
    variables = [variable for variable in dataset.variables if variable.name in shown]
    return Source(
        name=dataset.name,
        path=_INSIDE / f"{dataset.name}.parquet",
        units=dataset.units,
        codelists={v.name: v.codelist for v in variables if v.codelist is not None},
        classifications={v.name: found for v in variables if (found := v.classification) is not None},
    )


def _written(folder: Path, twins: Sequence[tuple[Dataset, Twin]], spans: Mapping[str, Span]) -> list[Bind]:
    binds = []
    for dataset, twin in twins:
        path = folder / f"{dataset.name}.parquet"
        path.unlink(missing_ok=True)
        write_twin(twin, path, spans)
        # The folder is closed; the sandbox, which runs as somebody else, is given the files alone.
        path.chmod(0o444)
        binds.append(Bind(path, str(_INSIDE / path.name)))
    return binds


def _plan(quote: Evaluation) -> Digest:
    if quote.privacy is None:
        raise BadInputError("protect.method: the query has no differential privacy")
    return Digest(str(quote.privacy["digest"]))
