"""What must hold of a plan by which record-level files may leave, before it is allowed."""

from __future__ import annotations

from collections.abc import Iterator

from saferoom.projects.administration.documents import Entry, RecordPlanDocument
from saferoom.projects.administration.outlook import Outlook
from saferoom.projects.record_plans.checks import problems


def check_record_plan(entry: Entry, record: RecordPlanDocument, outlook: Outlook) -> Iterator[str]:
    """Yield what is wrong with a record plan, with file and line."""
    dataset = outlook.dataset(record.dataset)
    if dataset is None:
        yield entry.error(f"there is no dataset called {record.dataset}", ("dataset",))
        return
    if dataset.owner != record.allowed_by:
        yield entry.error(
            f"only {dataset.owner}, who owns {dataset.name}, can allow it; this says {record.allowed_by}",
            ("allowed_by",),
        )
    for index, slug in enumerate(record.projects or ()):
        if outlook.project(slug) is None:
            yield entry.error(f"there is no project called {slug}", ("projects", index))
    if record.ended is True:
        return
    from saferoom.disclosure.microdata.plans.plan import Plan

    for field, said in problems(Plan.model_validate(record.plan, strict=False), dataset, outlook.platform()):
        yield entry.error(said, ("plan", field))
