"""RO-Crate metadata of a bundle: what it holds, made by what, for the world's catalogues.

References
----------
RO-Crate Metadata Specification 1.1, https://w3id.org/ro/crate/1.1
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from saferoom.digests import sha256
from saferoom.projects.airlock.layout import CRATE, ENVELOPE, MEDIA_TYPES, SDC_RECORD

_TERMS = "#terms"
_CHECK = "#disclosure-control"
_SOFTWARE = "#saferoom"


def metadata(about: Mapping[str, str], files: Sequence[tuple[str, bytes]]) -> dict[str, Any]:
    """Return the RO-Crate metadata document.

    Parameters
    ----------
    about : mapping
        ``identifier``, ``name``, ``description``, ``project``, ``published`` and ``software`` (a version).
    files : sequence of (path, bytes)
        The files to describe; the signature's envelope is named without a digest, because it covers this document.
    """
    paths = [path for path, _ in files]
    return {
        "@context": "https://w3id.org/ro/crate/1.1/context",
        "@graph": [
            {
                "@id": CRATE,
                "@type": "CreativeWork",
                "about": {"@id": "./"},
                "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            },
            {
                "@id": "./",
                "@type": "Dataset",
                "identifier": about["identifier"],
                "name": about["name"],
                "description": about["description"],
                "datePublished": about["published"],
                "license": {"@id": _TERMS},
                "hasPart": [{"@id": path} for path in [*paths, ENVELOPE]],
                "mentions": {"@id": _CHECK},
            },
            *(_file(path, data) for path, data in files),
            {"@id": ENVELOPE, "@type": "File", "name": "Signed manifest", "encodingFormat": "application/json"},
            *_context(about, paths),
        ],
    }


def _file(path: str, data: bytes) -> dict[str, Any]:
    return {
        "@id": path,
        "@type": "File",
        "name": "Disclosure control record" if path == SDC_RECORD else path.rpartition("/")[2],
        "encodingFormat": MEDIA_TYPES[path.rpartition(".")[2]],
        "contentSize": str(len(data)),
        "sha256": sha256(data),
    }


def _context(about: Mapping[str, str], paths: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "@id": _TERMS,
            "@type": "CreativeWork",
            "name": "Terms of the project's approval",
            "description": f"Statistics released for project {about['project']} under its data owners' approvals.",
        },
        {"@id": _SOFTWARE, "@type": "SoftwareApplication", "name": "Saferoom", "version": about["software"]},
        {
            "@id": _CHECK,
            "@type": "CreateAction",
            "name": "Statistical disclosure control",
            "endTime": about["published"],
            "instrument": {"@id": _SOFTWARE},
            "result": [{"@id": path} for path in paths],
        },
    ]
