"""What the suite would be worth nothing without: ordinary work is hardly ever refused."""

from __future__ import annotations

from pathlib import Path

from tests.attack.history.desk import Desk
from tests.attack.history.model import Safe
from tests.attack.history.populations import SEEDS, altered, ordinary
from tests.attack.history.scenarios.making import mean, steps
from tests.attack.history.scenarios.ordinary import sequences

MOST_REFUSED = 0.05


def test_ordinary_work_is_hardly_ever_refused(tmp_path: Path) -> None:
    desk, work = Desk(tmp_path), list(sequences())
    refused = {safe.name: [sorted(step.rules) for step in desk.run(safe) if not step.passed] for safe in work}
    refused = {name: rules for name, rules in refused.items() if rules}
    assert len(work) >= 100
    assert len(refused) <= MOST_REFUSED * len(work), refused


def test_people_who_add_nothing_are_no_difference(tmp_path: Path) -> None:
    # Three of them earn nothing: means of all and of those who earn are known to differ by them in both tables.
    base = ordinary(SEEDS[0])
    data = altered(base, "three-without-pay", pay=base.frame["pay"].where(base.frame.index >= 3, 0.0))
    work = Safe("without-pay", (data,), steps(mean("pay", "region"), mean("pay", "sex")))
    assert all(step.passed for step in Desk(tmp_path).run(work))
