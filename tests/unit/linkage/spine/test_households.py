"""Records at addresses: mistyped and missing postcodes, missing addresses, and who must stay apart."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from saferoom.errors import BadInputError
from saferoom.projects.linkage.households import Placed, place

_NAMES = ("Archer", "Barnes", "Carver", "Dunmore", "Ellis", "Fairley", "Garner", "Hobson", "Ingham", "Jessop")


class Street:
    """Ten households of three in each of six postcodes, every household with a name of its own in its postcode."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(
            "CREATE TABLE records (source TEXT, record_id TEXT, surname TEXT, postcode TEXT, address TEXT)"
        )
        self.connection.execute(
            "CREATE TABLE relatives (source TEXT, record_id TEXT, other_source TEXT, other_record_id TEXT)"
        )
        rows = [
            (f"{code}{house}{who}", f"{name}son" if who == "c" else name, f"AB{code} {code}CD",
             f"{house + 1} Mill Rd, Town {code}")
            for code in range(6) for house, name in enumerate(_NAMES) for who in "abc"
        ]  # fmt: skip
        self.connection.executemany("INSERT INTO records VALUES ('census', ?, ?, ?, ?)", rows)

    def add(self, record: str, surname: str | None, postcode: str | None, address: str | None) -> None:
        self.connection.execute("DELETE FROM records WHERE record_id = ?", [record])
        self.connection.execute(
            "INSERT INTO records VALUES ('census', ?, ?, ?, ?)", [record, surname, postcode, address]
        )

    def relate(self, one: str, other: str) -> None:
        for a, b in ((one, other), (other, one)):
            self.connection.execute("INSERT INTO relatives VALUES ('census', ?, 'census', ?)", [a, b])

    def together(self, *records: str) -> bool:
        self.connection.execute("DROP TABLE IF EXISTS placed")
        self.made: Placed = place(self.connection, "records", "placed", relatives="relatives")
        marks = ", ".join("?" for _ in records)
        rows = self.connection.execute(
            f"SELECT count(DISTINCT cluster_id), count(*) FROM placed WHERE record_id IN ({marks})", list(records)
        ).fetchall()
        return bool(rows[0] == (1, len(records)))


@pytest.fixture
def street() -> Iterator[Street]:
    made = Street()
    yield made
    made.connection.close()


def test_the_same_address_written_differently_is_one(street: Street) -> None:
    street.add("00a", "Archer", "ab0 0cd", "1 MILL ROAD Town 0.")
    assert street.together("00a", "00b", "00c")
    assert not street.together("00a", "01a")
    assert street.made.records == 180
    assert street.made.addresses == 60


def test_a_mistyped_or_missing_postcode_is_that_of_the_others(street: Street) -> None:
    street.add("00a", "Archer", "AB0 0DC", "1 Mill Road, Town 0")
    street.add("00b", "Archer", None, "1 Mill Road, Town 0")
    assert street.together("00a", "00b", "00c")
    assert street.made.placed["address, postcode mistyped or missing"] == 2


def test_two_towns_with_one_address_stay_apart_and_a_missing_postcode_goes_to_neither(street: Street) -> None:
    street.add("x", "Xu", "QQ9 9QX", "1 Mill Road, Town 0")
    assert not street.together("x", "00a")
    street.add("y", "Archer", None, "1 Mill Road, Town 0")
    assert not street.together("y", "00a")
    assert not street.together("y", "x")


def test_a_missing_address_is_found_by_the_surname_in_the_postcode(street: Street) -> None:
    street.connection.execute("""
        INSERT INTO records
        SELECT 'census', 'other' || i, 'Name' || i, 'QQ1 1QQ', i || ' High Street' FROM range(400) t(i)
    """)
    street.add("rare", "Zephaniah", "AB0 0CD", "1 Mill Road, Town 0")
    street.add("lost", "Zephaniah", "AB0 0CD", None)
    assert street.together("lost", "rare", "00a")


def test_a_missing_address_of_a_common_name_stays_unknown(street: Street) -> None:
    for house in range(10):
        street.add(f"0{house}a", "Archer", "AB0 0CD", f"{house + 1} Mill Road, Town 0")
    street.add("lost", "Archer", "AB0 0CD", None)
    assert not any(street.together("lost", f"0{house}a") for house in range(10))
    assert street.made.nowhere == 1


def test_a_relative_tells_where_somebody_lives_unless_the_postcode_is_another(street: Street) -> None:
    for code in range(6):
        for house in range(10):
            street.relate(f"{code}{house}a", f"{code}{house}b")
    street.add("lost", "Quill", "AB0 0CD", None)
    street.relate("lost", "03a")
    assert street.together("lost", "03a")
    street.add("lost", "Quill", "AB0 0CE", None)
    assert street.together("lost", "03a")
    street.add("lost", "Quill", "QX4 4CD", None)
    assert not street.together("lost", "03a")


def test_somebody_of_whom_nothing_is_known_lives_alone(street: Street) -> None:
    street.add("nobody", None, None, None)
    assert not street.together("nobody", "00a")
    rows = street.connection.execute("SELECT cluster_id, match_pass FROM placed WHERE record_id = 'nobody'").fetchall()
    assert rows[0][1] is None
    assert street.connection.execute("SELECT count(*) FROM placed WHERE cluster_id = ?", [rows[0][0]]).fetchall() == [
        (1,)
    ]


def test_nothing_at_all_and_records_twice(street: Street) -> None:
    street.connection.execute("CREATE TABLE nothing AS FROM records LIMIT 0")
    assert place(street.connection, "nothing", "empty").records == 0
    street.connection.execute("INSERT INTO records SELECT * FROM records LIMIT 1")
    with pytest.raises(BadInputError, match="several rows for 1 of its source and record_id"):
        place(street.connection, "records", "again")
