"""Attack: what is sent to the door of clerical review, which is asked about people's records, and its log."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs
from tests.support.desk_server import NAMES, DeskService, asked_directly, desk_service
from tests.support.review_world import LINK

CANARY = "kanarienvogel"
PATHS = ("/token", "/visitor", "/next", "/shown", "/decide", "/undo", f"/{CANARY}")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskService]:
    with desk_service(tmp_path_factory.mktemp("door")) as made:
        yield made


@pytest.mark.sqlite
def test_of_what_is_sent_to_the_door_nothing_is_logged(
    desk: DeskService, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    token = f"{CANARY}-token-of-nobody"
    documents: tuple[dict[str, object], ...] = (
        {"token": token},
        {"token": token, "link": LINK, "number": 1, "choice": CANARY},
        {"token": token, "link": CANARY, "number": CANARY, CANARY: NAMES[0]},
        {"code": CANARY, "verifier": CANARY},
        {},
    )
    with capture_logs() as lines:
        for path in PATHS:
            for document in documents:
                asked_directly(desk, f"{path}?{CANARY}={CANARY}", dict(document))
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) == len(PATHS) * len(documents)
    assert {line["face"] for line in requests} == {"review door"}
    written = repr(lines) + caplog.text + "".join(capfd.readouterr())
    assert CANARY not in written
    assert not [name for name in NAMES if name in written]
