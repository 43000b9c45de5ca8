"""The published codes that the documents of the linked world name, and what its laws permit."""

from __future__ import annotations

import json
from collections.abc import Mapping

from saferoom.hub.demo.population import groups
from saferoom.hub.demo.population.money import OCCUPATIONS
from saferoom.hub.demo.population.places import AUTHORITIES, REGIONS

_DIGITAL_ECONOMY = {
    "law": "Digital Economy Act 2017",
    "section": "section 64",
    "url": "https://www.legislation.gov.uk/ukpga/2017/30/section/64",
    "excluded": ["health", "social_care"],
}
"""The research gateway does not cover health and adult social care bodies."""
_TAX = {**_DIGITAL_ECONOMY, "controller": "the tax office", "excluded": ["health", "social_care", "commercial"]}


def codes() -> Mapping[str, str]:
    """Return what the documents' placeholders stand for, each a piece of YAML."""
    of_regions = {region: [one.code for one in AUTHORITIES if one.region == region] for region in REGIONS}
    return {
        "regions": json.dumps(list(REGIONS)),
        "authorities": json.dumps([one.code for one in AUTHORITIES]),
        "authorities_of_regions": json.dumps(of_regions),
        "region_labels": json.dumps(REGIONS),
        "authority_labels": json.dumps({one.code: one.name for one in AUTHORITIES}),
        "group_labels": json.dumps(dict(groups.LABELS)),
        "class_labels": json.dumps({str(number): name for number, name in OCCUPATIONS.items()}),
        "gateways": json.dumps([_DIGITAL_ECONOMY]),
        "tax_gateways": json.dumps([_TAX]),
    }
