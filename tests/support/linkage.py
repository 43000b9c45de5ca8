"""Made-up people in two files with typing errors, and which records are whose; for tests of linkage."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


def _words(text: str) -> list[str]:
    return text.split()


GIVEN = _words(
    "James Mary John Patricia Robert Jennifer Michael Linda William Elizabeth David Barbara Susan Thomas Sarah Aisha "
    "Mohammed Wei Priya Siobhan Zofia Piotr Fatima Chen"
)
SURNAMES = _words(
    "Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright Thompson Evans Walker White Roberts Green "
    "Hall Wood Jackson Clarke Patel Khan Singh Begum Nowak Okafor Murphy Kelly O'Neil Li"
)
ENDS = ("", "son", "ley", "ton", "ford", "well")
COLUMNS = ("rid", "given", "surname", "dob", "sex", "postcode", "address", "area")
FIELDS = {
    "given": "given_name", "surname": "surname", "dob": "date", "sex": "sex", "postcode": "postcode",
    "address": "address",
}  # fmt: skip
Row = dict[str, str]


@dataclass
class People:
    """Records of two sources, and the pairs of ids that are of one person."""

    left: list[Row] = field(default_factory=list)
    right: list[Row] = field(default_factory=list)
    truth: set[tuple[str, str]] = field(default_factory=set)


def people(count: int, seed: int, *, errors: float = 0.15, moved: float = 0.2) -> People:
    """Return `count` people, three quarters of them in each of two sources."""
    draw = random.Random(seed)
    made = People()
    for number in range(count):
        person = _person(draw)
        left, right = number < count * 3 // 4, number >= count // 4
        ids = f"a{number:06d}", f"b{(number * 7919) % 1_000_003:07d}"
        if left:
            made.left.append({"rid": ids[0], **person})
        if right:
            made.right.append({"rid": ids[1], **_copied(draw, person, errors, moved)})
        if left and right:
            made.truth.add(ids)
    draw.shuffle(made.left)
    draw.shuffle(made.right)
    return made


def _person(draw: random.Random) -> Row:
    day = f"{draw.randint(1930, 2010)}-{draw.randint(1, 12):02d}-{draw.randint(1, 28):02d}"
    return {
        "given": draw.choice(GIVEN),
        "surname": draw.choice(SURNAMES) + draw.choice(ENDS),
        "dob": day,
        "sex": draw.choice("MF"),
        "postcode": _postcode(draw),
        "address": _address(draw),
        "area": draw.choice(("north", "south", "west")),
    }


def _postcode(draw: random.Random) -> str:
    return f"{draw.choice(('LS', 'M', 'B', 'NE'))}{draw.randint(1, 28)} {draw.randint(1, 9)}{draw.choice('ABDE')}J"


def _address(draw: random.Random) -> str:
    return f"{draw.randint(1, 99)} {draw.choice(SURNAMES)} {draw.choice(('Street', 'Road', 'Lane'))}"


def _copied(draw: random.Random, person: Row, errors: float, moved: float) -> Row:
    row = dict(person)
    for column in ("given", "surname", "postcode"):
        if draw.random() < errors:
            row[column] = _mistyped(draw, row[column])
    if draw.random() < errors / 3:
        row["dob"] = ""
    if draw.random() < moved:
        row |= {"postcode": _postcode(draw), "address": _address(draw)}
    return row


def _mistyped(draw: random.Random, text: str) -> str:
    place = draw.randrange(len(text) - 1)
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def write_csv(file: Path, rows: list[Row], columns: tuple[str, ...] = COLUMNS) -> None:
    """Write rows as a CSV file."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def plan_of(*names: str, **keys: Any) -> dict[str, Any]:
    """Return a plan of the files ``<name>.csv``."""
    datasets = [{"name": name, "file": f"{name}.csv", "id": "rid"} for name in names]
    kind = "link" if len(names) > 1 else "dedupe"
    return {"datasets": datasets, "fields": FIELDS, "link_type": kind, **keys}
