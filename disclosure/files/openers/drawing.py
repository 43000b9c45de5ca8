"""SVG drawings: texts, marks, and everything in them that is not drawn or that acts."""

from __future__ import annotations

import re
from typing import Final

from saferoom.disclosure.files.openers.base import File, OpeningError, unreadable
from saferoom.disclosure.files.openers.characters import decode, invisible
from saferoom.disclosure.files.openers.encoded import comment_severity, open_data_uris
from saferoom.disclosure.files.openers.html import hides
from saferoom.disclosure.files.openers.marks import report_marks
from saferoom.disclosure.files.openers.xml import feed, guarded
from saferoom.disclosure.verdict import Verdict

_SCRIPTS: Final = frozenset({"script", "handler", "listener"})
_FOREIGN: Final = frozenset({"foreignObject", "iframe", "embed", "object", "video", "audio", "html", "body"})
_MOVING: Final = frozenset({"animate", "set", "animateTransform", "animateMotion"})
_DRAWN: Final = frozenset({"circle", "ellipse", "rect", "line", "use", "path", "polyline", "polygon"})
_WORDS: Final = frozenset({"text", "tspan", "textPath", "title", "desc", "metadata", "style", "a"})
_COMMANDS: Final = re.compile(r"[MLHVCSQTAZmlhvcsqtaz]")
# Possessive, so that a long text that does not match costs no more than one that does.
_ORDINARY_METADATA: Final = re.compile(
    r"(?:[\s\d:.TZ+-]++|image/svg\+xml|Matplotlib v[\d.]++, https://matplotlib\.org/|https?://purl\.org/\S*+)*+",
    re.IGNORECASE,
)
_MOST_COMMENTS = 300


def read(file: File) -> None:
    """Open a drawing."""
    text = decode(file.data, "SVG")
    if what := invisible(text):
        file.conceal("", what)
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", open_data_uris(file, "", text, shown=True), count=1)
    drawing = _Drawing(file)
    parser = guarded(drawing.start, drawing.end, drawing.text)
    parser.CommentHandler = drawing.comment
    parser.ProcessingInstructionHandler = drawing.instruction
    feed(parser, text.encode("utf-8", "surrogatepass"), "SVG", last=True)
    drawing.done()


class _Drawing:
    """What has been read of a drawing so far."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._path: list[str] = []
        self._hidden_from: int | None = None
        self._definitions = 0
        self._words: list[str] = []
        self._unseen: list[str] = []
        self._metadata: list[str] = []
        self._comments: list[str] = []
        self._marks = 0
        self._points = 0
        self._vertices = 0

    def start(self, tag: str, attributes: list[str]) -> None:
        name = tag.rsplit(" ", 1)[-1]
        if not self._path and name != "svg":
            raise unreadable("SVG", "a document of another kind")
        self._path.append(name)
        if len(self._path) > self._file.limits.nesting:
            raise OpeningError(
                "hostile", "nests its parts more deeply than any proper file", "Write the file again, flat."
            )
        found = {key.rsplit(" ", 1)[-1]: value for key, value in zip(attributes[::2], attributes[1::2], strict=True)}
        if name in _SCRIPTS:
            self._file.conceal("", "a script")
        elif name in _FOREIGN:
            self._file.conceal("", "a page inside the drawing")
        elif name in _MOVING:
            self._file.conceal("", "an animation, which can show other things later")
        elif name in {"defs", "symbol", "clipPath", "mask", "pattern", "marker"}:
            self._definitions += 1
        self._acts(name, found)
        if self._hidden_from is None and (hides(found.get("style", "")) or _hidden(found)):
            self._hidden_from = len(self._path)
            self._file.conceal("", "parts of the drawing that are not visible")
        if name in _DRAWN and not self._definitions:
            self._count(name, found)

    def _acts(self, name: str, attributes: dict[str, str]) -> None:
        for key, value in attributes.items():
            if key.startswith("on"):
                self._file.conceal("", "a script (on an event)")
            elif key in {"href", "src"} and value.strip() and not value.strip().startswith(("#", "data:")):
                script = re.sub(r"\s", "", value).lower().startswith(("javascript:", "vbscript:"))
                what = (
                    "a script (in a link)" if script else "something loaded from elsewhere" if name != "a" else "a link"
                )
                self._file.conceal("", what, Verdict.REVIEW if what == "a link" else Verdict.FAIL)
                self._unseen.append(value)
            elif re.search(r"url\(\s*['\"]?(?:https?:|//)|@import", value, re.IGNORECASE):
                self._file.conceal("", "something loaded from elsewhere")
            elif key.startswith(("data-", "aria-")) or key in {"title", "alt", "desc", "label"}:
                self._unseen.append(value)
                if len(value) > 100:
                    self._file.conceal("", "data in attributes")

    def _count(self, name: str, attributes: dict[str, str]) -> None:
        if name == "use" and not ("x" in attributes and "y" in attributes):
            return  # a letter of a text that was turned into shapes
        self._marks += 1
        self._points += name in {"circle", "ellipse", "use"}
        for key in ("d", "points"):
            if key in attributes:
                found = _COMMANDS.findall(attributes[key]) if key == "d" else attributes[key].replace(",", " ").split()
                self._vertices += len(found) if key == "d" else len(found) // 2
        self._file.budget.marks(1)

    def text(self, data: str) -> None:
        if not data.strip():
            return
        inside = next((name for name in reversed(self._path) if name in {*_WORDS, *_SCRIPTS, *_FOREIGN}), "")
        if "metadata" in self._path:
            self._metadata.append(data.strip())
        elif inside == "style":
            if re.search(r"url\(\s*['\"]?(?:https?:|//)|@import", data, re.IGNORECASE):
                self._file.conceal("", "something loaded from elsewhere")
            if hides(data):
                self._file.conceal("", "a style sheet that hides parts of the drawing", Verdict.REVIEW)
        elif inside in _SCRIPTS:
            self._file.passage("a script", data, is_code=True)
        elif self._hidden_from is not None or inside in {"title", "desc", ""}:
            self._unseen.append(data.strip())
        else:
            self._words.append(data)

    def end(self, _: str) -> None:
        if self._hidden_from == len(self._path):
            self._hidden_from = None
        name = self._path.pop()
        if name in {"defs", "symbol", "clipPath", "mask", "pattern", "marker"}:
            self._definitions -= 1
        elif name == "text":
            self._words.append("\n")

    def comment(self, text: str) -> None:
        """Take a comment; drawing libraries write there what their shapes of letters say."""
        if text.strip():
            self._comments.append(text.strip())
            grave = comment_severity(text) is Verdict.FAIL or len(self._comments) > _MOST_COMMENTS
            self._file.conceal("", "comments in the drawing's source", Verdict.FAIL if grave else Verdict.REVIEW)

    def instruction(self, target: str, data: str) -> None:
        """Take a processing instruction."""
        self._file.conceal("", "an instruction to load or run something")
        self._unseen.append(f"{target} {data}")

    def done(self) -> None:
        """Write down what was collected."""
        metadata = "\n".join(self._metadata)
        if metadata and not _ORDINARY_METADATA.fullmatch(metadata):
            self._file.conceal("", "metadata", comment_severity(metadata))
        if self._unseen:
            self._file.conceal("", "texts that are not drawn", comment_severity("\n".join(self._unseen)))
        self._file.passage("", "".join(self._words))
        for text, where in ((self._unseen, "texts that are not drawn"), (self._comments, "comments")):
            self._file.passage(where, "\n".join(text))
        self._file.passage("metadata", metadata)
        report_marks(self._file, "", self._marks, self._vertices, self._points)


def _hidden(attributes: dict[str, str]) -> bool:
    return (
        attributes.get("display", "").strip() == "none"
        or attributes.get("visibility", "").strip() in {"hidden", "collapse"}
        or any(_nothing(attributes.get(key)) for key in ("opacity", "font-size"))
        or (
            attributes.get("fill") == "none"
            and attributes.get("stroke", "none") == "none"
            and "font-size" in attributes
        )
    )


def _nothing(size: str | None) -> bool:
    try:
        return size is not None and float(size.removesuffix("px")) < 0.02
    except ValueError:
        return False
