"""The pages of uploaded files in a real browser: readable, usable by keyboard, and nothing in a file runs."""

from __future__ import annotations

import base64
import struct
import zlib

import pytest
from playwright.sync_api import Browser as Chromium
from tests.support.accessible import faults
from tests.support.airlock_pages import each, opened
from tests.support.airlock_server import Service
from tests.support.airlock_world import MOBILITY

from saferoom.disclosure.files.model import Concealed, FileReport, Grid, Passage, Picture
from saferoom.disclosure.files.view import View
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.ids import Username
from saferoom.projects.airlock.model import EvaluationRecord, Request
from saferoom.projects.airlock.uploads import Screened, Upload

pytestmark = pytest.mark.browser
ANA = Username("ana")
EVIL = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"


def png() -> bytes:
    """Return a picture with bars, 320 x 160 pixels."""
    rows = b"".join(
        b"\0"
        + b"".join(b"\x1f\x77\xb4" if y > 140 - 30 * (x // 64) and x % 64 < 40 else b"\xff" * 3 for x in range(320))
        for y in range(160)
    )
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 320, 160, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    parts = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def rich_view() -> View:
    place = "sheet 'Pay'"
    return View(
        grids=(
            Grid(
                place, ("region", "count", EVIL), (("north", "310", "a"), ("south", "7", EVIL), ("east", "290", "b")), 2
            ),
        ),
        passages=(Passage("cell 4, output 1", "mean(pay) by region\n" + EVIL + "\n" + "x" * 300, is_code=True),),
        pictures=(Picture("page 2", 320, 160, png()),),
        concealed=(Concealed("sheet 'Old'", "a hidden sheet"),),
        left_out=("1,200 more rows of tables",),
    )


def finding() -> Finding:
    return Finding(
        rule="low-count",
        risk=Risk.LOW_COUNT,
        severity=Verdict.REVIEW,
        cells=(("sheet 'Pay'", 3, 2),),
        message="sheet 'Pay', row 3 column 2: a count of units is below the threshold",
        remedy="Merge the categories.",
    )


@pytest.fixture
def request_with_files(airlock: Service) -> Request:
    """A request with a file and a supporting one."""
    instance = airlock.world.instance

    def keep(name: str, view: View, data: bytes) -> EvaluationRecord:
        report = FileReport(name, "xlsx", Verdict.REVIEW, (finding(),))
        return instance.airlock.record_file(Upload(ANA, MOBILITY, name, data), Screened(report, view))

    file = keep("Pay by region, with a rather long name for a small screen.xlsx", rich_view(), b"the workbook")
    code = keep("pay.py", View(passages=(Passage("the whole file", "import pandas\n" * 5, is_code=True),)), b"code")
    return instance.airlock.submit(
        ANA, MOBILITY, [file.id], "Pay by region", "For the paper.", "Rounded to 5.", [code.id]
    )


def test_file_pages_are_accessible_and_fit_a_phone(
    chromium: Chromium, airlock: Service, request_with_files: Request
) -> None:
    path = f"requests/{request_with_files.id}"
    assert each(chromium, airlock, {"checker": ("ben", path), "author": ("ana", path)}, faults) == {}


def test_checker_sees_where_the_finding_is_and_nothing_of_the_file_runs(
    chromium: Chromium, airlock: Service, request_with_files: Request
) -> None:
    with opened(chromium, airlock, "ben", f"requests/{request_with_files.id}") as page:
        page.locator("iframe.file").first.scroll_into_view_if_needed()
        frame = page.frame_locator("iframe.file").first
        cell = frame.locator("td.review")
        assert cell.inner_text().split() == ["?", "at", "risk,", "finding", "1", "7"]
        assert page.get_by_text("sheet 'Pay', row 3 column 2").first.is_visible()
        assert frame.locator("img").count() == 1
        assert frame.locator("img").evaluate("image => [image.complete, image.naturalWidth]") == [True, 320]
        assert page.title().startswith("Pay by region")
        assert frame.get_by_text("<script>document.title='run'</script>").first.is_visible()


def test_unchecked_download_is_a_file_with_a_name_of_ours(
    chromium: Chromium, airlock: Service, request_with_files: Request
) -> None:
    with opened(chromium, airlock, "ben", f"requests/{request_with_files.id}") as page:
        with page.expect_download() as waited:
            page.get_by_role("link", name="Download output 1 unchecked").click()
        assert waited.value.suggested_filename.startswith("unchecked-")
        assert waited.value.suggested_filename.endswith(".xlsx")
        assert waited.value.path().read_bytes() == b"the workbook"


def test_picture_in_the_page_is_the_one_drawn_anew(
    chromium: Chromium, airlock: Service, request_with_files: Request
) -> None:
    with opened(chromium, airlock, "ben", f"requests/{request_with_files.id}") as page:
        page.locator("iframe.file").first.scroll_into_view_if_needed()
        address = page.frame_locator("iframe.file").first.locator("img").get_attribute("src") or ""
        assert base64.b64decode(address.removeprefix("data:image/png;base64,")) == png()
