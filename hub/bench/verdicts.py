"""The `verdicts` benchmark: a labelled corpus judged by Saferoom, and by ACRO where it has a command for the work.

Vocabulary
----------
miss
    Something unsafe that was judged `pass`. Every unsafe case has an attack that is executed on the numbers, so that
    its label is a fact.
false alarm
    Something safe that was judged `fail`, or refused.
passed
    Something safe that was judged `pass`, so that nobody had to look at it.
mended
    Something unsafe that Saferoom passes with other numbers than were asked for (bins with safe edges, steps of several
    events): the attack works on what was asked for, and was run without success on what is released.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.bench.acro import VERSION, acro_python
from saferoom.hub.bench.verdicts_page import page as page
from saferoom.hub.bench.verdicts_page import report as report

Say = Callable[[str], None]
FOLDER = Path(".saferoom/bench")
GOALS = {"misses": 0, "false_alarm_fraction": 0.05, "passed_fraction": 0.70}
_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parents[1]
_LONGEST_SECONDS = 1_800
_VERDICTS = frozenset({"pass", "review", "fail"})


def run(rows: int | None, say: Say) -> dict[str, Any]:
    """Judge the corpus with both contestants.

    Raises
    ------
    BadInputError
        When a number of rows is asked for; the corpus has its own sizes.
    UnavailableError
        Outside a checkout of the source, which the corpus is part of.
    """
    if rows is not None:
        raise BadInputError("--rows: the corpus has populations of its own; leave it out")
    if not (_ROOT / "tests" / "benchmark" / "run.py").exists():
        raise UnavailableError("the corpus is part of Saferoom's source (tests/benchmark); run this from a checkout")
    with tempfile.TemporaryDirectory(prefix="saferoom-verdicts-") as folder:
        say("judging the corpus with Saferoom")
        cases = _ours(Path(folder))
        python, why_not = acro_python(FOLDER.resolve() / "acro", say)
        theirs = {}
        if python is not None:
            say(f"judging the same work with ACRO {VERSION}")
            theirs = _theirs(python, Path(folder))
    return result(cases, theirs, why_not)


def result(cases: Sequence[Mapping[str, Any]], theirs: Mapping[str, str], why_not: str | None) -> dict[str, Any]:
    """Return the counts of both contestants, by statbarn and in total."""
    judged = [{**case, "acro": theirs[case["name"]]} for case in cases if theirs.get(case["name"]) in _VERDICTS]
    totals = _counts(cases, "verdict")
    return {
        "bench": "verdicts",
        **totals,
        "goals": GOALS,
        "holds": totals["misses"] == GOALS["misses"]
        and totals["false_alarm_fraction"] < GOALS["false_alarm_fraction"]
        and totals["passed_fraction"] >= GOALS["passed_fraction"],
        "attacks_executed": sum(case["disclosed"] is True for case in cases),
        "attacks_that_failed": [case["name"] for case in cases if not case["safe"] and case["disclosed"] is not True],
        "by_statbarn": _by_statbarn(cases, "verdict"),
        "by_kind": {kind: _counts([c for c in cases if c["kind"] == kind], "verdict") for kind in _kinds(cases)},
        "missed": [case["name"] for case in cases if _missed(case, "verdict")],
        "mended": [case["name"] for case in cases if case["mended"] and case["verdict"] == "pass"],
        "alarmed": [case["name"] for case in cases if _alarmed(case, "verdict")],
        "acro": {
            "version": VERSION,
            "unavailable": why_not,
            "no_verdict": len(cases) - len(judged),
            "total": _counts(judged, "acro"),
            "by_statbarn": _by_statbarn(judged, "acro"),
            "missed": [case["name"] for case in judged if _missed(case, "acro")],
            "alarmed": [case["name"] for case in judged if _alarmed(case, "acro")],
            "saferoom_on_the_same": _counts(judged, "verdict"),
        },
        "cases_each": [{**case, "acro": theirs.get(case["name"])} for case in cases],
    }


def _ours(folder: Path) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.benchmark.run", "--json", "--work", str(folder)]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=_LONGEST_SECONDS, check=False)
    try:
        cases: list[dict[str, Any]] = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise UnavailableError(f"the corpus could not be judged: {said[0][:300]}") from None
    return cases


def _theirs(python: Path, folder: Path) -> dict[str, str]:
    command = [str(python), "-P", str(_HERE / "acro_verdicts.py"), str(folder / "acro-work.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_SECONDS, check=False)
    try:
        found: dict[str, str] = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise UnavailableError(f"ACRO ended with status {done.returncode} and without verdicts") from None
    return found


def _missed(case: Mapping[str, Any], by: str) -> bool:
    # Saferoom may pass other numbers than were asked for (safe edges of bins); then the attack was run on these.
    mended = by == "verdict" and case["mended"]
    return not case["safe"] and case[by] == "pass" and not mended


def _alarmed(case: Mapping[str, Any], by: str) -> bool:
    return bool(case["safe"]) and case[by] not in {"pass", "review"}


def _counts(cases: Iterable[Mapping[str, Any]], by: str) -> dict[str, Any]:
    chosen = list(cases)
    safe = [case for case in chosen if case["safe"]]
    alarms = sum(_alarmed(case, by) for case in chosen)
    passed = sum(case[by] == "pass" for case in safe)
    unsafe = len(chosen) - len(safe)
    misses = sum(_missed(case, by) for case in chosen)
    return {
        "cases": len(chosen),
        "unsafe": unsafe,
        "misses": misses,
        "miss_fraction": round(misses / unsafe, 4) if unsafe else 0.0,
        "safe": len(safe),
        "false_alarms": alarms,
        "false_alarm_fraction": round(alarms / len(safe), 4) if safe else 0.0,
        "passed": passed,
        "passed_fraction": round(passed / len(safe), 4) if safe else 0.0,
    }


def _by_statbarn(cases: Sequence[Mapping[str, Any]], by: str) -> dict[str, dict[str, Any]]:
    names = dict.fromkeys(case["statbarn"] for case in cases)
    return {name: _counts([case for case in cases if case["statbarn"] == name], by) for name in names}


def _kinds(cases: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(case["kind"] for case in cases))
