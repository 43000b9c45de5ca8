"""Attempts to get into a project, or data into one, past the people who decide."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.support.registry_world import HTV, MOB, NOW, ROSA, clock, store

from saferoom.clock import FrozenClock
from saferoom.errors import BadInputError, NotFoundError
from saferoom.hub.administration import Administration
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.store.registry import StoredRegistry
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.people.entitlement import may_enter, may_sign_in
from saferoom.signing import SigningKey

BASE = """\
{kind: person, username: rosa, display_name: R, roles: [researcher], accreditation_expires: 2027-01-01, training_expires: 2027-01-01}
---
{kind: person, username: olga, display_name: O, roles: [data-owner]}
---
{kind: person, username: omar, display_name: M, roles: [data-owner, researcher]}
---
kind: dataset
name: htv
title: Wages
owner: olga
source: htv.csv
units: [person_id]
variables: [{name: person_id, type: integer, role: id}, {name: full_name, type: text, role: direct}, {name: wage, type: number}]
---
{kind: project, slug: mob, title: M, members: [rosa]}
---
{kind: approval, project: mob, dataset: htv, granted_by: olga, until: 2027-01-01}
"""  # noqa: E501 - one document a line
APPROVAL = "{{kind: approval, project: {project}, dataset: htv, granted_by: {by}, until: 2027-01-01{more}}}"


@pytest.fixture
def administration(tmp_path: Path) -> Administration:
    """A store with rosa in olga's project."""
    made = Administration(store(tmp_path), clock(), SigningKey.generate(), "admin:ada")
    made.apply(read_entries([(BASE, "base.yaml")]))
    return made


def _apply(administration: Administration, text: str) -> None:
    administration.apply(read_entries([(text, "f.yaml")]))


@pytest.mark.parametrize("by", ["omar", "rosa", "nobody"])
def test_nobody_but_the_owner_can_approve_a_dataset(administration: Administration, by: str) -> None:
    with pytest.raises(BadInputError, match="only olga, who owns htv, can approve it"):
        _apply(administration, APPROVAL.format(project="mob", by=by, more=""))


def test_making_oneself_the_owner_needs_the_old_approvals_confirmed(administration: Administration) -> None:
    taken = BASE.split("---")[3].replace("olga", "omar")
    with pytest.raises(BadInputError, match="granted by olga, who would no longer own"):
        _apply(administration, taken)


def test_owner_cannot_approve_data_for_a_project_they_join_later(administration: Administration) -> None:
    owned = BASE.split("---")[3].replace("htv", "own").replace("olga", "omar")
    joined = "{kind: project, slug: mine, title: M, members: [omar]}"
    grant = APPROVAL.format(project="mine", by="omar", more="").replace("htv", "own")
    with pytest.raises(BadInputError, match="cannot also approve data for it"):
        _apply(administration, f"{owned}\n---\n{joined}\n---\n{grant}")


@pytest.mark.parametrize("name", ["full_name", "person_id", "FULL_NAME", "full_name "])
def test_direct_identifiers_and_ids_cannot_be_approved(administration: Administration, name: str) -> None:
    with pytest.raises(BadInputError):
        _apply(administration, APPROVAL.format(project="mob", by="olga", more=f", variables: ['{name}']"))


def test_refused_documents_write_nothing_even_beside_good_ones(administration: Administration) -> None:
    good = "{kind: person, username: eve, display_name: E, roles: [researcher]}"
    with pytest.raises(BadInputError):
        _apply(administration, f"{good}\n---\n{APPROVAL.format(project='mob', by='rosa', more='')}")
    with pytest.raises(NotFoundError):
        StoredRegistry(administration.database).person(Username("eve"))
    with administration.database.reading() as session:
        assert len(session.scalars(select(AuditLinkRow)).all()) == 6


@pytest.mark.parametrize("name", ["' OR '1'='1", "rosa'--", "rosa\x00", "ROSA", "rosa ", "%", "ro_a", "\ufb00", ""])
def test_names_that_are_statements_or_patterns_match_nobody(administration: Administration, name: str) -> None:
    registry = StoredRegistry(administration.database)
    assert not may_sign_in(registry, Username(name), NOW)
    assert not may_enter(registry, Username(name), MOB, NOW)
    assert not may_enter(registry, ROSA, ProjectSlug(name), NOW)
    assert registry.projects_of(Username(name)) == ()
    with pytest.raises(NotFoundError):
        registry.dataset(DatasetName(name))


def test_entry_ends_the_moment_anything_it_rests_on_ends(administration: Administration) -> None:
    registry = StoredRegistry(administration.database)
    assert may_enter(registry, ROSA, MOB, NOW)
    assert may_enter(registry, ROSA, MOB, NOW + timedelta(days=41)).code == "accreditation-expired"
    administration.end_approval(MOB, HTV)
    assert may_enter(registry, ROSA, MOB, NOW).code == "approvals-ended"
    again = APPROVAL.format(project="mob", by="olga", more="")
    _apply(administration, again)  # an old file applied again does not reopen what the owner ended
    assert may_enter(registry, ROSA, MOB, NOW).code == "approvals-ended"
    _apply(administration, again.replace("}", ", ended: false}"))
    assert may_enter(registry, ROSA, MOB, NOW)
    administration.remove_member(MOB, ROSA)
    assert may_enter(registry, ROSA, MOB, NOW).code == "not-a-member"


def test_approval_cannot_be_dated_back_into_force(administration: Administration) -> None:
    late = replace(administration, clock=FrozenClock(NOW + timedelta(days=100)))
    with pytest.raises(BadInputError, match="'until' is in the past"):
        _apply(late, APPROVAL.format(project="mob", by="olga", more="").replace("2027-01-01", "2027-02-01"))
