"""Hostile pages, pictures and documents, and names that lie."""

from __future__ import annotations

import io
import struct
import zlib

from tests.attack.files.making import hostile, pdf, png, png_chunk, zipped


@hostile("nested.html", "review")
def _nested_html() -> bytes:
    return b"<!doctype html>" + b"<div>" * 600_000


@hostile("comments.html")
def _open_comments() -> bytes:
    return b"<!doctype html>" + b"<!-- " * 500_000


@hostile("tags.html")
def _open_tags() -> bytes:
    return b"<!doctype html>" + b'<a href="' * 300_000


@hostile("attributes.html", "review")
def _attributes() -> bytes:
    return b"<!doctype html><p " + b"a=1 " * 500_000 + b">"


@hostile("scripts.html")
def _scripts() -> bytes:
    return b"<html><script>" * 100_000


@hostile("tables.html", "review")
def _tables() -> bytes:
    return b"<html>" + b"<table><tr><td>" * 20_000


@hostile("spans.html")
def _spans() -> bytes:
    return b"<html><table>" + b'<tr><td colspan="9999999">1</td>' * 5_000


@hostile("uri.html")
def _uri() -> bytes:
    import base64

    return b'<html><a href="data:text/csv;base64,' + base64.b64encode(b"id,v\nP1,2\n" * 50) + b'">all</a></html>'


@hostile("hidden.html")
def _hidden() -> bytes:
    return b'<html><p>Mean 12</p><div style="display: none">P001 12; P002 14</div></html>'


@hostile("bomb.png")
def _png_bomb() -> bytes:
    return png(60_000, 60_000, pixels=zlib.compress(bytes(1 << 20)))


@hostile("small-claim.png")
def _png_long() -> bytes:
    return png(2, 2, pixels=zlib.compress(bytes(40 << 20), 9))


@hostile("cut.png")
def _png_cut() -> bytes:
    return png(50, 50)[:-30]


@hostile("checksum.png")
def _png_checksum() -> bytes:
    data = bytearray(png(50, 50))
    data[-20] ^= 0xFF
    return bytes(data)


@hostile("after.png")
def _png_after() -> bytes:
    return png() + b"id,pay\nP001,12\n"


@hostile("zip.png")
def _png_zip() -> bytes:
    return png() + zipped({"people.csv": b"id,pay\nP001,12\n"})


@hostile("text-bomb.png")
def _png_text_bomb() -> bytes:
    return png(more=png_chunk(b"zTXt", b"c\0\0" + zlib.compress(bytes(40 << 20), 9)))


@hostile("own-chunk.png")
def _png_own_chunk() -> bytes:
    return png(more=png_chunk(b"reCd", b"P001,12\n" * 20))


@hostile("frames.png")
def _png_frames() -> bytes:
    return png(more=png_chunk(b"acTL", struct.pack(">II", 2, 0)))


@hostile("cut.jpg")
def _jpeg_cut() -> bytes:
    return b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xc0"


@hostile("claims.jpg")
def _jpeg_claims() -> bytes:
    return b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\3\1\x11\0\2\x11\0\3\x11\0\xff\xd9"


@hostile("page.gif")
def _gif_html() -> bytes:
    return b"GIF89a/*<html><script>alert(1)</script>*/=1;"


@hostile("script.pdf")
def _pdf_script() -> bytes:
    return pdf("/OpenAction 6 0 R", "<< /S /JavaScript /JS (app.alert\\(1\\)) >>")


@hostile("launch.pdf")
def _pdf_launch() -> bytes:
    return pdf("/OpenAction 6 0 R", "<< /S /Launch /F (cmd.exe) >>")


@hostile("attached.pdf")
def _pdf_attached() -> bytes:
    return pdf(
        "/Names << /EmbeddedFiles << /Names [(people.csv) 6 0 R] >> >>",
        "<< /Type /Filespec /F (people.csv) /EF << /F 7 0 R >> >>",
        "<< /Type /EmbeddedFile /Length 15 >>\nstream\nid,pay\nP001,12\n\nendstream",
    )


@hostile("form.pdf")
def _pdf_form() -> bytes:
    return pdf(
        "/AcroForm << /Fields [6 0 R] >>", "<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (P001 pays 12) >>"
    )


@hostile("encrypted.pdf")
def _pdf_encrypted() -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf())))
    writer.encrypt("a password", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@hostile("cut.pdf")
def _pdf_cut() -> bytes:
    return pdf()[:200]


@hostile("zip.pdf")
def _pdf_zip() -> bytes:
    return pdf() + zipped({"people.csv": b"id,pay\nP001,12\n"})


@hostile("zip-inside.pdf")
def _pdf_zip_inside() -> bytes:
    return pdf("", f"<< /Length 9 >>\nstream\n{zipped({'a.csv': b'1,2'}).decode('latin-1')}\nendstream")


@hostile("loop.pdf")
def _pdf_loop() -> bytes:
    return pdf().replace(b"/Kids [3 0 R] /Count 1", b"/Kids [2 0 R] /Count 1")


@hostile("pages.pdf")
def _pdf_pages() -> bytes:
    return pdf().replace(b"/Kids [3 0 R] /Count 1", b"/Kids [" + b"3 0 R " * 20_000 + b"] /Count 20000")


@hostile("stream-bomb.pdf")
def _pdf_bomb() -> bytes:
    packed = zlib.compress(bytes(120 << 20), 9)
    data = pdf(content=packed)
    return data.replace(b"<< /Length %d >>" % len(packed), b"<< /Length %d /Filter /FlateDecode >>" % len(packed))


@hostile("versions.pdf")
def _pdf_versions() -> bytes:
    return (
        pdf() + b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\ntrailer << /Root 1 0 R >>\nstartxref\n0\n%%EOF\n"
    )


@hostile("forms.pdf", "review")
def _pdf_forms() -> bytes:
    form = "<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /F {0} 0 R >> >> /Length 12 >>"
    levels = [form.format(number + 1) + "\nstream\n/F Do /F Do \nendstream" for number in range(6, 36)]
    last = "<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length 4 >>\nstream\nq Q \nendstream"
    first = pdf("", *levels, last, content=b"/F Do /F Do")
    return first.replace(b"/Resources << /Font", b"/Resources << /XObject << /F 6 0 R >> /Font", 1)


@hostile("white.pdf")
def _pdf_white() -> bytes:
    return pdf(content=b"BT /F1 12 Tf 3 Tr 72 720 Td (P001 12) Tj ET")


@hostile("operators.pdf", "fail")
def _pdf_operators() -> bytes:
    return pdf(content=b"1 1 m 2 2 l S\n" * 200_000)


@hostile("table.png")
def _csv_as_png() -> bytes:
    return b"id,pay\nP001,12\n"


@hostile("figure.csv")
def _png_as_csv() -> bytes:
    return png()


@hostile("notes.txt")
def _html_as_text() -> bytes:
    return b"<html><script>1</script></html>"


@hostile("results.csv")
def _zip_as_csv() -> bytes:
    return zipped({"a.csv": b"a,b\n100,200\n"})


@hostile("report.pdf")
def _text_as_pdf() -> bytes:
    return b"Mean pay is 12.\n"


@hostile("summary.txt")
def _program() -> bytes:
    return b"\x7fELF" + bytes(200)


@hostile("empty.csv")
def _empty() -> bytes:
    return b""


@hostile("blank.csv")
def _blank() -> bytes:
    return b"\n \n\n"


@hostile("huge.csv")
def _huge() -> bytes:
    return b"1,2\n" * (17 << 20)
