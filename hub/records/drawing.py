"""Plots inside of a page: SVG that takes the page's colours, light or dark, and says what it shows in words."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from saferoom.disclosure.charts.style import styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, BEFORE, AFTER, SOFT = "#010203", "#010204", "#010205", "#010206"
"""Colours that stand for the page's own."""
_PAGE = {INK: "currentColor", BEFORE: "var(--before)", AFTER: "var(--after)", SOFT: "var(--soft-line)"}
_WIDTH, _ROW = 8.4, 2.3


def drawn(
    shape: tuple[int, int], draw: Callable[[list[Axes]], None], title: str, description: str, row: float = _ROW
) -> str:
    """Return what `draw` draws as SVG for a page.

    Parameters
    ----------
    shape : (int, int)
        Panels down and across.
    draw : callable
        Draws into the panels, row by row; those that it leaves empty are not shown.
    title, description : str
        What it shows, for those who cannot see it.
    row : float
        Height of a row of panels, in inches of a page 8.4 inches wide.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with styled():
        import matplotlib as mpl

        for name in ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"):
            mpl.rcParams[name] = INK
        mpl.rcParams["font.size"] = 8.0
        figure = Figure(figsize=(_WIDTH, row * shape[0]), layout="constrained", facecolor="none")
        panels = [one for line in figure.subplots(*shape, squeeze=False) for one in line]
        for panel in panels:
            panel.set_facecolor("none")
        draw(panels)
        for panel in panels:
            if not panel.has_data():
                panel.set_visible(False)
        canvas, text = FigureCanvasSVG(figure), io.BytesIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        canvas.print_svg(text, metadata=nothing)  # type: ignore[no-untyped-call]
    return _inline(text.getvalue().decode("utf-8"), title, description)


def _inline(svg: str, title: str, description: str) -> str:
    """Return the SVG without its own size and colours, with names for its parts that no other plot of the page has."""
    start = svg.index("<svg")
    head, body = svg[start:].split(">", 1)
    view = re.search(r'viewBox="([^"]+)"', head)
    if view is None:
        raise AssertionError("a drawing has a view box")
    mark = f"p{abs(hash_of(title + description)):x}"
    body = re.sub(r"<(metadata|style)\b.*?</\1>", "", body, flags=re.DOTALL)
    body = re.sub(r'\bid="([^"]+)"', rf'id="{mark}-\1"', body)
    body = re.sub(r'(href="#|url\(#)', rf"\g<1>{mark}-", body)
    for own, page in _PAGE.items():
        body = body.replace(own, page)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{view[1]}" '
        f'role="img" aria-labelledby="{mark}-title {mark}-description"><title id="{mark}-title">{escape(title)}</title>'
        f'<desc id="{mark}-description">{escape(description)}</desc>{body}'
    )


def hash_of(text: str) -> int:
    """Return a number that is the same for the same text in every process."""
    from hashlib import sha256

    return int.from_bytes(sha256(text.encode()).digest()[:6], "big")


def quiet(panel: Any, title: str) -> None:
    """Give a panel its title, and a grid that does not get in the way."""
    panel.set_title(title, fontsize=8.5, loc="left")
    panel.grid(axis="both", color=SOFT, linewidth=0.5)
    panel.tick_params(length=2)
