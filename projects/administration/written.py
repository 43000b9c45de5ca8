"""Registered records written as the documents that ``saferoom admin apply`` reads."""

from __future__ import annotations

from collections.abc import Sequence

from saferoom.policies.document import written
from saferoom.policies.models import PolicyModel
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.catalogue.versions import Version

_KINDS: dict[type[PolicyModel], str] = {Dataset: "dataset", Version: "version"}


def to_yaml(records: Sequence[Dataset | Version]) -> str:
    """Return datasets and versions as YAML documents; read again, they are the same."""
    documents = [
        {"kind": _KINDS[type(record)], **record.model_dump(mode="json", exclude_defaults=True)} for record in records
    ]
    for document in documents:
        for policy in ("risk_appetite", "release_route"):
            if policy in document and isinstance(document[policy], dict):
                document[policy].pop("kind", None)
                document[policy] = {key: _sorted(value) for key, value in document[policy].items()}
    return written(*documents, width=120, explicit_start=True)


def _sorted(value: object) -> object:
    # Sets have no order of their own; a stable one keeps two exports comparable.
    return sorted(value) if isinstance(value, list) and all(isinstance(one, str) for one in value) else value
