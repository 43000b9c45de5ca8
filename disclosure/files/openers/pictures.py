"""What all pictures have in common: size is read before anything is drawn, and a clean copy is drawn anew."""

from __future__ import annotations

import io
from typing import Any

from saferoom.disclosure.files.model import Picture
from saferoom.disclosure.files.openers.base import File, unreadable

_QUICK = 3


def redraw(file: File, kind: str) -> None:
    """Decode the picture and write down a copy with nothing but its visible pixels.

    Parameters
    ----------
    kind : str
        ``PNG`` or ``JPEG``; nothing else is tried.
    """
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = file.limits.pixels
    try:
        with Image.open(io.BytesIO(file.data), formats=[kind]) as picture:
            file.budget.pixels(*picture.size)
            if getattr(picture, "n_frames", 1) > 1:
                file.conceal("", "further pictures behind the first")
            picture.load()
            clean, covered = _visible(picture)
            width, height = clean.size
            if covered:
                file.conceal("", "colours under transparent parts of the picture")
            written = io.BytesIO()
            clean.save(written, "PNG", compress_level=_QUICK)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        raise unreadable(f"a {kind} picture") from None
    file.found.pictures.append(Picture(file.place(), width, height, written.getvalue()))


def _visible(picture: Any) -> tuple[Any, bool]:
    """Return the picture on white, and whether its fully transparent pixels hold colours of their own."""
    from PIL import Image

    if picture.mode not in {"RGBA", "LA", "PA", "La", "RGBa"} and "transparency" not in picture.info:
        return (picture if picture.mode in {"L", "RGB", "1"} else picture.convert("RGB")).copy(), False
    full = picture.convert("RGBA")
    alpha = full.getchannel("A")
    white = Image.new("RGB", full.size, (255, 255, 255))
    white.paste(full, mask=alpha)
    covered = False
    if alpha.getextrema()[0] == 0:
        hidden = alpha.point(lambda value: 255 if value == 0 else 0)
        under = Image.new("RGB", full.size, (0, 0, 0))
        under.paste(full.convert("RGB"), mask=hidden)
        colours = under.convert("RGB").getcolors(maxcolors=8)
        # One or two colours are how programs leave empty corners.
        covered = colours is None
    return white, covered
