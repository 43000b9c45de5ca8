"""People at addresses who work for businesses, in four registers: of people, two of businesses, and of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.zones_world import Row, ZonesWorld, people

from saferoom.hub.linkage.definition import read_index
from saferoom.hub.linkage.linking import Wish, link_index
from saferoom.hub.linkage.records import Linkage

PEOPLE, HOME, BUSINESSES = 90, 3, 24
"""So many people, so many of them at one address, so many businesses."""
INDUSTRIES = ("farms", "shops", "schools")
_TRADES = ("Bakery", "Motors", "Foods", "Joinery", "Software", "Nursery")
_NAMED = """\
  - {name: given_name, type: text, role: direct, identifies: given_name}
  - {name: surname, type: text, role: direct, identifies: surname}
  - {name: date_of_birth, type: text, role: direct, identifies: date}
  - {name: postcode, type: text, role: direct, identifies: postcode}
  - {name: address, type: text, role: direct, identifies: address}
  - {name: person_id, type: text, role: id, linked_through: person}
  - {name: address_id, type: text, role: id, linked_through: address}
"""
_FIRM = """\
  - {name: business_name, type: text, role: direct, identifies: text}
  - {name: postcode, type: text, role: direct, identifies: postcode}
  - {name: business_id, type: text, role: id, linked_through: business}
"""
DOCUMENTS = f"""\
kind: dataset
name: census
title: Census
owner: olga
source: census.csv
units: [person_id, address_id]
key: [form_line]
variables:
{_NAMED}\
  - {{name: form_line, type: text, role: direct}}
  - {{name: taxpayer_no, type: text, role: direct, identifies: id}}
  - {{name: moved_in, type: date, role: quasi}}
  - {{name: sex, type: text, role: quasi, identifies: sex, codelist: [F, M]}}
---
kind: dataset
name: register
title: Business register
owner: olga
source: register.csv
units: [business_id]
key: [business_no]
variables:
{_FIRM}\
  - {{name: business_no, type: text, role: direct, identifies: id}}
  - {{name: industry, type: text, role: quasi, codelist: [{", ".join(INDUSTRIES)}]}}
---
kind: dataset
name: employers
title: Employers of the tax office
owner: olga
source: employers.csv
units: [business_id]
key: [employer_no]
variables:
{_FIRM}\
  - {{name: employer_no, type: text, role: direct, identifies: id}}
  - {{name: pays_monthly, type: boolean, role: quasi}}
---
kind: dataset
name: jobs
title: Jobs
owner: olga
source: jobs.csv
units: [person_id, business_id]
key: [taxpayer_no, employer_no, began]
variables:
  - {{name: taxpayer_no, type: text, role: direct, carries: person}}
  - {{name: employer_no, type: text, role: direct, carries: business}}
  - {{name: person_id, type: text, role: id, linked_through: person}}
  - {{name: business_id, type: text, role: id, linked_through: business}}
  - {{name: began, type: date, role: quasi}}
  - {{name: ended, type: date, role: quasi}}
"""
INDEXES: Mapping[str, str] = {
    "person": """\
kind: index
name: person
title: People
sources: [census, jobs]
fields: {given_name: given_name, surname: surname, date_of_birth: date, postcode: postcode}
plan: {threshold: 0.9}
""",
    "address": "kind: index\nname: address\ntitle: Addresses\nunit: address\nsources: [census]\n",
    "business": """\
kind: index
name: business
title: Businesses
unit: business
sources: [register, employers, jobs]
plan: {threshold: 0.8, one_to_one: true}
""",
}
LIVES_AT = """\
kind: dataset
name: lives_at
title: Who lives at which address
owner: olga
source: derived/lives_at.parquet
units: [person_id, address_id]
linked_from: [census]
variables:
  - {name: person_id, type: text, role: id, linked_through: person}
  - {name: address_id, type: text, role: id, linked_through: address}
  - {name: first_day, type: date, role: quasi}
  - {name: last_day, type: date, role: quasi}
derived:
  uses: {census: census}
  make:
    - table: forms
      sql: >-
        select person_id, address_id, make_date(2021, 3, 21) as first_day, make_date(2021, 3, 21) as last_day
        from census
    - table: letters
      sql: select person_id, address_id, moved_in as first_day from census
    - table: lives_at
      association: {between: [person_id, address_id], evidence: [forms, letters]}
"""
WORKS_FOR = """\
kind: dataset
name: works_for
title: Who works for whom
owner: olga
source: derived/works_for.parquet
units: [person_id, business_id]
linked_from: [jobs]
variables:
  - {name: person_id, type: text, role: id, linked_through: person}
  - {name: business_id, type: text, role: id, linked_through: business}
  - {name: first_day, type: date, role: quasi}
  - {name: last_day, type: date, role: quasi}
derived:
  uses: {jobs: jobs}
  make:
    - table: employed
      sql: select person_id, business_id, began as first_day, ended as last_day from jobs
    - table: works_for
      association: {between: [person_id, business_id], evidence: [employed], gap: 31}
"""
HOMES_AND_JOBS = f"""\
kind: dataset
name: homes_and_jobs
title: Industries that people of a home work in
owner: olga
source: derived/homes_and_jobs.parquet
units: [person_id, address_id]
linked_from: [lives_at, works_for, register]
variables:
  - {{name: person_id, type: text, role: id, linked_through: person}}
  - {{name: address_id, type: text, role: id, linked_through: address}}
  - {{name: at_home, type: integer, role: quasi}}
  - {{name: industry, type: text, role: quasi, codelist: [{", ".join(INDUSTRIES)}]}}
derived:
  uses: {{homes: lives_at, jobs: works_for, firms: register}}
  make:
    - table: sizes
      sql: select address_id, count(distinct person_id) as at_home from homes group by address_id
    - table: known
      sql: >-
        select h.person_id, h.address_id, min(s.at_home) as at_home, min(f.industry) as industry from homes h
        join sizes s on s.address_id = h.address_id join jobs j on j.person_id = h.person_id
        join firms f on f.business_id = j.business_id
        where j.first_day <= make_date(2021, 3, 21) and (j.last_day is null or j.last_day >= make_date(2021, 3, 21))
        group by h.person_id, h.address_id
"""
Lines = list[dict[str, Any]]


class Town:
    """What is true, and what the registers say of it."""

    def __init__(self) -> None:
        self.people = [_at_home(one) for one in people(PEOPLE)]
        self.firms: list[Row] = [
            {"number": n, "name": f"{one['surname']} {_TRADES[n % len(_TRADES)]}", "industry": INDUSTRIES[n % 3]}
            for n, one in enumerate(people(BUSINESSES, seed=11))
        ]

    def employer(self, person: int) -> int:
        """Return the number of the business that a person works for."""
        return person * 7 % BUSINESSES

    def census(self) -> Lines:
        return [
            _named(one) | {"form_line": f"L{one['number']}", "sex": one["sex"], "taxpayer_no": f"T{one['number']:05d}",
                           "moved_in": "2015-06-01"}
            for one in self.people
        ]  # fmt: skip

    def register(self) -> Lines:
        return [
            {"business_name": f"{one['name']} Ltd", "postcode": _postcode(one["number"]),
             "business_no": f"U{one['number']:05d}", "industry": one["industry"]}
            for one in self.firms
        ]  # fmt: skip

    def employers(self) -> Lines:
        return [
            {"business_name": f"{one['name']} Limited".upper(), "postcode": _postcode(one["number"]),
             "employer_no": f"E{one['number']:05d}", "pays_monthly": "true"}
            for one in self.firms
        ]  # fmt: skip

    def jobs(self) -> Lines:
        """Return two spells with a week between for everybody, and one with an employer whom nobody knows."""
        found = []
        for one in self.people:
            whose = {"taxpayer_no": f"T{one['number']:05d}", "employer_no": f"E{self.employer(one['number']):05d}"}
            found += [
                whose | {"began": "2018-01-01", "ended": "2019-12-24"},
                whose | {"began": "2020-01-01", "ended": ""},
            ]
        return [*found, found[0] | {"employer_no": "E99999"}]


def deliver(place: ZonesWorld) -> Town:
    """Describe and ingest everything; nothing is linked yet."""
    town = Town()
    place.apply("---\n".join([DOCUMENTS, LIVES_AT, WORKS_FOR, HOMES_AND_JOBS]))
    for name in ("census", "register", "employers", "jobs"):
        place.deliver(name, getattr(town, name)())
    return town


def link(place: ZonesWorld, index: str) -> Linkage:
    """Link one of the indexes."""
    return link_index(place.instance, Wish(index, read_index(INDEXES[index], index)), "admin:ada")


def _at_home(one: Row) -> Row:
    home = one["number"] // HOME
    return one | {"postcode": f"QX{home % 50 + 1} {home % 9 + 1}AB", "address": f"{home + 1} Mill Road"}


def _named(one: Row) -> Row:
    return {name: one[name] for name in ("given_name", "surname", "date_of_birth", "postcode", "address")}


def _postcode(number: int) -> str:
    return f"ZB{number + 1} {number % 9 + 1}CD"
