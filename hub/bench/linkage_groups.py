"""Whom linkage loses in the demonstration's world: ``python -m ... FOLDER``, alone in a process.

Births are linked to the census, so that a child's and a parent's census records tell of parent and child; and census
records are placed at addresses, so that those of one address are of one household. Each is done three ways: by the keys
that everybody uses, by the model, and by the model with relatives' word. Truth comes from the folder that no room has.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from saferoom.hub.bench.contestants import peak_mib

FIELDS = ("given_name", "surname", "date_of_birth", "sex", "postcode", "address")
KINDS = dict(zip(FIELDS, ("given_name", "surname", "date", "sex", "postcode", "address"), strict=True))
GROUPS = ("ethnic_group", "sex", "region")
KEYS = (
    ("given_name", "surname", "date_of_birth"),
    ("surname", "date_of_birth", "postcode"),
    ("given_name", "date_of_birth", "postcode"),
    ("given_name", "surname", "postcode"),
)
FEWEST = 100
"""True pairs that a group must have, for its rate to say anything."""
_SOURCES = {
    "children": ("births/children", "birth_id"),
    "parents": ("births/parents", "parent_entry_id"),
    "census": ("census/people", "census_id"),
}


class World:
    """The demonstration's files in an engine, with the truth beside them."""

    def __init__(self, folder: Path) -> None:
        import duckdb

        self.connection = duckdb.connect(config={"threads": "2"})
        run = self.connection.execute
        for source, (file, number) in _SOURCES.items():
            path = str(folder / f"{file}.parquet")
            run(f"CREATE TABLE {source} AS SELECT {number} AS record_id, * FROM read_parquet(?)", [path])  # noqa: S608
        for table in ("people", "records", "households"):
            run(f"CREATE TABLE true_{table} AS FROM read_parquet(?)", [str(folder / "truth" / f"{table}.parquet")])
        # The groups of a pair are those of the child, or of the younger of two people of one household.
        run("""
            CREATE TABLE who AS SELECT r.source, r.record_id, p.person_id, p.household_id, p.mother_id, p.father_id,
                p.ethnic_group, p.sex, h.region_code AS region
            FROM true_records r JOIN true_people p USING (person_id) JOIN true_households h USING (household_id)
        """)
        run("""
            CREATE TABLE families AS SELECT 'children' AS source, record_id, record_id AS family, 'child' AS role
            FROM children UNION ALL SELECT 'parents', record_id, birth_id, role FROM parents
        """)
        run("CREATE TABLE households AS SELECT 'census' AS source, record_id, form_id AS household FROM census")
        # What there is to be found: births with an entry of the parent, and both in the census.
        run("""
            CREATE TABLE true_kin AS
            SELECT c.record_id AS child, p.record_id AS parent, c.ethnic_group, c.sex, c.region
            FROM families f JOIN who b ON b.source = 'births/children' AND b.record_id = f.family
            JOIN who e ON e.source = 'births/parents' AND e.record_id = f.record_id
            JOIN who c ON c.source = 'census/people' AND c.person_id = b.person_id
            JOIN who p ON p.source = 'census/people' AND p.person_id = e.person_id WHERE f.role <> 'child'
        """)
        run("""
            CREATE TABLE true_homes AS
            SELECT a.record_id AS one, b.record_id AS other, a.ethnic_group, a.sex, a.region
            FROM who a JOIN who b USING (household_id)
            WHERE a.source = 'census/people' AND b.source = 'census/people' AND a.record_id < b.record_id
        """)


def keys(world: World) -> str:
    """Link entries to the census by keys that are unique on both sides (on the census', for parents)."""
    run = world.connection.execute
    run("CREATE TABLE by_keys (source TEXT, l TEXT, r TEXT)")
    for source in ("children", "parents"):
        for key in KEYS:
            columns = ", ".join(key)
            ours = ", ".join(_plain(column) for column in key)
            once = "HAVING count(*) = 1" if source == "children" else ""
            whose = "any_value(record_id)" if source == "children" else "unnest(list(record_id))"
            run(f"""
                INSERT INTO by_keys SELECT '{source}', l, r FROM (
                    SELECT {ours}, {whose} AS l FROM {source}
                    WHERE record_id NOT IN (SELECT l FROM by_keys) GROUP BY {columns} {once}
                ) JOIN (SELECT {ours}, any_value(record_id) AS r FROM census GROUP BY {columns} HAVING count(*) = 1)
                USING ({columns})
            """)  # noqa: S608
    run("""
        CREATE TABLE key_pairs AS SELECT source AS source_l, l AS record_id_l, 'census' AS source_r, r AS record_id_r,
            true AS linked FROM by_keys
    """)
    return "key_pairs"


def _plain(column: str) -> str:
    return f"replace({column}, ' ', '') AS {column}" if column == "postcode" else f"lower({column}) AS {column}"


def model(world: World) -> str:
    """Link entries to the census by the model: children one to one, parents many to one."""
    from saferoom.projects.linkage.linking import link
    from saferoom.projects.linkage.plan import LinkPlan

    tables = []
    for source, how in (("children", "one_to_one"), ("parents", "many_to_one")):
        datasets = [{"name": name, "file": "-", "id": "record_id"} for name in (source, "census")]
        plan = LinkPlan.model_validate({"datasets": datasets, "fields": KINDS, how: True}, strict=False)
        tables.append(link(world.connection, {source: source, "census": "census"}, plan, name=source).pairs)
    listed = ", ".join(
        (
            "source_l",
            "record_id_l",
            "source_r",
            "record_id_r",
            "match_weight",
            "match_probability",
            "match_pass",
            "linked",
        )
    )
    union = " UNION ALL ".join(f"SELECT {listed} FROM {table}" for table in tables)  # noqa: S608
    world.connection.execute(f"CREATE TABLE model_pairs AS {union}")
    return "model_pairs"


def relatives(world: World) -> str:
    """Decide the model's pairs anew by what linked relatives say."""
    from saferoom.projects.linkage.families import confirm

    made = confirm(world.connection, "model_pairs", "families", "households", into="kin_pairs", single=["children"])
    return made.pairs


def kin(world: World, pairs: str) -> dict[str, Any]:
    """Return how well parent-child pairs of census records are found by linked pairs."""
    world.connection.execute(f"""
        CREATE OR REPLACE TABLE found AS
        SELECT DISTINCT c.record_id_r AS child, e.record_id_r AS parent
        FROM families f JOIN {pairs} c ON c.source_l = 'children' AND c.record_id_l = f.family AND c.linked
        JOIN {pairs} e ON e.source_l = 'parents' AND e.record_id_l = f.record_id AND e.linked
        WHERE f.role <> 'child' AND c.record_id_r <> e.record_id_r
    """)  # noqa: S608
    right = """
        SELECT count(*) FROM found f JOIN who c ON c.record_id = f.child JOIN who p ON p.record_id = f.parent
        WHERE c.source = 'census/people' AND p.source = 'census/people'
            AND (c.mother_id = p.person_id OR c.father_id = p.person_id)
    """
    return _rates(world, "true_kin", ("child", "parent"), right)


def homes(world: World, placed: str) -> dict[str, Any]:
    """Return how well pairs of census records of one household are found by a table of clusters."""
    world.connection.execute(f"""
        CREATE OR REPLACE TABLE found AS SELECT a.record_id AS one, b.record_id AS other
        FROM {placed} a JOIN {placed} b USING (cluster_id) WHERE a.record_id < b.record_id
    """)  # noqa: S608
    right = """
        SELECT count(*) FROM found f JOIN who a ON a.record_id = f.one JOIN who b ON b.record_id = f.other
        WHERE a.source = 'census/people' AND b.source = 'census/people' AND a.household_id = b.household_id
    """
    return _rates(world, "true_homes", ("one", "other"), right)


def _rates(world: World, truth: str, sides: tuple[str, str], right: str) -> dict[str, Any]:
    def one(sql: str) -> int:
        return int(world.connection.execute(sql).fetchall()[0][0])

    found = f"EXISTS (SELECT 1 FROM found f WHERE f.{sides[0]} = t.{sides[0]} AND f.{sides[1]} = t.{sides[1]})"  # noqa: S608
    links, correct = one("SELECT count(*) FROM found"), one(right)
    total, hit = one(f"SELECT count(*) FROM {truth}"), one(f"SELECT count(*) FROM {truth} t WHERE {found}")  # noqa: S608
    groups: dict[str, dict[str, dict[str, float]]] = {}
    for column in GROUPS:
        rows = world.connection.execute(
            f"SELECT t.{column}, count(*), avg(({found})::INT) FROM {truth} t GROUP BY ALL ORDER BY ALL"  # noqa: S608
        ).fetchall()
        groups[column] = {str(label): {"pairs": int(n), "recall": float(recall)} for label, n, recall in rows}
    gaps = {}
    for column, labels in groups.items():
        said = [found["recall"] for found in labels.values() if found["pairs"] >= FEWEST]
        gaps[column] = max(said) - min(said) if said else 0.0
    return {"links": links, "precision": correct / max(links, 1), "recall": hit / max(total, 1), "pairs": total,
            "groups": groups, "gaps": gaps}  # fmt: skip


def place(world: World, table: str) -> dict[str, str]:
    """Place census records at addresses: by the key, by the model, and with relatives of `table`'s links."""
    from saferoom.projects.linkage import households

    run = world.connection.execute
    run("CREATE TABLE people AS SELECT 'census' AS source, record_id, surname, postcode, address FROM census")
    run(f"""
        CREATE TABLE home_keys AS SELECT source, record_id, CASE WHEN address IS NULL OR postcode IS NULL THEN record_id
            ELSE {_plain("postcode").partition(" AS")[0]} || '|' || lower(address) END AS cluster_id FROM people
    """)  # noqa: S608
    run(f"""
        CREATE TABLE related AS SELECT DISTINCT 'census' AS source, a.record_id_r AS record_id,
            'census' AS other_source, b.record_id_r AS other_record_id
        FROM families f JOIN families g USING (family) JOIN {table} a ON a.source_l = f.source
            AND a.record_id_l = f.record_id AND a.linked JOIN {table} b ON b.source_l = g.source
            AND b.record_id_l = g.record_id AND b.linked WHERE a.record_id_r <> b.record_id_r
    """)  # noqa: S608
    households.place(world.connection, "people", "home_model")
    households.place(world.connection, "people", "home_kin", relatives="related")
    return {"keys": "home_keys", "model": "home_model", "relatives": "home_kin"}


def main(folder: Path) -> None:
    """Link three ways and print what was found."""
    import logging
    import warnings

    warnings.simplefilter("ignore")
    logging.disable()
    world = World(folder)
    seconds: dict[str, float] = {}
    numbers: dict[str, Any] = {"parent and child": {}, "household": {}}
    table = ""
    for name, work in (("keys", keys), ("model", model), ("relatives", relatives)):
        started = time.perf_counter()
        table = work(world)
        seconds[name] = time.perf_counter() - started
        numbers["parent and child"][name] = kin(world, table)
    started = time.perf_counter()
    for name, placed in place(world, table).items():
        numbers["household"][name] = homes(world, placed)
    seconds["households"] = time.perf_counter() - started
    result: dict[str, Any] = {"seconds": seconds, "peak_mib": peak_mib(), "numbers": numbers}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
