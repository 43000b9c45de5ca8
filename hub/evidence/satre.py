"""The statements of SATRE that software can be tested for, with the tests behind them and how these ended last.

Whether a statement holds is said by hand in ``satre.yaml``, with what is lacking; the tests are what can be looked at.
A statement whose tests failed, or were not run, is not called met.

References
----------
SATRE: Standard Architecture for Trusted Research Environments, specification 1.0 (2023). The sentences are ours.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from saferoom.errors import BadInputError

RESULTS = Path(".saferoom/tests/results.json")
"""Where ``./saferoom test`` writes how the tests ended, below the checkout."""
PILLARS = {
    "1": "Information governance",
    "2": "Computing technology and information security",
    "3": "Data management",
    "4": "Supporting capabilities",
    "5": "Federation",
}


class Status(StrEnum):
    """How far a statement holds."""

    MET = "met"
    PARTLY = "partly"
    NOT = "not"


class Outcome(StrEnum):
    """How the tests of a statement ended last."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"
    NONE = "none"
    """There are no tests."""


@dataclass(frozen=True)
class Results:
    """How tests ended.

    Attributes
    ----------
    at, commit : str
        When, and of which commit; empty where there are none.
    files : mapping of a test file to its counts
        `passed`, `failed`, `skipped`.
    """

    at: str
    commit: str
    files: Mapping[str, Mapping[str, int]]

    @classmethod
    def read(cls, path: Path) -> Results:
        """Read what the tests wrote; no results where there is no file.

        Raises
        ------
        BadInputError
            The file holds something else.
        """
        if not path.is_file():
            return cls("", "", {})
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            files = {str(name): {str(k): int(v) for k, v in counts.items()} for name, counts in found["files"].items()}
            return cls(str(found["at"]), str(found["commit"]), files)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise BadInputError(f"{path}: this is not what ./saferoom test writes of its results") from None

    def of(self, tests: Sequence[str]) -> tuple[Outcome, int]:
        """Return how tests ended that are named by file or folder, and how many there were."""
        if not tests:
            return Outcome.NONE, 0
        count, outcome = 0, Outcome.PASSED
        for test in tests:
            own = [counts for name, counts in self.files.items() if name == test or name.startswith(f"{test}/")]
            run = sum(one.get("passed", 0) + one.get("failed", 0) for one in own)
            count += run
            if any(one.get("failed", 0) for one in own):
                return Outcome.FAILED, count
            if not run:
                outcome = Outcome.NOT_RUN
        return outcome, count


@dataclass(frozen=True)
class Statement:
    """One statement.

    Attributes
    ----------
    says : str
        What is asked, in a few words of ours.
    lacks : str
        What is missing; empty where it is met.
    tests : tuple of str
        Files and folders of tests.
    """

    id: str
    level: str
    says: str
    status: Status
    lacks: str
    tests: tuple[str, ...]

    @property
    def pillar(self) -> str:
        """The part of SATRE that it stands in."""
        return PILLARS[self.id[0]]

    def document(self, results: Results) -> dict[str, Any]:
        """Return the statement with its evidence as JSON holds it."""
        outcome, count = results.of(self.tests)
        return {
            "id": self.id,
            "pillar": self.pillar,
            "importance": self.level,
            "statement": self.says,
            "status": self.status.value,
            "lacks": self.lacks or None,
            "tests": list(self.tests),
            "last_result": outcome.value,
            "tests_run": count,
        }


def statements() -> tuple[Statement, ...]:
    """Return the statements, in SATRE's order."""
    text = (resources.files("saferoom.hub.evidence") / "satre.yaml").read_text(encoding="utf-8")
    return tuple(_statement(**one) for one in yaml.safe_load(text))


def _statement(status: str, lacks: str, tests: Sequence[str], **words: str) -> Statement:
    return Statement(status=Status(status), lacks=lacks.rstrip("."), tests=tuple(tests), **words)


def page() -> str:
    """Return ``docs/reference/satre.md``: what holds, by which tests, and what does not; no results of a run."""
    return "\n".join(_page(statements())) + "\n"


def _page(every: Sequence[Statement]) -> Iterator[str]:
    counts = {status: sum(one.status is status for one in every) for status in Status}
    yield "# SATRE: what holds and what does not"
    yield ""
    yield "<!-- Written by docs/generate.py from hub/evidence/satre.yaml; do not edit. -->"
    yield ""
    yield (
        f"Of {len(every)} statements of the Standard Architecture for Trusted Research Environments that software can "
        f"be tested for, {counts[Status.MET]} are met, {counts[Status.PARTLY]} partly, and {counts[Status.NOT]} not. "
        "The words are ours. `saferoom satre` adds how the tests ended last."
    )
    for pillar in PILLARS.values():
        yield ""
        yield f"## {pillar}"
        yield ""
        yield "| statement | importance | holds | lacking | tests |"
        yield "|---|---|---|---|---|"
        for one in every:
            if one.pillar == pillar:
                tests = ", ".join(f"`{test.removeprefix('tests/')}`" for test in one.tests)
                yield f"| {one.id} {one.says} | {one.level} | {one.status.value} | {one.lacks} | {tests} |"
