"""PDF documents: text and pictures page by page, and everything in them that acts, hides or comes along."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from saferoom.disclosure.files.openers.base import File, OpeningError, shown, too_large, unreadable
from saferoom.disclosure.files.openers.characters import invisible
from saferoom.disclosure.files.openers.marks import report_marks
from saferoom.disclosure.verdict import Verdict

if TYPE_CHECKING:
    from pypdf import PdfReader

_ACTIONS: Final = {
    "/JavaScript": "a script",
    "/JS": "a script",
    "/Launch": "a command that starts a program",
    "/SubmitForm": "a form that sends data",
    "/ImportData": "a form that loads data",
    "/GoToR": "a link into another file",
    "/GoToE": "a link into another file",
    "/RichMedia": "sound or film",
    "/Rendition": "sound or film",
    "/Movie": "sound or film",
    "/Sound": "sound or film",
    "/3D": "a model in space",
    "/EmbeddedFile": "an embedded file",
    "/EmbeddedFiles": "an embedded file",
    "/FileAttachment": "an attached file",
    "/Filespec": "an embedded file",
    "/XFA": "a form of another format",
    "/AcroForm": "a form",
    "/OCProperties": "layers that can be switched off",
    "/PieceInfo": "private data of a program",
    "/OpenAction": "something done when it is opened",
    "/AA": "something done when it is looked at",
    "/Collection": "a collection of files",
    "/Popup": "comments",
}
_QUIET: Final = {"/OpenAction", "/AcroForm", "/Popup"}
_WEB = "a link to a page elsewhere"
_MOST_OBJECTS = 100_000
# Text is found at about 1 MB of drawing a second.
_MOST_PAGE_BYTES, _MOST_DRAWN_BYTES = 2_000_000, 8_000_000
_PRODUCERS: Final = re.compile(
    r"(?:matplotlib|R \d|pdftex|latex|xetex|luatex|skia|cairo|chromium|ghostscript|microsoft|libreoffice)[^\n]{0,80}",
    re.I,
)
_PATHS: Final = re.compile(rb"(?:^|[\s\]\)])(?:m|re|Do)(?=\s|$)")
_LINES: Final = re.compile(rb"(?:^|[\s\]\)])(?:l|c|v|y)(?=\s|$)")
_INVISIBLE_TEXT: Final = re.compile(rb"(?:^|\s)[37]\s+Tr(?=\s|$)")
_WHITE_TEXT: Final = re.compile(
    rb"(?:^|\s)(?:1(?:\.0*)?\s+1(?:\.0*)?\s+1(?:\.0*)?\s+rg|1(?:\.0*)?\s+g)\s+(?:[^\n]{0,200}\s)?BT\b"
    rb"|BT\s(?:[^\n]{0,200}\s)?(?:1 1 1 rg|1 g)\s"
)


def read(file: File) -> None:
    """Open a document."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    _frame(file)
    try:
        document = PdfReader(io.BytesIO(file.data), strict=False)
        if document.is_encrypted:
            raise OpeningError("encrypted", "is encrypted, so nobody can check it", "Save it without a password.")
        if len(document.pages) > file.limits.pages:
            raise too_large(f"has more than {file.limits.pages} pages")
        if not len(document.pages):
            raise unreadable("a PDF document", "without pages")
        _properties(file, document)
        _objects(file, document)
        _attachments(file, document)
        drawn = 0
        for number in range(len(document.pages)):
            drawn += _page(file, document, number)
            if drawn > _MOST_DRAWN_BYTES:
                raise too_large("draws more on its pages than can be checked")
    except (PyPdfError, KeyError, TypeError, AttributeError, IndexError, ValueError, OSError):
        raise unreadable("a PDF document") from None


def _frame(file: File) -> None:
    """Look at what stands before the document and after its end, and at earlier versions kept in it."""
    data = file.data
    start = data.find(b"%PDF-")
    if start > 0:
        file.conceal("before the document", "further bytes")
    end = data.rfind(b"%%EOF")
    if end < 0:
        raise unreadable("a PDF document")
    if data[end + 5 :].strip(b"\r\n \t\0"):
        file.conceal("after the document", "further bytes")
        file.open_inner(file, "after the document", data[end + 5 :].lstrip())
    elif b"PK\x05\x06" in data[-66_000:] and b"PK\x01\x02" in data:
        file.conceal("the whole document", "an archive in the same bytes: it is two files in one")
    # A document made for the web has two ends and one version.
    versions = data.count(b"%%EOF") - (1 if b"/Linearized" in data[:2048] else 0)
    if versions > 1:
        file.conceal("the whole document", "earlier versions, which can be brought back")


def _properties(file: File, document: PdfReader) -> None:
    said = {str(key): str(value) for key, value in (document.metadata or {}).items() if value is not None}
    written = {key: value for key, value in said.items() if "Date" not in key and key != "/Trapped" and value.strip()}
    texts = [value for value in written.values() if not _PRODUCERS.match(value)]
    if texts:
        long = sum(map(len, texts)) > 500
        file.conceal(
            "the document's properties", "author, title and the like", Verdict.FAIL if long else Verdict.REVIEW
        )
        file.passage("the document's properties", "\n".join(texts))
    metadata: Any = _raw(document.root_object, "/Metadata")
    if metadata is not None:
        data = metadata.get_data()
        file.budget.unpack(len(data))
        file.conceal(
            "the document's properties", "metadata (XMP)", Verdict.REVIEW if len(data) < 6_000 else Verdict.FAIL
        )
        file.passage("the document's metadata", re.sub(r"<[^>]*>", " ", data.decode("utf-8", "replace")))


def _objects(file: File, document: PdfReader) -> None:
    """Walk over every object that the document reaches, and note what acts or comes along."""
    seen: set[tuple[int, int]] = set()
    stack: list[tuple[Any, int]] = [(document.trailer, 0)]
    count = forms = 0
    while stack:
        value, depth = stack.pop()
        count += 1
        if count > _MOST_OBJECTS or depth > 5_000:
            raise too_large("has more parts than can be checked")
        key = (getattr(value, "idnum", None), getattr(value, "generation", None))
        if key[0] is not None:
            if key in seen:
                continue
            seen.add(key)  # type: ignore[arg-type]
            value = value.get_object()
        if isinstance(value, dict):
            _note(file, value)
            if value.get("/Subtype") == "/Form" and hasattr(value, "get_data"):
                forms += 1
                _drawn(file, f"a drawing used on the pages ({forms})", value.get_data())
            stack += [(item, depth + 1) for item in value.values()]
        elif isinstance(value, list):
            stack += [(item, depth + 1) for item in value]


def _note(file: File, value: dict[Any, Any]) -> None:
    for name in (*map(str, value), str(value.get("/S")), str(value.get("/Subtype")), str(value.get("/Type"))):
        if name in _ACTIONS and not (name == "/AcroForm" and not _raw(value, name)):
            file.conceal("the document", _ACTIONS[name], Verdict.REVIEW if name in _QUIET else Verdict.FAIL)
    uri = value.get("/URI")
    if uri is not None and not isinstance(uri, dict):
        file.conceal("the document", _WEB, Verdict.REVIEW)
        file.passage("a link of the document", str(uri))
    if str(value.get("/Subtype")) in {"/Text", "/FreeText", "/Popup", "/Highlight", "/Note", "/Stamp", "/Widget"}:
        for key in ("/Contents", "/V", "/TU", "/RC"):
            text = _raw(value, key)
            if isinstance(text, str) and text.strip():
                file.conceal("the document", "comments or fields of a form")
                file.passage("a comment or field of the document", str(text))


def _raw(value: dict[Any, Any], key: str) -> Any:
    found: Any = value.get(key)
    return found.get_object() if hasattr(found, "get_object") else found


def _attachments(file: File, document: PdfReader) -> None:
    for attachment in document.attachment_list:
        data = attachment.content
        file.budget.unpack(len(data))
        file.budget.entry()
        file.conceal("the document", "an embedded file")
        file.open_inner(file, shown(attachment.name) or "attachment", data)


def _page(file: File, document: PdfReader, number: int) -> int:
    """Write down what a page shows and hides, and return how many bytes draw it."""
    page = document.pages[number]
    place = f"page {number + 1}"
    content = page.get_contents()
    drawn = content.get_data() if content is not None else b""
    file.budget.unpack(len(drawn))
    _drawn(file, place, drawn)
    text = page.extract_text() or ""
    if what := invisible(text):
        file.conceal(place, what)
    file.passage(place, text)
    for name, data in _pictures(page):
        file.budget.unpack(len(data))
        file.budget.entry()
        file.open_inner(file, f"{place} {shown(name)}", data)
    return len(drawn)


def _drawn(file: File, place: str, drawn: bytes) -> None:
    """Count the marks of a page, or of a drawing used on pages, and look for text that is not seen."""
    if len(drawn) > _MOST_PAGE_BYTES:
        raise too_large(f"draws more on {place} than can be checked")
    marks, vertices = len(_PATHS.findall(drawn)), len(_LINES.findall(drawn))
    file.budget.marks(marks)
    report_marks(file, place, marks, vertices)
    if _INVISIBLE_TEXT.search(drawn):
        file.conceal(place, "text that is not drawn")
    if _WHITE_TEXT.search(drawn):
        # Labels on dark bars are white too.
        file.conceal(place, "text in white", Verdict.REVIEW)


def _pictures(page: Any) -> Iterator[tuple[str, bytes]]:
    # Names first: looking at a picture decodes it.
    for key in list(page.images.keys())[:200]:
        picture = page.images[key]
        if picture.image is not None:
            written = io.BytesIO()
            picture.image.convert("RGB").save(written, "PNG", compress_level=1)
            yield f"{picture.name.rsplit('.', 1)[0]}.png", written.getvalue()
