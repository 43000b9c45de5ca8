"""The minimisation report: reads which variables a project's judged queries named."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from sqlalchemy import select

from saferoom.errors import NotFoundError, SaferoomError
from saferoom.hub.store.airlock_tables import EvaluationRow
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, Digest, EvaluationId, ProjectSlug, Username
from saferoom.projects.airlock import evaluations
from saferoom.projects.airlock.naming import words_of
from saferoom.projects.extracts.coverage import in_force
from saferoom.projects.extracts.minimisation import Asked, Unused, unused
from saferoom.projects.life.permissions import Standing
from saferoom.projects.life.view import View


def report(instance: Instance, project: ProjectSlug, since: date | None = None) -> list[Unused]:
    """Return, for each dataset that is approved today, which of its variables no query of the project named.

    Parameters
    ----------
    since : date, optional
        The first day (UTC) whose queries count.
    """
    registry, now = instance.registry, instance.clock.now()
    asked = _asked(instance, project, since)
    found = []
    for approval in registry.approvals(project):
        if approval.live(now):
            described = in_force(registry, approval)
            names = [name for name in approval.columns(described) if name not in described.units]
            labels = {name: (v.label if (v := described.variable(name)) else None) for name in names}
            found.append(unused(DatasetName(approval.dataset), labels, asked, since))
    return found


def sees_use(view: View) -> bool:
    """Tell whether somebody is shown which variables were never used: the lead, data owners, administrators."""
    return bool(view.standing & {Standing.LEAD, Standing.OWNER, Standing.ADMINISTRATOR})


def report_for(instance: Instance, view: View, username: Username, since: date | None = None) -> list[Unused]:
    """Return the report as far as it concerns a person: data owners see their own datasets.

    Raises
    ------
    NotFoundError
        The person is shown none of it.
    """
    if not sees_use(view):
        raise NotFoundError("the use of variables is shown to the lead, the data owners and administrators")
    try:
        everything = report(instance, ProjectSlug(view.life.slug), since)
    except NotFoundError:  # a proposal that did not become a project has no data to use
        return []
    if view.standing & {Standing.LEAD, Standing.ADMINISTRATOR}:
        return everything
    return [one for one in everything if instance.registry.dataset(one.dataset).owner == username]


def _asked(instance: Instance, project: ProjectSlug, since: date | None) -> list[Asked]:
    wanted = [EvaluationRow.project == project]
    if since is not None:
        wanted.append(EvaluationRow.created_at >= datetime.combine(since, time.min, UTC))
    columns = (EvaluationRow.id, EvaluationRow.digest, EvaluationRow.datasets, EvaluationRow.file)
    with instance.database.reading() as session:
        rows = session.execute(select(*columns).where(*wanted)).all()
    # Files name no variables: what is in them was made in the room.
    return [_one(instance, id_, digest, datasets) for id_, digest, datasets, file in rows if file is None]


def _one(instance: Instance, id_: str, digest: str, datasets: list[dict[str, str]]) -> Asked:
    names = [DatasetName(one["name"]) for one in datasets]
    try:
        judgement = evaluations.opened(instance.airlock, EvaluationId(id_), Digest(digest))
    except SaferoomError:
        return Asked(names, None)
    words = words_of(judgement.evaluation.query.document())
    return Asked(names, words, judgement.snapshot is not None)
