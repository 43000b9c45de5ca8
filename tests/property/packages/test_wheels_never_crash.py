"""Whatever bytes are in a file that is called a wheel, it is taken or refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.support.wheels import contents, packed

from saferoom.errors import BadInputError
from saferoom.hub.packages.wheels import inspect

FILE = "tidal-1.0-py3-none-any.whl"
HONEST = packed(contents(requires=["numpy>=2"]))


@given(st.lists(st.tuples(st.integers(0, len(HONEST) - 1), st.integers(1, 255)), min_size=1, max_size=4))
@example([(0, 255)])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_changed_bytes_are_refused_or_change_nothing(tmp_path: Path, changes: list[tuple[int, int]]) -> None:
    data = bytearray(HONEST)
    for position, by in changes:
        data[position] ^= by
    path = tmp_path / "given"
    path.write_bytes(bytes(data))
    try:
        found = inspect(path, FILE)
    except BadInputError:
        return
    assert (found.name, str(found.version), found.requires) == ("tidal", "1.0", ("numpy>=2",))


def test_honest_one_is_taken(tmp_path: Path) -> None:
    (tmp_path / "given").write_bytes(HONEST)
    assert inspect(tmp_path / "given", FILE).name == "tidal"
    with pytest.raises(BadInputError):
        inspect(tmp_path / "missing", FILE)
