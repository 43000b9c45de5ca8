"""The register as linked data: a DCAT catalogue in JSON-LD, after the application profile DCAT-AP 3.

Datasets are `dcat:Dataset` with restricted access. Projects are `prov:Activity` that used them, releases `prov:Entity`
that came of it, recognised by their checksum. A withdrawn release is `prov:invalidatedAtTime`.

References
----------
W3C, Data Catalog Vocabulary (DCAT) version 3, 2024. SEMIC, DCAT-AP 3.0. W3C, PROV-O, 2013. SPDX 2.3, checksums.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saferoom.clock import isoformat
from saferoom.projects.catalogue.exports.dcat_ap import (
    CONTEXT,
    RESTRICTED,
    TYPE,
    catalogue_node,
    dataset_nodes,
    english,
    name_of,
    publisher_node,
    typed,
)
from saferoom.projects.catalogue.exports.words import ACCESS
from saferoom.projects.register.model import PublicDataset, PublicProject, PublicRelease
from saferoom.projects.register.service import Whole

__all__ = ["TYPE", "catalogue"]

_SHA256 = "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"
_ABOUT = "Datasets, approved projects and releases of a trusted research environment."


def catalogue(whole: Whole, address: str, title: str) -> dict[str, Any]:
    """Return the register as JSON-LD.

    Parameters
    ----------
    address : str
        Where the register is found; every name in the document begins with it.
    title : str
        What the environment calls itself; also the name of the publisher.
    """
    known = {entry["name"]: entry for entry in whole.listed.entries}
    datasets = [
        node
        for one in whole.datasets
        for node in (dataset_nodes(known[one.name], address) if one.name in known else [_dataset(one, address)])
    ]
    top = catalogue_node([one.name for one in whole.datasets], address, title, _ABOUT)
    projects = [_project(project, address) for project in whole.projects]
    releases = [_release(release, address) for release in whole.releases]
    return {"@context": CONTEXT, "@graph": [top, publisher_node(address, title), *datasets, *projects, *releases]}


def _dataset(dataset: PublicDataset, address: str) -> dict[str, Any]:
    return {
        "@id": name_of(address, "dataset", dataset.name),
        "@type": "dcat:Dataset",
        "dct:title": english(dataset.title),
        "dct:description": english(f"Version {dataset.version}. {ACCESS}"),
        "dct:identifier": dataset.name,
        "dcat:version": dataset.version,
        "dct:accessRights": RESTRICTED,
        "dct:publisher": {"@id": f"{address}#publisher"},
    }


def _project(project: PublicProject, address: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "@id": name_of(address, "project", project.slug),
        "@type": "prov:Activity",
        "dct:title": english(project.title),
        "dct:identifier": project.slug,
        "prov:used": [{"@id": name_of(address, "dataset", name)} for name in project.datasets],
    }
    if project.question:
        described["dct:description"] = english(project.question)
    if project.ends:
        described["prov:endedAtTime"] = typed("date", project.ends.isoformat())
    return described


def _release(release: PublicRelease, address: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "@id": name_of(address, "release", release.id),
        "@type": "prov:Entity",
        "dct:identifier": release.id,
        "dct:issued": typed("dateTime", isoformat(release.at)),
        "prov:wasGeneratedBy": {"@id": name_of(address, "project", release.project)},
        "prov:wasDerivedFrom": [{"@id": name_of(address, "dataset", name)} for name, _ in release.datasets],
        "spdx:checksum": _checksum(release.bundle),
    }
    if release.withdrawn:
        described["prov:invalidatedAtTime"] = typed("dateTime", isoformat(release.withdrawn.at))
    return described


def _checksum(digest: str) -> Mapping[str, Any]:
    return {
        "@type": "spdx:Checksum",
        "spdx:algorithm": {"@id": _SHA256},
        "spdx:checksumValue": typed("hexBinary", digest),
    }
