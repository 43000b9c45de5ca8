"""Whether legal gateways permit what projects are for, once documents are written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from saferoom.ids import DatasetName
from saferoom.projects.administration.documents import ApprovalDocument, Entry
from saferoom.projects.administration.outlook import Outlook
from saferoom.projects.approvals.model import Project
from saferoom.projects.catalogue import limits
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.ledger.lineages import lineages


def check_approval(entry: Entry, approval: ApprovalDocument, outlook: Outlook) -> Iterator[str]:
    """Refuse an approval of a dataset that may not be used for what the project is for."""
    project, dataset = outlook.project(approval.project), outlook.dataset(approval.dataset)
    if project is None or dataset is None or approval.ended is True:
        return
    for said in limits.refusals(dataset, project.purposes, outlook.dataset):
        yield entry.error(said, ("dataset",))


def check_dataset(entry: Entry, dataset: Dataset, outlook: Outlook, at: datetime) -> Iterator[str]:
    """Refuse gateways, or links, that forbid what a live approval of this dataset, or of one made from it, is for."""
    links = outlook.links()
    made_from_it = [name for name in {*links, dataset.name} if dataset.name in lineages(links, [name])]
    for name in sorted(made_from_it):
        user = outlook.dataset(DatasetName(name))
        for approval in outlook.approvals_of(name) if user is not None else ():
            project = outlook.project(approval.project)
            if user is None or project is None or not approval.live(at):
                continue
            for said in limits.refusals(user, project.purposes, outlook.dataset):
                yield entry.error(
                    f"{said}; {project.slug} has an approval of {name} until {approval.until}: end that first, "
                    "or change the project's purposes",
                    ("gateways",),
                )


def check_project(entry: Entry, project: Project, outlook: Outlook, at: datetime) -> Iterator[str]:
    """Refuse purposes that a dataset which the project has may not be used for."""
    for approval in outlook.approvals_for(project.slug):
        dataset = outlook.dataset(approval.dataset)
        for said in (
            limits.refusals(dataset, project.purposes, outlook.dataset) if dataset and approval.live(at) else ()
        ):
            yield entry.error(f"{said}; {project.slug} has an approval of {approval.dataset}", ("purposes",))
