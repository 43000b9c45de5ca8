"""How ``saferoom suppress`` tells how far it is, and what it does when its time is up."""

from __future__ import annotations

import io
import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from saferoom.hub.cli import suppress_progress
from saferoom.hub.cli.main import main
from saferoom.hub.cli.suppress_progress import Lines

COUNTS = (46, 20, 25, 53, 31, 59, 33, 51, 3, 32, 59, 3)
AREAS = {"a": {"north": ["a0", "a1"], "south": ["a2", "a3"]}}


class Ticking:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def lines_of(steps: list[tuple[float, str, float]]) -> list[str]:
    clock, stream = Ticking(), io.StringIO()
    tell = Lines(stream, clock)
    for seconds, what, share in steps:
        clock.now = 100.0 + seconds
        tell(what, share)
    return stream.getvalue().splitlines()


def test_quick_run_says_nothing() -> None:
    assert lines_of([(0.1 * step, "choosing", 0.02 * step) for step in range(50)]) == []


def test_slow_run_says_each_phase_and_then_every_few_seconds() -> None:
    found = lines_of([(5, "choosing", 0.2), (5.1, "audit", 0), (7, "audit", 0.1), (8, "audit", 0.2), (17, "audit", 2)])
    assert found == [
        "saferoom: choosing, 20 % of this step, 5 s so far",
        "saferoom: audit, 10 % of this step, 7 s so far",
        "saferoom: audit, 100 % of this step, 17 s so far",
    ]


def test_very_long_run_says_less_and_less() -> None:
    assert 60 < len(lines_of([(float(second), "audit", 0.5) for second in range(3_600)])) < 120


def test_reader_that_went_away_does_not_stop_the_work() -> None:
    class Gone(io.StringIO):
        def write(self, _text: str, /) -> int:
            raise BrokenPipeError

    clock = Ticking()
    tell = Lines(Gone(), clock)
    clock.now += 60
    tell("audit", 0.5)


def called(folder: Path, spec: dict[str, Any], *words: str) -> int:
    """Run the command on a table of counts of which some are small."""
    cells = product(("a0", "a1", "a2", "a3"), ("b0", "b1", "b2"))
    rows = [f"{a},{b},{n}" for (a, b), n in zip(cells, COUNTS, strict=True)]
    (folder / "t.csv").write_text("\n".join(["a,b,n", *rows]) + "\n")
    (folder / "s.json").write_text(json.dumps({"dimensions": ["a", "b"], "value": "n", "hierarchies": AREAS, **spec}))
    with pytest.raises(SystemExit) as caught:
        main(["suppress", str(folder / "t.csv"), "--spec", str(folder / "s.json"), *words])
    return int(caught.value.code or 0)


@pytest.mark.parametrize("method", ["suppress", "merge", "controlled_rounding"])
def test_progress_is_on_standard_error_and_the_document_alone_on_standard_output(
    method: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_SILENT_SECONDS", "_NEXT_PHASE_SECONDS", "_SAME_PHASE_SECONDS"):
        monkeypatch.setattr(suppress_progress, name, 0.0)
    called(tmp_path, {"rules": {"threshold": 10}, "protection": {"method": method}}, "--json")
    out, err = capsys.readouterr()
    assert json.loads(out)["cells"]
    assert err.splitlines()
    assert all(line.startswith("saferoom: ") and "% of this step" in line for line in err.splitlines())


@pytest.mark.parametrize(
    ("protection", "said"),
    [
        ({"mode": "heuristic"}, "had stood the attacker's audit; nothing is released: allow more time"),
        ({"mode": "exact"}, "begins with the heuristic's, which is quicker); nothing is released: allow more time"),
        ({"mode": "auto"}, "nothing is released: allow more time"),
        ({"method": "merge"}, "before any merging of categories had stood the attacker's audit; nothing is released"),
    ],
)
def test_time_that_is_up_is_an_error_with_advice_that_fits(
    protection: dict[str, str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = {"rules": {"threshold": 10}, "protection": {**protection, "seconds": 1e-9}}
    assert called(tmp_path, spec, "--json", "--out", str(tmp_path / "o.csv")) == 1
    out, err = capsys.readouterr()
    message = json.loads(out)["error"]["message"]
    assert err == f"saferoom: {message}\n"
    assert said in message
    assert "use the heuristic" not in message
    assert not (tmp_path / "o.csv").exists()


def test_merging_whose_time_is_up_while_taking_back_keeps_what_stood_the_audit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from saferoom.disclosure.tables import merged
    from saferoom.disclosure.tables.attacker import audit
    from saferoom.disclosure.tables.secondary.watch import TimeUp

    spec = {"rules": {"threshold": 10}, "protection": {"method": "merge", "seconds": 60}}
    called(tmp_path, spec, "--json")
    finest = json.loads(capsys.readouterr().out)
    calls: list[int] = []

    def once(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) > 1:
            raise TimeUp
        return audit(*arguments)

    monkeypatch.setattr(merged, "audit", once)
    assert called(tmp_path, spec, "--json") == 0
    kept = json.loads(capsys.readouterr().out)
    assert len(calls) == 2
    assert kept["audit"]["holds"]
    assert kept["cost"] >= finest["cost"] > 0


@pytest.mark.parametrize(
    ("hierarchy", "cycle"),
    [
        ({"A": ["B"], "B": ["A"]}, "'A' > 'B' > 'A'"),
        ({"A": ["B"], "B": ["C"], "C": ["A"], "north": ["a0", "a1"]}, "'A' > 'B' > 'C' > 'A'"),
        ({"north": ["a0", "B"], "B": ["a1", "C"], "C": ["a2", "B"]}, "'B' > 'C' > 'B'"),
    ],
)
def test_cycle_beside_other_labels_is_called_a_cycle_and_named(
    hierarchy: dict[str, list[str]], cycle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(tmp_path, {"hierarchies": {"a": hierarchy}}) == 2
    said = capsys.readouterr().err
    assert "the hierarchy of 'a' has a cycle: " in said
    around = cycle.split(" > ")[:-1]
    turned = [" > ".join([*around[at:], *around[:at], around[at]]) for at in range(len(around))]
    assert any(names in said for names in turned)
