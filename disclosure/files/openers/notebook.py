"""Jupyter notebooks: code, text, every output in every form it is kept in, attachments, widgets and metadata."""

from __future__ import annotations

import html
import json
import re
from typing import Any, Final

from saferoom.disclosure.files.openers.base import File, unreadable
from saferoom.disclosure.files.openers.characters import decode, invisible
from saferoom.disclosure.files.openers.encoded import decoded
from saferoom.disclosure.files.openers.html import read_html
from saferoom.disclosure.files.openers.markdown import read_markdown
from saferoom.disclosure.files.openers.plain import read_text
from saferoom.disclosure.files.openers.structured import parse, read_value
from saferoom.disclosure.verdict import Verdict

_KNOWN_METADATA: Final = frozenset(
    {
        "kernelspec",
        "language_info",
        "toc",
        "colab",
        "accelerator",
        "orig_nbformat",
        "vscode",
        "celltoolbar",
        "toc-autonumbering",
    }
)
_KNOWN_CELL: Final = frozenset(
    {"collapsed", "scrolled", "tags", "jupyter", "slideshow", "editable", "deletable", "id", "trusted", "execution",
     "ExecuteTime", "vscode", "pycharm", "execution_count", "outputId", "colab"}
)  # fmt: skip
_PICTURES: Final = {"image/png": ".png", "image/jpeg": ".jpg"}
_MOST_CELLS = 20_000


def read(file: File) -> None:
    """Open a notebook."""
    notebook = parse(file, decode(file.data, "a notebook"), "a notebook")
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or len(cells) > _MOST_CELLS:
        raise unreadable("a notebook")
    for number, cell in enumerate(cells, start=1):
        if not isinstance(cell, dict):
            raise unreadable("a notebook")
        _cell(file, f"cell {number}", cell)
    _metadata(file, notebook.get("metadata"), "the notebook's metadata", _KNOWN_METADATA)
    extra = {k: v for k, v in notebook.items() if k not in {"cells", "metadata", "nbformat", "nbformat_minor"}}
    if extra:
        file.conceal("the notebook", "parts that notebooks do not have")
        read_value(file, "parts that notebooks do not have", extra)


def joined(value: Any) -> str:
    """Return a text that a notebook may keep as a list of lines."""
    if isinstance(value, list):
        return "".join(part for part in value if isinstance(part, str))
    return value if isinstance(value, str) else ""


def _cell(file: File, place: str, cell: dict[str, Any]) -> None:
    source = joined(cell.get("source"))
    if cell.get("cell_type") == "markdown":
        if source.strip():
            read_markdown(file, place, source)
    else:
        if what := invisible(source):
            file.conceal(place, what)
        if cell.get("cell_type") != "code" and source.strip():
            file.conceal(place, "a raw cell, which is not shown as it stands", Verdict.REVIEW)
        file.passage(place, source, is_code=cell.get("cell_type") == "code")
    attachments = cell.get("attachments")
    if isinstance(attachments, dict) and attachments:
        file.conceal(place, "attachments")
        for bundle in attachments.values():
            _bundle(file, f"{place}, attachment", bundle)
    outputs = cell.get("outputs")
    for number, output in enumerate(outputs if isinstance(outputs, list) else [], start=1):
        if isinstance(output, dict):
            _output(file, f"{place}, output {number}", output)
    metadata = cell.get("metadata")
    _metadata(file, metadata, f"{place}, metadata", _KNOWN_CELL)
    jupyter = metadata.get("jupyter") if isinstance(metadata, dict) else None
    hidden = jupyter if isinstance(jupyter, dict) else {}
    if (hidden.get("source_hidden") or hidden.get("outputs_hidden") or _collapsed(metadata)) and (source or outputs):
        file.conceal(place, "a cell that is folded away", Verdict.REVIEW)
    known = {"cell_type", "source", "outputs", "metadata", "execution_count", "attachments", "id"}
    extra = {key: value for key, value in cell.items() if key not in known}
    if extra:
        file.conceal(place, "parts that cells do not have")
        read_value(file, f"{place}, parts that cells do not have", extra)


def _collapsed(metadata: Any) -> bool:
    return isinstance(metadata, dict) and metadata.get("collapsed") is True


def _output(file: File, place: str, output: dict[str, Any]) -> None:
    sort = output.get("output_type")
    if sort == "stream":
        _plain(file, place, joined(output.get("text")))
    elif sort == "error":
        trace = output.get("traceback")
        _plain(
            file, place, "\n".join(part for part in trace if isinstance(part, str)) if isinstance(trace, list) else ""
        )
        _plain(file, place, f"{joined(output.get('ename'))}: {joined(output.get('evalue'))}")
    elif sort in {"display_data", "execute_result", "update_display_data"}:
        _bundle(file, place, output.get("data"))
    else:
        file.conceal(place, "an output of an unknown sort")
        read_value(file, place, output)
    _metadata(
        file,
        output.get("metadata"),
        f"{place}, metadata",
        frozenset({"needs_background", "image/png", "application/json"}),
    )


def _plain(file: File, place: str, text: str) -> None:
    if text.strip():
        read_text(file, place, text)


def _bundle(file: File, place: str, bundle: Any) -> None:
    """Write down every form in which an output is kept; only the richest is shown, so all are looked at."""
    if not isinstance(bundle, dict):
        return
    for sort, content in bundle.items():
        if sort == "text/plain" and _said_by(joined(content), joined(bundle.get("text/html"))):
            continue
        base = sort.split(";")[0].strip().lower()
        if base in _PICTURES:
            _picture(file, place, joined(content), _PICTURES[base])
        elif base == "image/svg+xml":
            file.budget.entry()
            file.open_inner(file, "output.svg", joined(content).encode("utf-8", "surrogatepass"))
        elif base == "text/html":
            read_html(file, place, joined(content))
        elif base == "text/markdown" or base == "text/latex":
            read_markdown(file, place, joined(content))
        elif base == "application/javascript" or base == "text/javascript":
            file.conceal(place, "a script")
            file.passage(f"{place}, a script", joined(content), is_code=True)
        elif base.startswith("text/"):
            _plain(file, place, joined(content))
        elif base == "application/vnd.jupyter.widget-view+json":
            file.conceal(place, "a widget, whose content is not in the output", Verdict.REVIEW)
        else:
            _data(file, place, base, content)


def _said_by(text: str, page: str) -> bool:
    """Tell whether a text says nothing that the page beside it does not say too."""
    if not page or len(page) > 5_000_000:
        return False
    said = set(html.unescape(re.sub(r"<[^<>]*>", " ", page)).split())
    return set(re.sub(r"\[\d+ rows x \d+ columns\]", "", text).split()) <= said


def _picture(file: File, place: str, text: str, ending: str) -> None:
    data = decoded(text)
    if data is None:
        file.conceal(place, "a picture that cannot be decoded")
        return
    file.budget.unpack(len(data))
    file.budget.entry()
    file.open_inner(file, f"{place.replace(', ', ' ')}{ending}", data)


def _data(file: File, place: str, sort: str, content: Any) -> None:
    file.conceal(place, "data behind an output (as charts that can be clicked keep it)")
    if isinstance(content, str | list) and not sort.endswith("json"):
        text = joined(content)
        data = decoded(text)
        if data and len(text) > 100:
            file.budget.unpack(len(data))
            file.budget.entry()
            file.open_inner(file, "output", data)
            return
    read_value(file, f"{place}, data", content)


def _metadata(file: File, metadata: Any, place: str, known: frozenset[str]) -> None:
    if not isinstance(metadata, dict):
        return
    if "widgets" in metadata:
        file.conceal(place, "the state of widgets, with their data")
    extra = {key: value for key, value in metadata.items() if key not in known}
    if extra:
        if "widgets" not in extra:
            grave = len(json.dumps(extra, default=str)) > 300
            file.conceal(place, "entries of its own", Verdict.FAIL if grave else Verdict.REVIEW)
        read_value(file, place, extra)
    # Known entries are small in any proper notebook.
    if len(json.dumps({key: value for key, value in metadata.items() if key in known}, default=str)) > 5_000:
        file.conceal(place, "more than notebooks keep there")
        read_value(file, place, {key: value for key, value in metadata.items() if key in known})
