"""Look for keys and tokens in every file of the checkout, offline; ``./saferoom test`` runs it among the linters.

The rules are detect-secrets' own (private keys, tokens of two dozen services, passwords in addresses) and one for keys
of backups. Its rules for passwords by the names of variables stay out, because ruff's S105 to S107 look for these; so
do those for random-looking text, because digests look so. A line with ``pragma: allowlist secret`` is one that somebody
looked at. What is found is told by file, line and kind, never by its text.

Usage: ``.venv/bin/python -P tests/secret_scan.py [FOLDER]``
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.plugins.base import RegexBasedDetector

ROOT = Path(__file__).resolve().parent.parent
SEEN = "pragma: allowlist secret"
_ADDRESSES = "IPPublicDetector"  # no secret


@dataclass(frozen=True)
class Finding:
    """Where something that looks like a secret is, and what it looks like."""

    file: str
    line: int
    kind: str


class BackupKeyDetector(RegexBasedDetector):
    """Secret keys of ``saferoom admin backup-key``."""

    secret_type = "Secret key in age's format"
    denylist = (re.compile(r"AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}"),)


def detectors() -> list[RegexBasedDetector]:
    """Return a detector of each kind whose rules are patterns."""
    known: list[type] = list(get_mapping_from_secret_type_to_class().values())
    chosen = [one for one in known if issubclass(one, RegexBasedDetector) and one.__name__ != _ADDRESSES]
    return [BackupKeyDetector(), *(one() for one in chosen if one is not BackupKeyDetector)]


def files(folder: Path) -> list[str]:
    """Return what git keeps or would keep in `folder`, as paths below it; ignored files are no part of a checkout."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    names = sorted({name for name in done.stdout.split("\0") if name})
    return [name for name in names if (folder / name).is_file() and not (folder / name).is_symlink()]


def found_in(name: str, text: str, rules: list[RegexBasedDetector]) -> Iterator[Finding]:
    """Find secrets in one file's `text`.

    The whole text is searched by each pattern first, which takes a hundredth of the time of doing so line by line;
    detect-secrets judges the lines that this finds.
    """
    lines = text.split("\n")
    for rule in rules:
        places: set[int] = set()
        for pattern in rule.denylist:
            several = re.compile(pattern.pattern, pattern.flags | re.MULTILINE)
            places |= {text.count("\n", 0, match.start()) for match in several.finditer(text)}
        for place in sorted(places):
            line = lines[place]
            if SEEN not in line and rule.analyze_line(filename=name, line=line, line_number=place + 1):
                yield Finding(name, place + 1, rule.secret_type)


def scan(folder: Path) -> tuple[int, list[Finding]]:
    """Return how many files were looked at and what was found; other bytes than UTF-8 are read as Latin-1."""
    rules = detectors()
    names = files(folder)
    findings: list[Finding] = []
    for name in names:
        content = (folder / name).read_bytes()
        try:
            text = content.decode()
        except UnicodeDecodeError:
            text = content.decode("latin-1")
        findings += found_in(name, text, rules)
    return len(names), findings


def main(words: list[str]) -> int:
    """Scan the checkout, or the folder that is named, and say what was found."""
    folder = Path(words[0]) if words else ROOT
    try:
        looked, findings = scan(folder)
    except (OSError, subprocess.CalledProcessError):
        print(f"{folder} could not be scanned: it is no checkout of git, or git is not installed")
        return 2
    if not looked:
        print(f"there is no file to scan in {folder}")
        return 2
    for one in findings:
        print(f"{one.file}:{one.line}: {one.kind}")
    if findings:
        print(f"Take it out, and change it where it was in use; a line that is none says so: {SEEN}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
