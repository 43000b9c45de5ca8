"""Hostile text, tables, JSON and notebooks."""

from __future__ import annotations

import json
import random

from tests.attack.files.making import hostile, png


@hostile("nul.csv")
def _nul() -> bytes:
    return b"region,n\nNorth,1\0000\n" * 50


@hostile("wide.csv")
def _wide() -> bytes:
    return b",".join([b"1"] * 1_000_000) + b"\n" + b",".join([b"2"] * 1_000_000) + b"\n"


@hostile("field.csv")
def _field() -> bytes:
    return b'region,note\nNorth,"' + b"x" * 20_000_000 + b'"\n'


@hostile("quotes.csv")
def _quotes() -> bytes:
    return b'region,n\nNorth,"' + b"12\n" * 500_000


@hostile("storm.csv")
def _storm() -> bytes:
    return b'a,b\n"' + b"\n" * 3_000_000 + b'",1\n'


@hostile("long.csv")
def _long() -> bytes:
    return b"1,2\n" * 3_000_000


@hostile("utf16.csv", "review")
def _utf16() -> bytes:
    return "region,n\nNorth,100\nSouth,200\n".encode("utf-16")


@hostile("latin.csv", "review")
def _latin() -> bytes:
    return "region,n\nMálaga,100\nÜbersee,200\n".encode("cp1252")


@hostile("bytes.csv")
def _random_bytes() -> bytes:
    return random.Random(3).randbytes(100_000)


@hostile("formula.csv")
def _formula() -> bytes:
    return b"region,n\nNorth,100\n=cmd|' /C calc'!A0,200\n"


@hostile("overridden.csv")
def _bidi() -> bytes:
    return "region,n\nNor\u202eht\u202c,100\n".encode()


@hostile("invisible.md")
def _zero_width() -> bytes:
    secret = "".join("\u200b" if bit == "1" else "\u200c" for bit in f"{1234567:b}")
    return f"# Results\n\nThe mean is 12.{secret}\n".encode()


@hostile("tags.txt")
def _tags() -> bytes:
    return ("Done." + "".join(chr(0xE0000 + ord(c)) for c in "P001 12")).encode()


@hostile("escapes.log")
def _escapes() -> bytes:
    return b"epoch 1\n\x1b[8mP001 12\x1b[0m\nepoch 2\n"


@hostile("deep.json")
def _deep_json() -> bytes:
    return b"[" * 1_000_000


@hostile("deep-objects.json")
def _deep_objects() -> bytes:
    return b'{"a":' * 50_000 + b"1" + b"}" * 50_000


@hostile("level.json")
def _level_json() -> bytes:
    return b'{"a":' * 700 + b"1" + b"}" * 700


@hostile("twice.json")
def _twice_json() -> bytes:
    return b'{"n": 3, "n": 100}'


@hostile("digits.json")
def _digits() -> bytes:
    return b'{"n": ' + b"9" * 2_000_000 + b"}"


@hostile("cut.json")
def _cut_json() -> bytes:
    return b'{"rows": [{"n": 100}, {"n": '


@hostile("lists.json")
def _lists() -> bytes:
    return b"[" + b"[]," * 20_000_000 + b"[]]"


@hostile("deep.ipynb")
def _deep_notebook() -> bytes:
    return b'{"nbformat": 4, "cells": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"


@hostile("wrong.ipynb")
def _wrong_notebook() -> bytes:
    return b'{"nbformat": 4, "cells": [1, 2]}'


@hostile("script.ipynb")
def _notebook_script() -> bytes:
    output = {"output_type": "display_data", "data": {"application/javascript": "x()"}, "metadata": {}}
    cell = {"cell_type": "code", "source": "1", "metadata": {}, "outputs": [output]}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}).encode()


@hostile("picture.ipynb")
def _notebook_bomb() -> bytes:
    import base64

    picture = base64.b64encode(png(50_000, 50_000, pixels=b"x")).decode()
    output = {"output_type": "display_data", "data": {"image/png": picture}, "metadata": {}}
    cell = {"cell_type": "code", "source": "1", "metadata": {}, "outputs": [output]}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}).encode()


@hostile("backtracking.txt", "review")
def _backtracking() -> bytes:
    return b"a" * 300_000 + b"!" + b" " * 300_000 + b"\n" + b"1," * 100_000 + b"\n" + b"(" * 100_000


@hostile("bars.txt", "review")
def _bars() -> bytes:
    return b"| " * 200_000 + b"\n" + b"\t" * 200_000
