"""ACRO's verdicts on the corpus, run by path with ACRO's own interpreter: ``python acro_verdicts.py WORK.json``.

It imports nothing of Saferoom. Every call is what a researcher would write; a case's verdict is the worst status of its
calls. Where ACRO raises an error there is no verdict.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

ORDER = ["pass", "review", "fail"]
FUNCTIONS = {
    "function: first": lambda values: values.iloc[0],
    "function: largest": lambda values: values.max(),
    "function: last": lambda values: values.iloc[-1],
}


def main(listed: str) -> None:
    """Judge every case of the list and print the verdicts."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    os.environ["MPLBACKEND"] = "agg"
    os.environ["MPLCONFIGDIR"] = tempfile.mkdtemp(prefix="acro-")
    work = json.loads(Path(listed).read_text())
    found = {}
    with tempfile.TemporaryDirectory(prefix="acro-work-") as folder, contextlib.chdir(folder):
        for case in work:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                found[case["name"]] = _verdict(case["calls"])
    sys.stdout.write("\n" + json.dumps(found) + "\n")


def _verdict(calls: list[dict[str, Any]]) -> str:
    import acro  # type: ignore[import-not-found,unused-ignore]

    worst = "pass"
    for call in calls:
        method = call.get("protect", "none")
        session = acro.ACRO(mitigation=method, round_base=call.get("base", 5))
        try:
            _run(session, call)
            statuses = [str(record.status) for record in session.results.results.values()]
        except Exception as error:  # whatever a contestant raises, it has no verdict then
            return f"error: {type(error).__name__}"
        if not statuses:
            return "error: no record"
        worst = max([worst, *statuses], key=ORDER.index)
    return worst


def _run(session: Any, call: dict[str, Any]) -> None:
    import pandas as pd

    if call["call"] == "custom_output":
        session.custom_output(call["file"], "as it is")
        return
    rows = pd.read_parquet(call["rows"])
    if call["call"] in {"olsr", "logitr", "probitr"}:
        getattr(session, call["call"])(call["formula"], rows)
    elif call["call"] == "surv_func":
        rows = rows.dropna(subset=["t", "e"])
        session.surv_func(rows["t"], rows["e"], output="table")
    elif call["call"] == "hist":
        bins = call["bins"] if isinstance(call["bins"], int) else list(call["bins"])
        session.hist(rows.dropna(subset=["m"]), "m", bins=bins)
    else:
        _crosstab(session, call, rows)


def _crosstab(session: Any, call: dict[str, Any], rows: Any) -> None:
    import pandas as pd

    dimensions = [rows[f"d{i}"] for i in range(call["dimensions"])]
    everybody = pd.Series("all", index=rows.index, name="everybody")
    *index, columns = dimensions if len(dimensions) > 1 else [*dimensions, everybody]
    aggregate = FUNCTIONS.get(call["aggregate"], call["aggregate"])
    more = {} if aggregate is None else {"values": rows["m"], "aggfunc": aggregate}
    session.crosstab(index if index else [everybody], columns, margins=call["margins"], **more)


if __name__ == "__main__":
    main(sys.argv[1])
