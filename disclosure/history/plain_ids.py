"""The same id however it is written: as a number or a text, with blanks, leading zeros, capitals or small letters.

A dataset's versions come as CSV once and as Parquet then, from one program that pads ids with zeros and from another
that writes them as numbers. Somebody taken for a stranger would be compared with nobody.
"""

from __future__ import annotations

_PADDED = "[+]?0*([0-9]{1,40})([.]0+)?"
_CODE = "[0-9A-Za-z]*[A-Za-z][0-9A-Za-z]*"
_NUMBER = "[1-9][0-9]{0,39}"


def plain(text: str) -> str:
    """Return SQL for the plain form of an id given as SQL of a text.

    The two usual kinds of ids, codes with a letter in them and plain numbers, are told first: most of the time would go
    into what they do not need.
    """
    small = f"lower(trim(nfc_normalize({text}), ' ' || chr(9) || chr(10) || chr(13) || chr(160)))"
    digits = f"regexp_extract({small}, '{_PADDED}', 1)"
    return (
        f"CASE WHEN regexp_full_match({text}, '{_CODE}') THEN lower({text}) "
        f"WHEN regexp_full_match({text}, '{_NUMBER}') THEN {text} "
        f"WHEN regexp_full_match({small}, '{_PADDED}') THEN {digits} ELSE {small} END"
    )


def ambiguous(ids: str) -> str:
    """Return SQL for those ids that have a plain form which others of the same data have, too.

    They keep their own form, except the one that is written plainly: two people are never taken for one.

    Parameters
    ----------
    ids : str
        SQL of a table with the column ``id``, texts.
    """
    forms = f"SELECT id, {plain('id')} AS plain FROM (SELECT DISTINCT id FROM ({ids}) a WHERE id IS NOT NULL) b"  # noqa: S608
    several = f"SELECT *, count(*) OVER (PARTITION BY plain) AS often FROM ({forms}) c"  # noqa: S608
    return f"SELECT id FROM ({several}) d WHERE often > 1 AND id <> plain"  # noqa: S608


def one_form(text: str, exceptions: str) -> str:
    """Return SQL for the form in which an id is compared; see `ambiguous` for the exceptions, SQL or nothing."""
    if not exceptions:
        return plain(text)
    return f"CASE WHEN {text} IN ({exceptions}) THEN 'as written: ' || {text} ELSE {plain(text)} END"


def id_number(kind: str, column: str, exceptions: str = "") -> tuple[str, str]:
    """Return SQL for an id as a whole number (null when it is none), and as a text.

    Whole numbers are their own key, because hashing them takes longer than everything else.

    Parameters
    ----------
    kind : str
        The column's type.
    exceptions : str
        SQL of the ids that keep their own form; see `ambiguous`.
    """
    text, number = f"CAST({column} AS VARCHAR)", f"TRY_CAST({column} AS BIGINT)"
    if kind in {"FLOAT", "DOUBLE"} or kind.startswith("DECIMAL"):
        return f"CASE WHEN {column} = {number} THEN {number} END", text
    if "INT" in kind:
        return number, text
    form = one_form(text, exceptions)
    return f"CASE WHEN regexp_full_match({form}, '0|-?[1-9][0-9]{{0,17}}') THEN TRY_CAST({form} AS BIGINT) END", form
