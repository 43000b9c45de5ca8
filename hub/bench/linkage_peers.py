"""The peer of the `linkage` benchmark that has an environment of its own: ``python linkage_peers.py LEFT RIGHT [ID]``.

It imports nothing of Saferoom. recordlinkage links by its ECM classifier, which needs no labels either: candidates by
blocking on several keys, similarities cut at .85, one to one by the classifier's probability. ``python linkage_peers.py
--data FOLDER`` writes the FEBRL4 files that the library ships.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

COMPARED = ("given_name", "surname", "date_of_birth", "postcode", "address_1", "suburb", "street_number", "state")
BLOCKED = ("given_name", "surname", "date_of_birth", "postcode", "address_1")
_EXACT = frozenset({"street_number", "state"})
_CUT = 0.85


def links(left: Any, right: Any, compared: tuple[str, ...], blocked: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return pairs of ids."""
    import recordlinkage  # type: ignore[import-not-found,unused-ignore]

    indexer = recordlinkage.Index()
    for column in blocked:
        indexer.block(column)
    comparer = recordlinkage.Compare()
    for column in compared:
        if column in _EXACT:
            comparer.exact(column, column, label=column)
        else:
            comparer.string(column, column, method="jarowinkler", threshold=_CUT, label=column)
    features = comparer.compute(indexer.index(left, right), left, right)
    classifier = recordlinkage.ECMClassifier(binarize=0.5)
    classifier.fit(features)
    probability = classifier.prob(features)
    ranked = probability[probability >= 0.5].sort_values(ascending=False, kind="stable")
    found: list[tuple[str, str]] = []
    taken: tuple[set[str], set[str]] = (set(), set())
    for one, other in ranked.index:
        if one not in taken[0] and other not in taken[1]:
            taken[0].add(one)
            taken[1].add(other)
            found.append((one, other))
    return found


def main(words: list[str]) -> None:
    """Link once and print what was measured; or write the data."""
    import pandas as pd

    if words[0] == "--data":
        from recordlinkage.datasets import load_febrl4  # type: ignore[import-not-found,unused-ignore]

        for name, frame in zip("ab", load_febrl4(), strict=True):
            frame.reset_index().to_csv(Path(words[1]) / f"febrl4{name}.csv", index=False)
        return
    import recordlinkage  # noqa: F401 - imports are not measured

    left, right = (pd.read_csv(file, dtype=str).set_index("rec_id") for file in words[:2])
    more = tuple(words[2:])
    started, processor = time.perf_counter(), time.process_time()
    found = links(left, right, COMPARED + more, BLOCKED + more)
    seconds = {"link": time.perf_counter() - started, "processor": time.process_time() - processor}
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    result = {"seconds": seconds, "peak_mib": int(peak.split()[1]) / 1024, "numbers": {"links": found}}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
