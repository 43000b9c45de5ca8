"""How pictures look: colours that everybody can tell apart, letters as outlines, and the same bytes every time.

References
----------
Okabe and Ito (2008), Color Universal Design; Nuñez, Anderton and Renslow (2018) for cividis; WAI-ARIA Graphics Module.
"""

from __future__ import annotations

import io
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from saferoom.disclosure.charts.model import Picture
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES = ("", "//", "..", "xx", "\\\\", "++", "oo", "--")
COLOUR_MAP = "cividis"
BLANK, BLANK_EDGE = "#ececec", "#8a8a8a"
MOST_GROUPS = len(COLOURS)
_SIZE, _DPI, _TITLE_LETTERS = (8.0, 5.0), 150, 90

# Letters are never read as formulas, and no name of this machine or moment gets into the file.
_RULES: dict[str, Any] = {
    "svg.fonttype": "path",
    "svg.hashsalt": "saferoom",
    "text.parse_math": False,
    "text.usetex": False,
    "font.family": ["DejaVu Sans"],
    "axes.formatter.use_mathtext": False,
    "axes.unicode_minus": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "hatch.linewidth": 0.6,
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw within this: the house's style, whatever is set elsewhere, and without warnings on missing letters."""
    import matplotlib as mpl

    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mpl.rcdefaults()
        for name, rule in _RULES.items():
            mpl.rcParams[name] = rule  # type: ignore[index]
        yield


def canvas(across: int = 1, down: int = 1) -> tuple[Figure, Any]:
    """Return a figure without a screen, and its (array of) axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
    return figure, figure.subplots(down, across, squeeze=False)


def logarithmic(axis: Any) -> None:
    """Write the numbers of a logarithmic axis (or of a scale of colours) in plain digits."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda number, _: f"{number:,.6g}"))
    axis.set_minor_formatter(NullFormatter())


def legend(ax: Any, title: str) -> None:
    """Put the key beside the picture, where it hides nothing."""
    ax.legend(title=title, frameon=False, fontsize=8, title_fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def grouped(count: int, name: str) -> None:
    """Raise when there are more groups than colours that can be told apart."""
    if count > MOST_GROUPS:
        raise BadInputError(
            f"chart.kind: {name} has more than {MOST_GROUPS} categories, which colours cannot tell apart; use broader "
            "categories, or a heatmap"
        )


def finished(figure: Figure, title: str, description: str) -> Picture:
    """Return the drawn figure as SVG and PNG, with title and description for those who cannot see it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    figure.suptitle("\n".join(textwrap.wrap(title, _TITLE_LETTERS)[:3]), fontsize=10, x=0.01, ha="left")
    svg, png = io.BytesIO(), io.BytesIO()
    FigureCanvasAgg(figure).print_png(  # type: ignore[no-untyped-call]
        png, metadata={"Software": None, "Title": title[:500]}
    )
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    FigureCanvasSVG(figure).print_svg(  # type: ignore[no-untyped-call]
        svg, metadata=nothing
    )
    return Picture(_told(svg.getvalue(), title, description), png.getvalue())


def _told(svg: bytes, title: str, description: str) -> bytes:
    """Return the SVG with an accessible name and description, and without the drawing library's own comment."""
    text = svg.decode("utf-8")
    start = text.index("<svg")
    end = text.index(">", start)
    head = text[start:end] + ' role="img" aria-labelledby="chart-title chart-description"'
    said = (
        f'\n <title id="chart-title">{escape(title)}</title>'
        f'\n <desc id="chart-description">{escape(description)}</desc>'
    )
    return f'<?xml version="1.0" encoding="utf-8"?>\n{head}>{said}{text[end + 1 :]}'.encode()
