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
from saferoom.projects.register.model import PublicDataset, PublicProject, PublicRelease
from saferoom.projects.register.service import Whole

TYPE = "application/ld+json"
_CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "prov": "http://www.w3.org/ns/prov#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_RESTRICTED = "http://publications.europa.eu/resource/authority/access-right/RESTRICTED"
_SHA256 = "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"
_LICENCE_WORDS = "May be used inside this environment only, by accredited researchers of an approved project."


def catalogue(whole: Whole, address: str, title: str) -> dict[str, Any]:
    """Return the register as JSON-LD.

    Parameters
    ----------
    address : str
        Where the register is found; every name in the document begins with it.
    title : str
        What the environment calls itself; also the name of the publisher.
    """
    publisher = {"@id": f"{address}#publisher", "@type": "foaf:Agent", "foaf:name": title}
    datasets = [_dataset(dataset, address) for dataset in whole.datasets]
    top = {
        "@id": address,
        "@type": "dcat:Catalog",
        "dct:title": _english(f"Register of {title}"),
        "dct:description": _english("Datasets, approved projects and releases of a trusted research environment."),
        "dct:publisher": {"@id": publisher["@id"]},
        "dct:language": {"@id": "http://publications.europa.eu/resource/authority/language/ENG"},
        "foaf:homepage": {"@id": address},
        "dcat:dataset": [{"@id": dataset["@id"]} for dataset in datasets],
    }
    projects = [_project(project, address) for project in whole.projects]
    releases = [_release(release, address) for release in whole.releases]
    return {"@context": _CONTEXT, "@graph": [top, publisher, *datasets, *projects, *releases]}


def _english(text: str) -> dict[str, str]:
    return {"@language": "en", "@value": text}


def _typed(kind: str, value: str) -> dict[str, str]:
    return {"@type": f"xsd:{kind}", "@value": value}


def _id(address: str, kind: str, name: str) -> str:
    return f"{address}#{kind}-{name}"


def _dataset(dataset: PublicDataset, address: str) -> dict[str, Any]:
    return {
        "@id": _id(address, "dataset", dataset.name),
        "@type": "dcat:Dataset",
        "dct:title": _english(dataset.title),
        "dct:description": _english(f"Version {dataset.version}. {_LICENCE_WORDS}"),
        "dct:identifier": dataset.name,
        "dcat:version": dataset.version,
        "dct:accessRights": {"@id": _RESTRICTED},
        "dct:publisher": {"@id": f"{address}#publisher"},
    }


def _project(project: PublicProject, address: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "@id": _id(address, "project", project.slug),
        "@type": "prov:Activity",
        "dct:title": _english(project.title),
        "dct:identifier": project.slug,
        "prov:used": [{"@id": _id(address, "dataset", name)} for name in project.datasets],
    }
    if project.question:
        described["dct:description"] = _english(project.question)
    if project.ends:
        described["prov:endedAtTime"] = _typed("date", project.ends.isoformat())
    return described


def _release(release: PublicRelease, address: str) -> dict[str, Any]:
    described: dict[str, Any] = {
        "@id": _id(address, "release", release.id),
        "@type": "prov:Entity",
        "dct:identifier": release.id,
        "dct:issued": _typed("dateTime", isoformat(release.at)),
        "prov:wasGeneratedBy": {"@id": _id(address, "project", release.project)},
        "prov:wasDerivedFrom": [{"@id": _id(address, "dataset", name)} for name, _ in release.datasets],
        "spdx:checksum": _checksum(release.bundle),
    }
    if release.withdrawn:
        described["prov:invalidatedAtTime"] = _typed("dateTime", isoformat(release.withdrawn.at))
    return described


def _checksum(digest: str) -> Mapping[str, Any]:
    return {
        "@type": "spdx:Checksum",
        "spdx:algorithm": {"@id": _SHA256},
        "spdx:checksumValue": _typed("hexBinary", digest),
    }
