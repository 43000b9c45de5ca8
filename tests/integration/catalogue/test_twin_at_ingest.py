"""A first delivery gets its dataset a synthetic twin, later ones of the same shape no other; its owner opens it."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select
from tests.support.zones_world import ACTOR, DOCUMENTS, ZonesWorld, people, pupils, zones_world

from saferoom.errors import IntegrityError, NotFoundError
from saferoom.hub.linkage import ingesting
from saferoom.hub.linkage.ingesting import Delivered, ingest
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.store.twins import KeptTwin, kept_twin
from saferoom.hub.web.catalogue import present
from saferoom.ids import DatasetName
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.people.model import Person, Role

NAME = DatasetName("pupils")
OWNER = Person.model_construct(username="olga", roles=frozenset({Role.DATA_OWNER}))
RESEARCHER = Person.model_construct(username="rita", roles=frozenset({Role.RESEARCHER}))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZonesWorld]:
    """An instance to which the schools delivered twice."""
    with zones_world(tmp_path_factory.mktemp("twins")) as made:
        made.deliver("pupils", pupils(people(120)))
        made.deliver("pupils", pupils(people(121)), "2")
        yield made


def twin(place: ZonesWorld) -> KeptTwin:
    """Return the twin on record."""
    with place.instance.database.reading() as session:
        found = kept_twin(session, NAME)
    assert found is not None
    return found


def described(place: ZonesWorld) -> Dataset:
    """Return the dataset as it is registered."""
    return place.instance.registry.dataset(NAME)


def test_twin_is_of_the_first_version_and_nothing_of_it_names_anybody(place: ZonesWorld) -> None:
    found = twin(place)
    assert found.version == "1"
    table = pq.read_table(io.BytesIO(present.twin_file(place.instance, OWNER, described(place))))
    assert table.column_names == ["person_id", "sex", "pupil_id", "meals", "region"]
    rows = pupils(people(120))
    assert not set(table["pupil_id"].to_pylist()) & {row["pupil_id"] for row in rows}
    assert set(table["region"].to_pylist()) == {"north", "south"}


def test_audit_trail_has_one_twin(place: ZonesWorld) -> None:
    with place.instance.database.reading() as session:
        found = session.scalars(select(AuditLinkRow.payload).where(AuditLinkRow.action == "dataset.twin")).all()
    assert [payload and payload["sha256"] for payload in found] == [twin(place).sha256]


def test_nobody_but_its_owner_has_it_until_it_is_opened(place: ZonesWorld) -> None:
    with pytest.raises(NotFoundError, match="its data owner decides"):
        present.twin_file(place.instance, RESEARCHER, described(place))
    assert present.twin(place.instance, RESEARCHER, described(place)) is None
    place.apply(_with(DOCUMENTS, "key: [pupil_id]\n", "key: [pupil_id]\ntwin: {open_to: signed_in}\n"))
    assert present.twin_file(place.instance, RESEARCHER, described(place))


def test_another_shape_gets_another_twin(place: ZonesWorld) -> None:
    place.apply(_with(DOCUMENTS, "codelist: [north, south]", "codelist: [north, south, west]"))
    before = twin(place)
    place.deliver("pupils", pupils(people(122)), "3")
    after = twin(place)
    assert (after.version, after.sha256 == before.sha256) == ("3", False)


def test_changed_bytes_are_no_twin(place: ZonesWorld) -> None:
    digest = twin(place).sha256
    assert digest is not None
    kept = place.home.vault / digest[:2] / digest[2:]
    kept.chmod(0o600)
    kept.write_bytes(kept.read_bytes()[:-1] + b"?")
    with pytest.raises(IntegrityError):
        present.twin_file(place.instance, OWNER, described(place))


def test_a_twin_that_the_splitter_did_not_tell_of_is_not_taken(
    place: ZonesWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingesting, "FILE", "another.parquet")
    place.apply(_with(DOCUMENTS, "codelist: [north, south]", "codelist: [north, south, east]"))
    before = twin(place)
    file = place.inbox / "pupils-1.csv"
    with pytest.raises(IntegrityError, match="did not leave the twin"):
        ingest(place.instance, Delivered(NAME, file, "4"), ACTOR)
    assert twin(place) == before


def _with(documents: str, old: str, new: str) -> str:
    assert old in documents
    return documents.replace(old, new, 1)
