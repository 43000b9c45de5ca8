"""``python -m saferoom.hub.demo.population --people N --seed S --out DIR``: make the demonstration's linked world."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from saferoom.errors import SaferoomError
from saferoom.hub.demo.population.generate import DELIVERIES, FEWEST, MOST, PEOPLE, SEED, generate

_DESCRIPTION = """Make a UK-like population of made-up people, and what six departments know about it: births, schools,
tax, benefits, census and business, each with identifiers of its own, with typing errors, moves, changed names and
missing values. The truth is kept apart in DIR/truth. The same people and seed give the same bytes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Make a world as `arguments` say and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m saferoom.hub.demo.population", description=_DESCRIPTION)
    parser.add_argument(
        "--people", type=int, default=PEOPLE, metavar="N", help=f"how many, {FEWEST:,} to {MOST:,} (default {PEOPLE:,})"
    )
    parser.add_argument("--seed", type=int, default=SEED, metavar="S", help=f"a whole number (default {SEED})")
    parser.add_argument(
        "--delivery", type=int, choices=DELIVERIES, default=1, help="2: the same people's records a year later"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new or empty folder")
    parser.add_argument("--quiet", action="store_true", help="say nothing but what went wrong")
    asked = parser.parse_args(arguments)

    def say(words: str) -> None:
        if not asked.quiet:
            sys.stdout.write(f"{words}\n")

    try:
        world = generate(asked.out, people=asked.people, seed=asked.seed, delivery=asked.delivery, told=say)
    except SaferoomError as error:
        sys.stderr.write(f"{parser.prog}: {error.message}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"{parser.prog}: the folder cannot be written: {error.strerror or 'unknown reason'}\n")
        return 2
    for name, file in world.manifest["files"].items():
        say(f"{file['rows']:>12,}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
