"""The other parts of an XLSX package: what each is, how grave it is, and what it says.

A part that is not in the list is concealed by definition: nobody sees it, and nobody knows what it is for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from saferoom.disclosure.files.openers.archive import Package
from saferoom.disclosure.files.openers.base import File, shown
from saferoom.disclosure.files.openers.xml import local, tree
from saferoom.disclosure.verdict import Label, Verdict

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_FAIL, _REVIEW = Verdict.FAIL, Verdict.REVIEW


@dataclass(frozen=True)
class _Part:
    """What is known of a sort of parts.

    Attributes
    ----------
    how : str
        ``skip``, ``words`` (its texts become a passage), ``inner`` (a file by itself), or a reader's name.
    """

    pattern: re.Pattern[str]
    what: str
    severity: Verdict | None
    how: str


def _part(pattern: str, what: str, severity: Verdict | None, how: str) -> _Part:
    return _Part(re.compile(pattern, re.IGNORECASE), what, severity, how)


_PARTS: Final = (
    _part(r"\[Content_Types\]\.xml|xl/(?:theme/.*|calcChain\.xml|metadata\.xml)", "", None, "skip"),
    _part(r"xl/charts/(?:style|colors)\d*\.xml", "", None, "skip"),
    _part(r"xl/drawings/[^/]+\.vml", "", None, "shapes"),
    _part(r"(?:.*/)?_rels/[^/]*\.rels", "", None, "links"),
    _part(r"docProps/app\.xml", "", None, "skip"),
    _part(r"docProps/core\.xml", "document properties (author, title, dates)", _REVIEW, "properties"),
    _part(r"docProps/custom\.xml", "custom document properties", _FAIL, "words"),
    _part(r"docProps/thumbnail\..*", "a small picture of an earlier state of the workbook", _FAIL, "inner"),
    _part(r"xl/comments[^/]*\.xml|xl/comments/.*", "comments on cells", _FAIL, "words"),
    _part(r"xl/threadedComments/.*", "conversations on cells", _FAIL, "words"),
    _part(r"xl/persons/.*", "names of people who commented", _REVIEW, "words"),
    _part(r"xl/drawings/[^/]+\.xml", "", None, "drawing"),
    _part(r"xl/charts/chart[^/]*\.xml|xl/charts/chartEx[^/]*\.xml", "", None, "chart"),
    _part(r"xl/media/.*", "", None, "inner"),
    _part(r"xl/tables/[^/]+\.xml", "", None, "skip"),
    _part(r"xl/pivotTables/[^/]+\.xml", "a pivot table", _REVIEW, "skip"),
    _part(r"xl/pivotCache/pivotCacheDefinition[^/]*\.xml", "the categories behind a pivot table", _FAIL, "words"),
    _part(r"xl/pivotCache/pivotCacheRecords[^/]*\.xml", "all records behind a pivot table", _FAIL, "records"),
    _part(r"xl/slicer.*|xl/timeline.*", "a filter with all its categories", _FAIL, "words"),
    _part(r"xl/externalLinks/.*", "a link to another workbook, with the values last read from it", _FAIL, "words"),
    _part(r"xl/connections\.xml|xl/queryTables/.*", "a data connection", _FAIL, "words"),
    _part(r"customXml/.*", "custom XML data", _FAIL, "words"),
    _part(r"xl/xmlMaps\.xml", "a map of XML data", _FAIL, "words"),
    _part(r"xl/embeddings/.*|xl/oleObjects/.*", "an embedded file or object", _FAIL, "inner"),
    _part(r"xl/activeX/.*|xl/ctrlProps/.*", "a control", _FAIL, "skip"),
    _part(r"xl/vbaProject.*\.bin|xl/vbaData\.xml", "macros", _FAIL, "skip"),
    _part(r"xl/model/.*", "a data model with all its records", _FAIL, "skip"),
    _part(r"xl/revisions/.*", "the history of changes", _FAIL, "words"),
    _part(r"xl/printerSettings/.*", "settings of a printer", _REVIEW, "skip"),
    _part(r"xl/webextensions/.*|customUI/.*|xl/customData.*", "an extension", _FAIL, "words"),
)


def read_part(file: File, package: Package, name: str) -> None:
    """Write down what a part of the package is and says."""
    part = next((part for part in _PARTS if part.pattern.fullmatch(name)), None)
    if part is None:
        file.conceal(f"part {shown(name)}", "a part that workbooks do not have")
        file.open_inner(file, name.rsplit("/", 1)[-1], package.read(name))
        return
    if part.severity is not None and part.how not in {"properties"}:
        file.conceal(f"part {shown(name)}", part.what, part.severity)
    if part.how == "inner":
        file.open_inner(file, name.rsplit("/", 1)[-1], package.read(name))
    elif part.how != "skip" and name.lower().endswith((".xml", ".rels", ".vml")):
        root = tree(package.read(name), f"the part {shown(name)} of a workbook", file.limits.nesting)
        _READERS[part.how](file, f"part {shown(name)}", root)


def _words(file: File, place: str, root: Element) -> None:
    file.passage(place, words_of(root))


def words_of(root: Element) -> str:
    """Return every text and every attribute of a tree, one a line."""
    found = []
    for element in root.iter():
        found += [value for value in element.attrib.values() if value.strip()]
        found += [text.strip() for text in (element.text, element.tail) if text and text.strip()]
    return "\n".join(found)


def _links(file: File, place: str, root: Element) -> None:
    for element in root:
        if element.get("TargetMode") == "External":
            sort = element.get("Type", "").rsplit("/", 1)[-1]
            severity = _REVIEW if sort == "hyperlink" else _FAIL
            file.conceal(place, f"a link to something outside the file ({shown(sort)})", severity)
            file.passage(place, element.get("Target", ""))


def _properties(file: File, _: str, root: Element) -> None:
    texts = {local(element.tag): (element.text or "").strip() for element in root if (element.text or "").strip()}
    said = {
        name: text for name, text in texts.items() if name not in {"created", "modified", "revision", "lastPrinted"}
    }
    if set(said.values()) - {"openpyxl", "XlsxWriter", "Microsoft Office User", "R"}:
        file.conceal("the document properties", "author, title and the like", _REVIEW)
        file.passage("the document properties", "\n".join(said.values()))


def _drawing(file: File, place: str, root: Element) -> None:
    file.passage(f"{place}, text of shapes", "\n".join(e.text or "" for e in root.iter() if local(e.tag) == "t"))


def _shapes(file: File, place: str, root: Element) -> None:
    texts = [text.strip() for e in root.iter() for text in (e.text, e.tail) if local(e.tag) in _VISIBLE and text]
    file.passage(f"{place}, text of shapes", "\n".join(texts))


_VISIBLE: Final = frozenset({"div", "font", "textbox", "span", "p", "b", "i", "u", "br", "a", "textpath"})


def _chart(file: File, place: str, root: Element) -> None:
    """Write down the exact values that a chart keeps of its points."""
    for number, series in enumerate((e for e in root.iter() if local(e.tag) == "ser"), start=1):
        columns: list[dict[int, Label]] = []
        heads = []
        for part in series:
            points = {int(p.get("idx", "0")): _value(p) for p in part.iter() if local(p.tag) == "pt"}
            if points and local(part.tag) in {"cat", "val", "xVal", "yVal", "bubbleSize"}:
                columns.append(points)
                heads.append(local(part.tag))
        last = min(max((max(points) for points in columns), default=-1), file.budget.cells_left)
        rows = [tuple(points.get(i) for points in columns) for i in range(last + 1)]
        if rows:
            file.grid(f"{place}, series {number} of a chart", [tuple(heads), *rows], head=True, first=0)
    titles = [e.text or "" for e in root.iter() if local(e.tag) == "t"]
    file.passage(f"{place}, text of a chart", "\n".join(titles))


def _value(point: Element) -> Label:
    text = next((child.text or "" for child in point if local(child.tag) == "v"), "")
    try:
        return float(text)
    except ValueError:
        return text


def _records(file: File, place: str, root: Element) -> None:
    rows = [tuple(_item(item) for item in record) for record in root if local(record.tag) == "r"]
    file.grid(f"{place}, records behind a pivot table", rows, head=False)


def _item(item: Element) -> Label:
    value = item.get("v")
    if value is None:
        return None
    if local(item.tag) in {"n", "x"}:
        try:
            number = float(value)
        except ValueError:
            return value
        return int(number) if number.is_integer() else number
    return value


_READERS = {
    "words": _words,
    "links": _links,
    "properties": _properties,
    "drawing": _drawing,
    "shapes": _shapes,
    "chart": _chart,
    "records": _records,
}
