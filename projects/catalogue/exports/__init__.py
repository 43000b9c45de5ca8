"""The public catalogue in other formats: DCAT-AP 3, Data Package 2, schema.org. Only what is public goes in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saferoom.projects.catalogue.exports import data_package, dcat_ap, schema_org

Entries = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Format:
    """A format that the public catalogue can be written in.

    Attributes
    ----------
    file : str
        What its file is called.
    ending : str
        What the address of one dataset ends with.
    make : callable
        From what is public of datasets, the register's address and the environment's name to a JSON document.
    """

    name: str
    file: str
    ending: str
    media_type: str
    make: Callable[[Entries, str, str], dict[str, Any]]

    def write(self, entries: Entries, address: str, title: str) -> bytes:
        """Return the document's bytes."""
        return json.dumps(self.make(entries, address, title), ensure_ascii=False).encode()


FORMATS = {
    made.name: made
    for made in (
        Format("dcat-ap", "catalogue.jsonld", "jsonld", dcat_ap.TYPE, dcat_ap.document),
        Format("datapackage", "datapackage.json", "datapackage.json", data_package.TYPE, data_package.document),
        Format("schema.org", "catalogue.schema.jsonld", "schema.jsonld", schema_org.TYPE, schema_org.document),
    )
}
