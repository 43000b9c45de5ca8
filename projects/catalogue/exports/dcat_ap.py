"""Datasets as DCAT-AP 3 in JSON-LD: `dcat:Dataset` with restricted access, and each version that came in.

References
----------
W3C, Data Catalog Vocabulary (DCAT) version 3, 2024. SEMIC, DCAT-AP 3.0.1. EU Vocabularies: access rights, frequencies.
W3C, Data Quality Vocabulary, 2016.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from saferoom.projects.catalogue.describing import Frequency
from saferoom.projects.catalogue.exports import words

TYPE = "application/ld+json"
CONTEXT = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dct": "http://purl.org/dc/terms/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "eli": "http://data.europa.eu/eli/ontology#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "oa": "http://www.w3.org/ns/oa#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_EU = "http://publications.europa.eu/resource/authority/"
FREQUENCIES = {
    Frequency.DAILY: "DAILY",
    Frequency.WEEKLY: "WEEKLY",
    Frequency.MONTHLY: "MONTHLY",
    Frequency.QUARTERLY: "QUARTERLY",
    Frequency.TERMLY: "ANNUAL_3",
    Frequency.TWICE_A_YEAR: "ANNUAL_2",
    Frequency.YEARLY: "ANNUAL",
    Frequency.EVERY_TWO_YEARS: "BIENNIAL",
    Frequency.EVERY_TEN_YEARS: "DECENNIAL",
    Frequency.IRREGULAR: "IRREG",
    Frequency.NEVER: "NEVER",
}
Node = dict[str, Any]


def concept(scheme: str, code: str, kind: str) -> Node:
    """Return a concept of a vocabulary of the European Union, with the scheme that shapes look for."""
    return {"@id": f"{_EU}{scheme}/{code}", "@type": kind, "skos:inScheme": {"@id": f"{_EU}{scheme}"}}


RESTRICTED = concept("access-right", "RESTRICTED", "dct:RightsStatement")
ENGLISH = concept("language", "ENG", "dct:LinguisticSystem")


def document(entries: Sequence[Mapping[str, Any]], address: str, title: str) -> Node:
    """Return the catalogue by itself.

    Parameters
    ----------
    entries : sequence of mapping
        What is public of each dataset.
    address : str
        Where the register is found; every name in the document begins with it.
    title : str
        What the environment calls itself; also the name of the publisher.
    """
    nodes = [node for entry in entries for node in dataset_nodes(entry, address)]
    top = catalogue_node([entry["name"] for entry in entries], address, title, words.ABOUT_CATALOGUE)
    return {"@context": CONTEXT, "@graph": [top, publisher_node(address, title), *nodes]}


def catalogue_node(names: Iterable[str], address: str, title: str, about: str) -> Node:
    """Return the catalogue's own node."""
    return {
        "@id": address,
        "@type": "dcat:Catalog",
        "dct:title": english(f"Register of {title}"),
        "dct:description": english(about),
        "dct:publisher": {"@id": f"{address}#publisher"},
        "dct:language": ENGLISH,
        "foaf:homepage": {"@id": address, "@type": "foaf:Document"},
        "dcat:dataset": [{"@id": name_of(address, "dataset", name)} for name in names],
    }


def publisher_node(address: str, title: str) -> Node:
    """Return the node of the environment itself."""
    return {"@id": f"{address}#publisher", "@type": "foaf:Agent", "foaf:name": title}


def dataset_nodes(entry: Mapping[str, Any], address: str) -> list[Node]:
    """Return the nodes of a dataset and of its versions."""
    id_, page = name_of(address, "dataset", entry["name"]), f"{address}/datasets/{entry['name']}"
    versions = _versions(entry, address, id_)
    node: Node = {
        "@id": id_,
        "@type": "dcat:Dataset",
        "dct:title": english(entry["title"]),
        "dct:description": english(words.description(entry)),
        "dct:identifier": entry["name"],
        "dcat:version": entry["version"],
        "dct:accessRights": RESTRICTED,
        "dct:publisher": {"@id": f"{address}#publisher"},
        "dcat:landingPage": {"@id": page, "@type": "foaf:Document"},
        **_where_and_when(entry),
        **_law(entry, address),
        **_origin(entry, address, id_),
        "dqv:hasQualityAnnotation": [_annotation(one["what"], one["known"]) for one in entry["quality"]]
        + [_annotation("Coverage gap", gap["what"]) for gap in entry["gaps"]],
        "dcat:hasVersion": [{"@id": version["@id"]} for version in versions],
    }
    if entry["twin"] and entry["twin"]["url"]:
        node["adms:sample"] = _sample(entry, id_)
    return [{name: value for name, value in node.items() if value not in ([], None)}, *versions]


def _where_and_when(entry: Mapping[str, Any]) -> Node:
    coverage = entry["coverage"]
    found: Node = {"dct:spatial": [_place(words.nation(code)) for code in entry["nations"]]}
    if coverage["area"]:
        found["dct:spatial"].append(_place(coverage["area"]))
    if coverage["first"] or coverage["last"]:
        found["dct:temporal"] = _period(coverage["first"], coverage["last"])
    if entry["refresh"]:
        frequency = FREQUENCIES[Frequency(entry["refresh"]["frequency"])]
        found["dct:accrualPeriodicity"] = concept("frequency", frequency, "dct:Frequency")
    return found


def _law(entry: Mapping[str, Any], address: str) -> Node:
    laws = [
        {"@id": gateway["url"], "@type": "eli:LegalResource", "dct:title": english(gateway["name"])}
        for gateway in entry["gateways"]
        if gateway["url"]
    ]
    owners = [
        {"@id": name_of(address, "owner", owner), "@type": "foaf:Agent", "foaf:name": owner}
        for owner in entry["owners"]
    ]
    return {"dcatap:applicableLegislation": laws, "dct:creator": owners[:1], "dct:rightsHolder": owners}


def _origin(entry: Mapping[str, Any], address: str, id_: str) -> Node:
    found: Node = {"dct:source": [{"@id": name_of(address, "dataset", name)} for name in entry["linked_from"]]}
    if entry["derived"]:
        steps = ", ".join(f"{one['name']} (version {one['version']})" for one in entry["derived"]["steps"])
        said = f"Made of other datasets by a recipe{f' with the steps {steps}' if steps else ''}."
        found["dct:provenance"] = {
            "@id": f"{id_}-provenance",
            "@type": "dct:ProvenanceStatement",
            "rdfs:label": english(said),
        }
    return found


def _versions(entry: Mapping[str, Any], address: str, of: str) -> list[Node]:
    listed = entry["versions"]
    nodes = []
    for place, version in enumerate(listed):
        node: Node = {
            "@id": name_of(address, "dataset", f"{entry['name']}-version-{version['version']}"),
            "@type": "dcat:Dataset",
            "dct:title": english(f"{entry['title']}, version {version['version']}"),
            "dct:description": english(f"Version {version['version']} of {entry['title']}. {words.ACCESS}"),
            "dcat:version": version["version"],
            "dcat:isVersionOf": {"@id": of},
            "dct:issued": typed("dateTime", version["ingested_at"]),
            "dct:accessRights": RESTRICTED,
            "dct:publisher": {"@id": f"{address}#publisher"},
        }
        if version["first"] or version["last"]:
            node["dct:temporal"] = _period(version["first"], version["last"])
        if version["breaking"]:
            node["adms:versionNotes"] = english("Its description changed so that earlier work may break.")
        if place + 1 < len(listed):
            before = f"{entry['name']}-version-{listed[place + 1]['version']}"
            node["dcat:previousVersion"] = {"@id": name_of(address, "dataset", before)}
        nodes.append(node)
    return nodes


def _sample(entry: Mapping[str, Any], id_: str) -> Node:
    made = entry["twin"]["made_with"]
    return {
        "@id": f"{id_}-twin",
        "@type": "dcat:Distribution",
        "dct:title": english(f"{entry['title']}: made-up data in its shape"),
        "dct:description": english(f"Nobody in it exists{f'; {made}' if made else ''}."),
        "dcat:accessURL": {"@id": entry["twin"]["url"], "@type": "rdfs:Resource"},
    }


def _place(name: str) -> Node:
    return {"@type": "dct:Location", "skos:prefLabel": english(name)}


def _period(first: str | None, last: str | None) -> Node:
    period: Node = {"@type": "dct:PeriodOfTime"}
    if first:
        period["dcat:startDate"] = typed("date", first)
    if last:
        period["dcat:endDate"] = typed("date", last)
    return period


def _annotation(what: str, known: str) -> Node:
    body = {"@type": "oa:TextualBody", "rdf:value": f"{what}: {known}"}
    return {"@type": "dqv:QualityAnnotation", "oa:hasBody": body}


def english(text: str) -> Node:
    """Return a text with its language."""
    return {"@language": "en", "@value": text}


def typed(kind: str, value: str) -> Node:
    """Return a value of a type of XML Schema."""
    return {"@type": f"xsd:{kind}", "@value": value}


def name_of(address: str, kind: str, name: str) -> str:
    """Return what a thing is called in the document."""
    return f"{address}#{kind}-{quote(name, safe='')}"
