"""The `linkage` benchmark: FEBRL4 and synthetic files beside Splink, recordlinkage and keys; whom linkage loses."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.bench.environments import own_python
from saferoom.hub.bench.linkage_contestants import ID
from saferoom.hub.bench.linkage_page import page as page
from saferoom.hub.bench.linkage_page import report as report
from saferoom.hub.bench.linkage_world import febrl4, synthetic
from saferoom.hub.bench.measure import Run, run_fresh, summary

ROWS = 100_000
FEWEST_ROWS, MOST_ROWS = 10_000, 5_000_000
REPEATS = 3
PEOPLE, SEED = 50_000, 20_210_321
FOLDER = Path(".saferoom/bench")
WHAT = {
    "saferoom": "`saferoom link`'s own linking with every setting left to its default: no labels, one to one",
    "splink": "Splink 5 by itself, as its documentation shows: EM without labels, and pairs that are each other's best",
    "recordlinkage": "recordlinkage 0.16's ECM classifier, one to one, its own environment",
    "keys": "five deterministic keys in turn",
    "bloom": "both files encoded under a shared key, linked without it",
}
_ONCE = frozenset({"recordlinkage"})
MOST_OF_SPLINK = 1.2
LEAST_F1 = {"without the id": 0.998, "with the id": 0.9995}
MOST_MIB = {100_000: 1024.0, 1_000_000: 3072.0}
MEMORY = {100_000: "600MB", 1_000_000: "2GB"}
"""What the engine may use in the synthetic runs, as a plan's `limits` would say."""
LEAST_PRECISION, LEAST_RECALL, MOST_GAP = 0.995, 0.97, 0.02

Say = Callable[[str], None]


def run(rows: int | None, say: Say) -> dict[str, Any]:
    """Link FEBRL4 by everybody, two synthetic files of `rows` people, and the demonstration's world.

    Raises
    ------
    UnavailableError
        The peer's environment cannot be made, or somebody does not finish.
    """
    size = ROWS if rows is None else rows
    if not FEWEST_ROWS <= size <= MOST_ROWS:
        raise BadInputError(f"--rows: the people of each synthetic file, from {FEWEST_ROWS:,} to {MOST_ROWS:,}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    python, problem = own_python("recordlinkage", "requirements-linkage.txt", FOLDER.resolve() / "linkage", say)
    if python is None:
        raise UnavailableError(problem or "there is no recordlinkage")
    files = febrl4(python, FOLDER)
    febrl = {
        name: _contest(files, more, python, say) for name, more in (("without the id", ()), ("with the id", (ID,)))
    }
    scaling = [_scaled(synthetic(FOLDER, each, say), each, say) for each in sorted({ROWS, size})]
    groups = _groups(say)
    goals = [*_febrl_goals(febrl), *_scaling_goals(scaling), *_group_goals(groups)]
    return {
        "bench": "linkage",
        "machine": {"processors": os.cpu_count(), "python": platform.python_version(), "system": platform.machine()},
        "what": WHAT,
        "febrl4": febrl,
        "scaling": scaling,
        "groups": groups,
        "goals": goals,
        "holds": all(goal["holds"] for goal in goals),
    }


def _contest(files: Sequence[Path], more: Sequence[str], python: Path, say: Say) -> dict[str, Any]:
    """Run everybody in turn, so that a busy moment of the machine hits all alike."""
    found: dict[str, list[Run]] = {name: [] for name in WHAT}
    for turn in range(REPEATS):
        for name in WHAT:
            if turn and name in _ONCE:
                continue
            say(f"FEBRL4 {' '.join(more) or 'without the id'}: {name}, run {turn + 1} of {REPEATS}")
            words: list[str | Path] = [*_command(name, python), *files, *more]
            found[name].append(run_fresh(words))
    people = 5_000
    return {name: {**_summary(runs), **_quality(runs[-1], people, "-", 1)} for name, runs in found.items()}


def _command(name: str, python: Path | None) -> list[str | Path]:
    if name == "recordlinkage" and python is not None:
        return [python, "-P", Path(__file__).resolve().parent / "linkage_peers.py"]
    ours: list[str | Path] = [sys.executable, "-P", "-m", "saferoom.hub.bench.linkage_contestants"]
    return [*ours, name]


def _summary(runs: Sequence[Run]) -> dict[str, Any]:
    """Return medians, and the least of each: on a shared machine the least is nearest to what the work takes."""
    made = summary(runs)
    return {**made, "least": {work: min(run.seconds[work] for run in runs) for work in runs[0].seconds}}


def _quality(run: Run, true_pairs: int, mark: str, part: int) -> dict[str, float | int]:
    links = run.numbers["links"]
    right = sum(one.split(mark)[part] == other.split(mark)[part] for one, other in links)
    return {
        "links": len(links),
        "precision": right / max(len(links), 1),
        "recall": right / true_pairs,
        "f1": 2 * right / (len(links) + true_pairs),
    }


def _scaled(files: tuple[Path, Path], size: int, say: Say) -> dict[str, Any]:
    import duckdb

    with duckdb.connect() as connection:
        person = "SELECT split_part(rec_id, '-', 1) AS person FROM read_parquet(?)"
        true_pairs = connection.execute(
            f"SELECT count(*) FROM ({person}) JOIN ({person}) USING (person)",  # noqa: S608
            [str(file) for file in files],
        ).fetchall()[0][0]
    limit = MEMORY.get(size, "2GB")
    say(f"{size:,} x {size:,}: saferoom")
    made = run_fresh([*_command("saferoom", None), *files, f"--memory={limit}"])
    return {
        "rows": size,
        "seconds": made.seconds["link"],
        "processor": made.seconds["processor"],
        "peak_mib": made.peak_mib,
        **_quality(made, int(true_pairs), "-", 0),
    }


def _groups(say: Say) -> dict[str, Any]:
    """Make the demonstration's world where it is not there yet, and return what is found of its families."""
    from saferoom.hub.demo.population.generate import generate

    world = FOLDER / f"world-{PEOPLE}-{SEED}"
    if not (world / "manifest.json").exists():
        say(f"making the demonstration's world of {PEOPLE:,} people")
        generate(world, people=PEOPLE, seed=SEED)
    say("the demonstration's world: parents and children, households")
    made = run_fresh([sys.executable, "-P", "-m", "saferoom.hub.bench.linkage_groups", world])
    return {"seconds": dict(made.seconds), "peak_mib": made.peak_mib, **made.numbers}


def _febrl_goals(febrl: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for name, contestants in febrl.items():
        f1 = contestants["saferoom"]["f1"]
        yield _goal(f"FEBRL4 {name}: F1 at least {LEAST_F1[name]}", f"{f1:.4f}", f1 >= LEAST_F1[name])
        ours, theirs = (contestants[one]["least"]["link"] for one in ("saferoom", "splink"))
        ratio = ours / theirs
        promise = f"FEBRL4 {name}: at most {MOST_OF_SPLINK:g}x the time of Splink by itself"
        yield _goal(promise, f"{ratio:.2f}x", ratio <= MOST_OF_SPLINK)


def _scaling_goals(scaling: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for step in scaling:
        most = MOST_MIB.get(step["rows"])
        if most is not None:
            promise = f"{step['rows']:,} x {step['rows']:,}: under {most / 1024:g} GiB"
            yield _goal(promise, f"{step['peak_mib']:.0f} MiB", step["peak_mib"] < most)


def _group_goals(groups: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for what in ("parent and child", "household"):
        found = groups[what]["relatives"]
        precision, recall, gap = found["precision"], found["recall"], found["gaps"]["ethnic_group"]
        yield _goal(f"{what}: precision at least {LEAST_PRECISION}", f"{precision:.4f}", precision >= LEAST_PRECISION)
        yield _goal(f"{what}: recall at least {LEAST_RECALL}", f"{recall:.4f}", recall >= LEAST_RECALL)
        before = groups[what]["keys"]["gaps"]["ethnic_group"]
        yield _goal(
            f"{what}: the worst group's recall within {MOST_GAP} of the best",
            f"{gap:.4f}; by keys {before:.4f}",
            gap <= MOST_GAP,
        )


def _goal(promise: str, found: str, holds: bool) -> dict[str, Any]:
    return {"promise": promise, "found": found, "holds": bool(holds)}
