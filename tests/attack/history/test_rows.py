"""Several rows per person: sums in which the same people stand are solved for one row of one of them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from tests.attack.history.desk import Desk
from tests.attack.history.model import Document, Safe, Step
from tests.attack.history.scenarios.making import count, mean, total
from tests.benchmark.worlds import Data, people

from saferoom.disclosure.verdict import Verdict


@lru_cache(maxsize=1)
def visits() -> Data:
    """Return visits to hospitals: one to four a person, one of them alone in its zone."""
    import pandas as pd

    rng = np.random.default_rng(4)
    times = rng.integers(1, 5, 700)
    rows = int(times.sum())
    zone = np.full(rows, "z", dtype=object)
    order = rng.permutation(rows)
    zone[order[0]] = "z0"
    zone[order[1:300]] = "z1"
    zone[order[300:600]] = "z2"
    frame = pd.DataFrame(
        {
            "person_id": np.repeat(np.arange(1_000, 1_700), times),
            "zone": zone,
            "hospital": rng.choice(["A", "B", "C"], rows),
            "kind": rng.choice(["x", "y"], rows),
            "cost": rng.lognormal(6, 0.5, rows).round(2),
        }
    )
    return Data("visits", frame)


def within(*zones: str) -> dict[str, str]:
    return {"where": "zone in (" + ", ".join(f"'{zone}'" for zone in zones) + ")"}


LESS = {"where": "zone <> 'z0'"}
UNION = (("z0", "z1"), ("z0", "z2"), ("z0", "z1", "z2"))
ATTACKS: dict[str, tuple[Document, ...]] = {
    "union": tuple(total("cost", **within(*zones)) for zones in UNION),
    "union of means": tuple(mean("cost", **within(*zones)) for zones in UNION),
    "parts of all": (total("cost"), *(total("cost", **within(zone)) for zone in ("z1", "z2", "z"))),
    "parts in one table": (total("cost"), total("cost", "zone", **LESS)),
    "two cuts": (
        total("cost", "kind"),
        total("cost", where="hospital = 'A'"),
        total("cost", where="hospital <> 'A' and zone <> 'z0'"),
    ),
    "counted by kind": (count("kind"), count(**LESS)),
    "by kind, then all": (total("cost", "kind"), total("cost", **LESS)),
}


@pytest.mark.parametrize("queries", ATTACKS.values(), ids=ATTACKS)
def test_one_row_of_a_person_is_not_told(
    queries: tuple[Document, ...], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "visits"
    folder.mkdir(exist_ok=True)
    work = Safe("visits", (visits(),), tuple(Step(query) for query in queries))
    ran = Desk(folder).run(work)
    assert all(step.passed for step in ran[:-1])
    assert ran[-1].evaluation.verdict is Verdict.FAIL
    assert ran[-1].rules == {"differencing"}


def test_ordinary_tables_of_rows_pass(tmp_path: Path) -> None:
    queries = (total("cost", "kind"), mean("cost", "kind"), count("kind"), total("cost", "hospital"), total("cost"))
    halves = (total("cost", where="kind = 'x'"), count("hospital", where="kind = 'y'"))
    ran = Desk(tmp_path).run(Safe("visits", (visits(),), tuple(Step(query) for query in (*queries, *halves))))
    assert all(step.passed for step in ran)


def test_columns_of_ones_do_not_hide_which_people_are_added_up(tmp_path: Path) -> None:
    # Whoever takes the total of all off pay * (1 + g) has that of the people with g; three of these tell about two.
    rng = np.random.default_rng(5)
    frame = people(1_500, 3).copy()
    zone = np.full(len(frame), 9)
    zone[rng.permutation(len(frame))[:90]] = np.repeat([0, 1, 2], [2, 40, 48])
    for name, zones in (("g1", (0, 1)), ("g2", (0, 2)), ("g3", (0, 1, 2))):
        frame[name] = np.isin(zone, zones).astype(int)
    queries = (total("pay"), *(total(f"pay * (1 + {name})") for name in ("g1", "g2", "g3")))
    ran = Desk(tmp_path).run(Safe("ones", (Data("ones", frame),), tuple(Step(query) for query in queries)))
    assert [step.passed for step in ran] == [True, True, True, False]
    assert ran[-1].rules == {"differencing"}
