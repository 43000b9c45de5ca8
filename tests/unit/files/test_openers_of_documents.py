"""What is found in JSON, notebooks, pages, pictures, drawings and documents, and what a person would not see."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from tests.attack.files.hostile import pdf, png, png_chunk, zipped

from saferoom.disclosure.files.model import Grid, Opened
from saferoom.disclosure.files.openers import OpenLimits, open_file
from saferoom.disclosure.verdict import Verdict


def opened(name: str, data: bytes | str, **limits: int) -> Opened:
    """Open a file."""
    return open_file(name, data.encode() if isinstance(data, str) else data, OpenLimits(**limits))[1]


def hidden(found: Opened) -> list[str]:
    """Return what is concealed, files inside included."""
    return [thing.what for thing in found.concealed] + [what for *_, inner in found.inner for what in hidden(inner)]


def texts(found: Opened) -> str:
    """Return all texts."""
    return "\n".join(passage.text for passage in found.passages)


def grid(found: Opened) -> Grid:
    """Return the only table."""
    (only,) = found.grids
    return only


# --- JSON and notebooks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "header", "rows"),
    [
        ([{"a": 1, "b": 2}, {"a": 3}], ("a", "b"), ((1, 2), (3, None))),
        ({"a": [1, 2], "b": [3, 4]}, ("a", "b"), ((1, 3), (2, 4))),
        ({"columns": ["a"], "index": [0], "data": [[1]]}, ("a",), ((1,),)),
        ({"x": {"n": 1}, "y": {"n": 2}}, ("", "n"), (("x", 1), ("y", 2))),
        ([[1, 2], [3, 4]], (), ((1, 2), (3, 4))),
        ({"n": 3, "mean": 1.5}, ("n", "mean"), ((3, 1.5),)),
        ({"deep": {"er": [{"id": 1}]}}, ("id",), ((1,),)),
        ([{"p": {"age": 3}, "id": 1}], ("p.age", "id"), ((3, 1),)),
    ],
)
def test_tables_of_json_are_found_wherever_they_stand(
    value: Any, header: tuple[str, ...], rows: tuple[Any, ...]
) -> None:
    found = opened("a.json", json.dumps(value))
    assert (grid(found).header, grid(found).rows) == (header, rows)


def test_names_of_json_that_may_be_values_are_not_in_places() -> None:
    found = opened("a.json", json.dumps({"P00123": {"rows": [{"a": 1}]}}))
    assert all("P00123" not in table.place for table in found.grids)


def _notebook(*cells: dict[str, Any], **metadata: Any) -> str:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": list(cells)})


def _code(*outputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": ["x = 1"], "metadata": {}, "outputs": list(outputs), **more}


def _data(**bundle: Any) -> dict[str, Any]:
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {key.replace("_", "/", 1): v for key, v in bundle.items()},
    }


@pytest.mark.parametrize(
    ("notebook", "what"),
    [
        (_notebook(_code(_data(**{"application_vnd.plotly.v1+json": {"x": [1]}}))), "data behind an output"),
        (_notebook(_code(_data(application_javascript="x"))), "a script"),
        (_notebook(_code(_data(text_html="<script>x</script>"))), "a script"),
        (
            _notebook(
                {"cell_type": "markdown", "source": "a", "metadata": {}, "attachments": {"a": {"text/plain": "P1"}}}
            ),
            "attachments",
        ),
        (_notebook(widgets={"state": {"a": [1]}}), "the state of widgets"),
        (_notebook(mine={"rows": list(range(200))}), "entries of its own"),
        (_notebook(_code(strange=[1])), "parts that cells do not have"),
        (_notebook(_code({"output_type": "strange", "x": 1})), "an output of an unknown sort"),
    ],
)
def test_what_a_notebook_hides_is_found(notebook: str, what: str) -> None:
    assert any(said.startswith(what) for said in hidden(opened("a.ipynb", notebook)))


def test_notebook_gives_code_outputs_and_pictures_by_their_places() -> None:
    picture = base64.b64encode(png()).decode()
    table = "<table><tr><th>n</th></tr><tr><td>12</td></tr></table>"
    stream = {"output_type": "stream", "name": "stdout", "text": ["a\n", "b"]}
    found = opened(
        "a.ipynb", _notebook(_code(stream, _data(image_png=picture), _data(text_html=table, text_plain="n\n12")))
    )
    assert [(p.place, p.is_code) for p in found.passages] == [("cell 1", True), ("cell 1, output 1", False)]
    assert grid(found).place == "cell 1, output 3, table 1"
    assert len(found.inner[0][2].pictures) == 1
    assert not hidden(found)


# --- pages, text, pictures, drawings, documents -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "what"),
    [
        ("<script>var d = [1]</script>", "a script"),
        ("<p onclick='x()'>a</p>", "a script (on an event)"),
        ("<a href='java\nscript:x'>a</a>", "a script (in a link)"),
        ("<p hidden>P001</p>", "hidden parts of the page"),
        ("<p style='opacity:0'>P001</p>", "hidden parts of the page"),
        ("<p style='COLOR: #fff'>P001</p>", "hidden parts of the page"),
        ("<input type=hidden value=P001>", "hidden parts of the page"),
        ("<!-- P001 -->", "comments in the page's source"),
        ("<img src='https://x/y.png'>", "something loaded from elsewhere"),
        ("<style>@import url(//x)</style>", "something loaded from elsewhere"),
        ("<iframe srcdoc='<p>1'></iframe>", "a page within the page"),
        ("<template><p>P001</p></template>", "a part that is not shown as it stands (template)"),
        ("<td data-rows='P001 12 P002 14 P003 15 P004 1 P005'>", "data in attributes"),
        ("<svg><script>1</script></svg>", "a script"),
        ("<noscript><p>P001</p></noscript>", "a part that is not shown as it stands (noscript)"),
    ],
)
def test_what_a_page_hides_is_found(page: str, what: str) -> None:
    assert what in hidden(opened("a.html", f"<!doctype html><body>{page}</body>"))


def test_hidden_text_of_a_page_reaches_the_screens() -> None:
    found = opened(
        "a.html", "<html><table><tr><td>a</td><td>1</td></tr></table><div hidden><b>P001</b></div>after</html>"
    )
    assert "P001" in texts(found)
    assert "after" in next(p.text for p in found.passages if p.place == "the whole file")
    assert grid(found).rows == (("a", "1"),)


def test_plain_page_hides_nothing() -> None:
    page = "<!doctype html><html><head><title>T</title><style>td {color: red}</style></head><body><p>Mean 12</p></body></html>"  # noqa: E501
    assert not hidden(opened("a.html", page))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "# T\n<div style='display:none'>P001</div>\n"),
        ("a.md", "[//]: # (P001 12)\n"),
        ("a.tex", "a % P001\n"),
        ("a.tex", "\\begin{document}a\\end{document} P001"),
        ("a.txt", "visible\rP001 12 overwritten\nend\n"),
        ("a.py", "x = 1\u202e\n"),
        ("a.log", "ok\u200b\n"),
    ],
)
def test_what_a_text_hides_is_found(name: str, text: str) -> None:
    assert hidden(opened(name, text))


@pytest.mark.parametrize(
    "text",
    [
        "mean 12\n",
        "emoji \U0001f469\u200d\U0001f52c \u2764\ufe0f\n",
        "caf\u00e9\r\n",
        "\x1b[31mred\x1b[0m\n",
        "\u0645\u062a\u0648\u0633\u0637\n",
    ],
)
def test_ordinary_text_hides_nothing(text: str) -> None:
    assert not hidden(opened("a.txt", text))


def test_picture_is_drawn_anew_without_anything_beside_it() -> None:
    found = opened("a.png", png(3, 2, more=png_chunk(b"tEXt", b"Comment\0P001 12")))
    (picture,) = found.pictures
    assert (picture.width, picture.height) == (3, 2)
    assert b"P001" not in picture.clean
    assert "P001 12" in texts(found)
    assert hidden(found) == ["a text beside the picture"]
    assert not hidden(opened("b.png", picture.clean))


def test_colours_under_transparent_pixels_are_found_and_left_out() -> None:
    from PIL import Image

    picture = Image.new("RGBA", (64, 64))
    picture.putdata([(i % 251, i % 13, i % 7, 0) for i in range(64 * 64)])
    out = io.BytesIO()
    picture.save(out, "PNG")
    found = opened("a.png", out.getvalue())
    assert hidden(found) == ["colours under transparent parts of the picture"]
    with Image.open(io.BytesIO(found.pictures[0].clean)) as clean:
        assert clean.convert("RGB").getcolors() == [(64 * 64, (255, 255, 255))]


def test_metadata_of_a_jpeg_is_found_and_left_out() -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[270] = "P001"
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (9, 9, 9)).save(out, "JPEG", exif=exif, comment=b"note")
    found = opened("a.jpg", out.getvalue() + b"more")
    assert set(hidden(found)) >= {
        "metadata of a camera or a program (EXIF, XMP)",
        "further bytes",
        "a comment beside the picture",
    }
    assert b"P001" not in found.pictures[0].clean


@pytest.mark.parametrize(
    ("inside", "what"),
    [
        ("<script>1</script>", "a script"),
        ("<text display='none'>P001</text>", "parts of the drawing that are not visible"),
        ("<desc>P001</desc>", "texts that are not drawn"),
        ("<metadata>P001 12</metadata>", "metadata"),
        ("<image href='https://x/y.png'/>", "something loaded from elsewhere"),
        ("<!-- P001 -->", "comments in the drawing's source"),
        ("<a href='javascript:x'>b</a>", "a script (in a link)"),
        ("<set attributeName='fill' to='red'/>", "an animation, which can show other things later"),
    ],
)
def test_what_a_drawing_hides_is_found(inside: str, what: str) -> None:
    assert what in hidden(opened("a.svg", f'<svg xmlns="http://www.w3.org/2000/svg"><text>a</text>{inside}</svg>'))


@pytest.mark.parametrize(("count", "verdict"), [(20, None), (100, Verdict.REVIEW), (1_500, Verdict.FAIL)])
def test_marks_of_a_drawing_are_counted(count: int, verdict: Verdict | None) -> None:
    found = opened("a.svg", f'<svg xmlns="http://www.w3.org/2000/svg">{"<circle r=" + chr(34) + "1" + chr(34) + "/>" * 1}'  # noqa: E501
                   + '<circle r="1"/>' * (count - 1) + "</svg>")  # fmt: skip
    assert next((f.severity for f in found.findings if f.rule == "many-marks"), None) is verdict


def test_plain_document_gives_its_text_and_hides_nothing() -> None:
    found = opened("a.pdf", pdf())
    assert texts(found).strip() == "Table 1"
    assert not hidden(found)


def test_attachment_of_a_document_is_opened_too() -> None:
    data = pdf(
        "/Names << /EmbeddedFiles << /Names [(a.csv) 6 0 R] >> >>",
        "<< /Type /Filespec /F (a.csv) /EF << /F 7 0 R >> >>",
        "<< /Type /EmbeddedFile /Length 15 >>\nstream\nid,pay\nP001,12\n\nendstream",
    )
    found = opened("a.pdf", data)
    assert [(name, kind) for name, kind, _ in found.inner] == [("a.csv", "csv")]


def test_files_in_an_archive_are_opened_each_by_itself() -> None:
    found = opened("a.zip", zipped({"x/a.csv": b"a,b\n1,2\n", "b.pkl": b"\x80\x04."}))
    assert [(name, kind) for name, kind, _ in found.inner] == [("x/a.csv", "csv"), ("b.pkl", "pickle")]
    assert found.inner[1][2].findings[0].message.startswith("a.zip: b.pkl is a file of records")
