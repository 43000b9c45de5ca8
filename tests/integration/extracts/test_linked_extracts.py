"""Extracts of linked datasets: made in the provisioner's zone, with ids that follow the entity and not the record."""

from __future__ import annotations

from pathlib import Path

from tests.support.opened import frame
from tests.support.zones_world import INDEX, people, pupils, taxpayers, zones_world

from saferoom.hub.administration import Administration
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.linkage.weights import BANDS, BY_KEY

MOB, NARROW = ProjectSlug("mob"), ProjectSlug("narrow")
_PROJECTS = "".join(f"kind: project\nslug: {slug}\ntitle: Mobility\nmembers: []\n---\n" for slug in (MOB, NARROW))


def _approval(project: str, name: str, owner: str, more: str = "") -> str:
    approved = f"kind: approval\nproject: {project}\ndataset: {name}\ngranted_by: {owner}\n"
    return f"{approved}until: 2099-01-01\nended: false\n{more}"


def test_linked_datasets_have_ids_of_entities_and_say_how_records_were_linked(tmp_path: Path) -> None:
    with zones_world(tmp_path) as place:
        known = people(120)
        place.deliver("pupils", pupils(known[:100]))
        place.deliver("taxpayers", taxpayers(known[20:]))
        place.link(INDEX)
        instance = place.instance
        admin = Administration(instance.database, instance.clock, instance.signing_key, "admin:ada")
        owners = instance.registry.owners()
        names = (DatasetName("pupils"), DatasetName("taxpayers"))
        parts = [_approval(MOB, name, owners[name]) for name in names]
        parts.append(_approval(NARROW, "pupils", owners[names[0]], "variables: [meals]\n"))
        parts.append(_approval(NARROW, "taxpayers", owners[names[1]], "variables: [pay]\n"))
        admin.apply(read_entries([(_PROJECTS + "---\n".join(parts), "linked")]))
        manifest = instance.extracts("admin:ada").provision(MOB)
        assert {file.linkage for file in manifest.files} == {"person 1"}
        made = {str(name): frame(instance.home, MOB, name) for name in names}
        (unit,) = set(manifest.files[0].units) & set(manifest.files[1].units)
        both = set(made["pupils"][unit]) & set(made["taxpayers"][unit])
        assert len(both) > 60
        for table in made.values():
            assert set(table["match_weight_band"]) <= {*BANDS, BY_KEY, "not linked"}
            assert {"match_pass", "linkage_weight"} <= set(table)
        # Who was not approved for sex and region gets no weight that depends on them.
        assert made["pupils"]["linkage_weight"].nunique() > 1
        instance.extracts("admin:ada").provision(NARROW)
        alone = frame(instance.home, NARROW, "pupils")
        assert alone["linkage_weight"].nunique() == 1
        surnames = {str(person["surname"]) for person in known}
        values = {str(value) for table in made.values() for column in table for value in table[column]}
        assert not surnames & values
        rotated = instance.extracts("admin:ada").rotate(MOB, "A list of ids was seen.")
        assert rotated is not None
        after = {str(name): frame(instance.home, MOB, name) for name in names}
        assert len(set(after["pupils"][unit]) & set(after["taxpayers"][unit])) == len(both)
        assert not set(after["pupils"][unit]) & set(made["pupils"][unit])
