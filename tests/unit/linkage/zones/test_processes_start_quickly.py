"""A process of a zone lives for a second: it imports what its job needs, and nothing that only others need."""

from __future__ import annotations

import subprocess
import sys

import pytest

_COSTLY = ("pandas", "scipy", "splink", "structlog", "sqlalchemy", "matplotlib")
_TOLD = f"print(*[name for name in {_COSTLY} if name in sys.modules])"


def told(program: str) -> str:
    command = [sys.executable, "-P", "-c", f"import sys\n{program}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize(
    "module", ["splitting", "linker", "provisioner", "rating_inside", "deriving_inside", "desk.queueing"]
)
def test_task_of_a_zone_is_found_without_what_it_does_not_need(module: str) -> None:
    program = f"from saferoom.hub.linkage import process\nimport saferoom.hub.linkage.{module}\n"
    assert told(program + _TOLD) == ""


def test_public_keys_are_told_without_pyarrow() -> None:
    assert told("from saferoom.hub.linkage import process\nprint('pyarrow' in sys.modules)") == "False"


def test_tables_are_made_and_read_without_pandas() -> None:
    program = """
from saferoom.hub.linkage import process
sys.meta_path.insert(0, process.WithoutPandas)
import duckdb, numpy, pyarrow as pa
table = pa.table({"text": pa.array(["a", None, "b"]), "number": pa.array([1.5, None, float("nan")])})
connection = duckdb.connect()
connection.register("arrived", table)
found = connection.execute("SELECT text, number FROM arrived WHERE text IS NOT NULL").fetchnumpy()
print(found["text"].tolist(), table.column("number").null_count, "pandas" in sys.modules)
try:
    import pandas
except ModuleNotFoundError as error:
    print(error)
"""
    assert told(program).splitlines() == ["['a', 'b'] 1 False", "the processes of this zone have no pandas"]
