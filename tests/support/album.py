"""The pictures in the how-to guides: always taken and looked at, written only with ``--screenshots``."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
WIDTH, TALLEST = 1280, 1000
LARGEST_BYTES = 120_000
_COLOURS = 48
_PLACE = """part => {
    window.scrollTo(0, 0);
    const one = part && document.querySelector(part);
    if (one) one.scrollIntoView({block: "start"});
    const whole = document.documentElement, foot = document.querySelector("footer").getBoundingClientRect();
    if (!one) return {x: 0, y: 0, width: whole.clientWidth, height: Math.min(foot.bottom, innerHeight)};
    const {x, y, width, height} = one.getBoundingClientRect();
    return {x, y, width, height: Math.min(height, innerHeight - y)};
}"""


@dataclass
class Album:
    """Takes pictures of pages.

    Attributes
    ----------
    write : bool
        Put them into ``docs/images``.
    taken : dict of str to bytes
        What was taken, by name.
    """

    write: bool = False
    taken: dict[str, bytes] = field(default_factory=dict)

    def take(self, page: Page, name: str, part: str = "") -> None:
        """Take a picture of the page from its top, or from that of the first element that the selector `part` finds."""
        clip = page.evaluate(_PLACE, part or None)
        data = page.screenshot(clip=clip, animations="disabled", caret="hide")
        small = shrunk(data)
        self.taken[name] = small
        if self.write:
            IMAGES.mkdir(exist_ok=True)
            (IMAGES / f"{name}.png").write_bytes(small)
        check(small, name)


def shrunk(data: bytes) -> bytes:
    """Return the picture with few colours, which is what pages have; the same picture gives the same bytes."""
    few = Image.open(io.BytesIO(data)).convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, "PNG", optimize=True)
    return out.getvalue()


def check(data: bytes, name: str) -> None:
    """Fail unless `data` is a picture in which something is to be seen, small enough for a guide."""
    picture = Image.open(io.BytesIO(data))
    assert (picture.format, picture.width <= WIDTH, picture.height <= TALLEST) == ("PNG", True, True), name
    assert len(data) <= LARGEST_BYTES, f"{name}: {len(data):,} bytes"
    shades = picture.convert("L").histogram()
    most = max(shades) / (picture.width * picture.height)
    assert most < 0.97, f"{name}: hardly anything is to be seen"
