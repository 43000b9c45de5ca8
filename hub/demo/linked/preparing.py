"""The departments' deliveries: the files of the made-up world, as each department would hand them over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from saferoom.hub.demo.population.generate import World, generate
from saferoom.ids import DatasetName

PEOPLE = 20_000
"""Fewer than the generator makes unless told: every region and most areas still have enough of everything."""
_IDENTIFYING = "given_name, surname, try_cast(date_of_birth as date) as date_of_birth, sex, postcode, address"
_BORN = "try_cast(date_of_birth as date) as born"
_AREA = "region_code, deprivation_tenth"

FILES: Mapping[str, tuple[str, str]] = {
    "births_children": ("births/children", f"birth_id, {_IDENTIFYING}, {_BORN}, authority_code"),
    "births_parents": ("births/parents", f"parent_entry_id, birth_id, {_IDENTIFYING}, role"),
    "schools_pupils": ("schools/pupils", f"pupil_id, {_IDENTIFYING}, {_BORN}, ethnic_group, authority_code, {_AREA}"),
    "schools_years": ("schools/years", "pupil_id, school_year, school_age, free_school_meals"),
    "tax_people": ("tax/people", f"taxpayer_id, {_IDENTIFYING}, {_AREA}"),
    "tax_earnings": ("tax/earnings", "taxpayer_id, tax_year, pay"),
    "benefits_people": ("benefits/people", f"claimant_id, {_IDENTIFYING}, region_code"),
    "benefits_claims": ("benefits/claims", "claimant_id, tax_year, benefit, amount"),
    "census_people": (
        "census/people",
        f"census_id, form_id, {_IDENTIFYING}, {_BORN}, relationship, ethnic_group, occupation_class, qualification",
    ),
    "census_households": ("census/households", f"form_id, authority_code, {_AREA}, tenure, weekly_housing_cost"),
}
"""By dataset: the file of the world, and what of it is delivered."""
_SINCE = {"benefits_claims": "tax_year >= 2020"}
"""Of long histories, what is delivered."""
REFRESHED = ("schools_pupils", "schools_years")
"""The datasets that are delivered again a year later."""


def deliver(world: World, folder: Path, datasets: Iterable[str] = tuple(FILES)) -> dict[DatasetName, Path]:
    """Write the deliveries of `datasets` into `folder` and return their paths."""
    import duckdb

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = {}
    with duckdb.connect(config={"threads": 1}) as connection:
        for name in datasets:
            file, columns = FILES[name]
            target = folder / f"{name}.parquet"
            relation = connection.read_parquet(str(world.file(file)))
            if name in _SINCE:
                relation = relation.filter(_SINCE[name])
            relation = relation.project(columns)
            relation.write_parquet(str(target), compression="zstd")
            made[DatasetName(name)] = target
    return made


def make_world(
    folder: Path, *, people: int = PEOPLE, delivery: int = 1, told: Callable[[str], None] | None = None
) -> World:
    """Make the population whose records the departments deliver, or what they know of it a year later."""
    return generate(folder, people=people, delivery=delivery, told=told)
