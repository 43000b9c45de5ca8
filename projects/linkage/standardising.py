"""Cleaning as SQL: what a column holds, written one way, so that records can be compared and counted by it.

Every kind of field becomes a few *parts*, each a plain column. Part one is the cleaned value; the others are made of it:
a name's sound, a date's year, a postcode's outward part. What says nothing ("not known", 1 January 1900, `999999`) is
missing. Nothing is repaired beyond what the form of the value proves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from saferoom.projects.linkage.plan import FieldKind, Form
from saferoom.projects.linkage.variants import families_of

_TITLES = "mr|mrs|miss|ms|mx|dr|prof|professor|sir|rev|reverend|master|mstr|dame|lady|lord|mme|mlle|herr|frau"
_SUFFIXES = "jr|jnr|junior|sr|snr|senior|esq|obe|mbe|phd"
_NO_NAME = "unknown|not known|not stated|not given|no name|none|null|missing|unnamed|baby|infant|n a"
_NO_TEXT = _NO_NAME + "|na|nan|nk|not applicable|nil"
_NO_ADDRESS = "no fixed (abode|address)|nfa|address not known|address unknown|" + _NO_TEXT
_MONTHS = "['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']"
_FIRST_YEAR, _LAST_YEAR = 1850, 2100
_CENTURY = 30
"""A year of two digits below this is of the 2000s."""
_SINGLE = ("łŁøØđĐðÐıħĦ", "lLoOdDdDihH")
_DOUBLE = {"ß": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th"}
_STREETS = {
    "rd": "road", "ave": "avenue", "av": "avenue", "cl": "close", "cres": "crescent", "crs": "crescent", "dr": "drive",
    "drv": "drive", "ln": "lane", "ct": "court", "crt": "court", "gdns": "gardens", "gdn": "gardens", "grn": "green",
    "gr": "grove", "grv": "grove", "pl": "place", "sq": "square", "ter": "terrace", "terr": "terrace", "tce": "terrace",
    "apt": "flat", "apartment": "flat", "unit": "flat", "pde": "parade", "hwy": "highway", "wy": "way", "pk": "park",
    "hse": "house", "bldg": "building", "nth": "north", "sth": "south", "cct": "circuit", "cir": "circle",
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One column made of a field.

    Parameters
    ----------
    suffix : str
        What follows the field's internal name; empty for the cleaned value itself.
    expression : str
        SQL; of the raw column for the cleaned value, of ``{c}`` (the cleaned value's column) for the others.
    form : Form or None
        Which form of passes and blocking rules it is.
    """

    suffix: str
    expression: str
    form: Form | None = None


def quoted(name: str) -> str:
    """Return `name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return `text` as an SQL text."""
    return "'" + text.replace("'", "''") + "'"


def cleaned(kind: FieldKind, raw: str) -> str:
    """Return the SQL of the cleaned value of `raw`, an SQL expression of any type."""
    return _CLEANERS[kind](f"regexp_replace(cast({raw} as varchar), '^([0-9]+)\\.0+$', '\\1')")


def parts(kind: FieldKind) -> tuple[Part, ...]:
    """Return what is made of the cleaned value of a field of `kind`; expressions name it ``{c}``."""
    return _PARTS[kind]


def part_of(kind: FieldKind, form: Form) -> Part:
    """Return the part that is the `form` of a field of `kind`."""
    return next(part for part in (Part("", "{c}", Form.WHOLE), *parts(kind)) if part.form is form)


def _plain(raw: str) -> str:
    """Small Latin letters without accents, other scripts as they are."""
    text = f"translate({raw}, '{_SINGLE[0]}', '{_SINGLE[1]}')"
    for letter, written in _DOUBLE.items():
        text = f"replace({text}, '{letter}', '{written}')"
    return f"lower(strip_accents({text}))"


def _words(text: str, dropped: str = "''’`´.") -> str:
    """Letters and digits in words with one space between; `dropped` characters vanish, others end a word."""
    kept = f"regexp_replace({text}, '[{dropped}]', '', 'g')"
    return f"trim(regexp_replace({kept}, '[^\\p{{L}}\\p{{N}}]+', ' ', 'g'))"


def _known(text: str, missing: str) -> str:
    return f"nullif(case when regexp_full_match({text}, '{missing}') then '' else {text} end, '')"


def _given_name(raw: str) -> str:
    return _known(_without_titles(_words(_plain(raw))), _NO_NAME)


def _without_titles(text: str) -> str:
    return f"regexp_replace({text}, '^(({_TITLES}) )+', '')"


def _surname(raw: str) -> str:
    text = _without_titles(_words(_plain(raw)))
    text = f"regexp_replace({text}, '( ({_SUFFIXES}))+$', '')"
    # The prefix of a name is written with and without a space.
    return _known(f"regexp_replace({text}, '^(mc|mac|o|fitz|st) ', '\\1')", _NO_NAME)


def _text(raw: str) -> str:
    return _known(_words(_plain(raw)), _NO_TEXT)


def _sex(raw: str) -> str:
    text = f"trim(lower({raw}))"
    return (
        f"case when {text} in ('f', 'female', 'woman', 'girl', '2') then 'f' "
        f"when {text} in ('m', 'male', 'man', 'boy', '1') then 'm' "
        f"when {text} in ('x', 'other', 'non-binary', 'nonbinary', 'intersex', 'i') then 'x' end"
    )


def _identifier(raw: str) -> str:
    text = f"regexp_replace(upper(strip_accents({raw})), '[^\\p{{L}}\\p{{N}}]', '', 'g')"
    nothing = "0+|9{4,}|X+|1{6,}|NA|NAN|NK|NONE|NULL|UNKNOWN|NOTKNOWN|MISSING|TEMP"
    return _known(text, nothing)


def _postcode(raw: str) -> str:
    text = f"regexp_replace(upper({raw}), '[^A-Z0-9]', '', 'g')"
    # The inward part is a digit and two letters: O and I typed for 0 and 1, and the other way round, are certain there.
    shape = "^([A-Z][A-Z0-9]{1,3})([0-9OI])([A-Z01])([A-Z01])$"
    digit = f"translate(regexp_extract({text}, '{shape}', 2), 'OI', '01')"
    letters = f"translate(regexp_extract({text}, '{shape}', 3) || regexp_extract({text}, '{shape}', 4), '01', 'OI')"
    whole = (
        f"case when regexp_full_match({text}, '{shape}') "
        f"then regexp_extract({text}, '{shape}', 1) || {digit} || {letters} else {text} end"
    )
    return _known(whole, "ZZ99.*|0+|9{4,}|NA|NAN|NK|NONE|NULL|UNKNOWN|MISSING|NOTKNOWN")


def _address(raw: str) -> str:
    text = f"regexp_replace({_plain(raw)}, '\\b(st|str)\\.?\\s*(,|$)', 'street,', 'g')"
    text = _words(text)
    for short, written in _STREETS.items():
        text = f"regexp_replace({text}, '\\b{short}\\b', '{written}', 'g')"
    return _known(text, _NO_ADDRESS)


def _date(raw: str) -> str:
    """``year-month-day`` as digits ``YYYYMMDD``, with 00 for a month or day that is not known; impossible days stay."""
    text = f"trim(lower(regexp_replace({raw}, '[ t][0-9]{{1,2}}:[0-9]{{2}}.*$', '', 'i')))"
    mark, word = "[-/. ]", "([a-z]{3,9})"
    shapes = (
        (f"([0-9]{{4}}){mark}([0-9]{{1,2}}){mark}([0-9]{{1,2}})", "\\1-\\2-\\3"),
        (f"([0-9]{{1,2}}){mark}([0-9]{{1,2}}){mark}([0-9]{{4}}|[0-9]{{2}})", "\\3-\\2-\\1"),
        ("([12][890][0-9]{2})([0-9]{2})([0-9]{2})", "\\1-\\2-\\3"),
        ("([0-9]{2})([0-9]{2})([12][890][0-9]{2})", "\\3-\\2-\\1"),
        (f"([0-9]{{1,2}})(?:st|nd|rd|th)?[-/. ]*{word}[-/., ]*([0-9]{{4}}|[0-9]{{2}})", "\\3-\\2-\\1"),
        (f"{word}[-/. ]*([0-9]{{1,2}})(?:st|nd|rd|th)?,?{mark}*([0-9]{{4}})", "\\3-\\1-\\2"),
        (f"([0-9]{{4}}){mark}([0-9]{{1,2}})", "\\1-\\2-0"),
        (f"([0-9]{{1,2}}){mark}([0-9]{{4}})", "\\2-\\1-0"),
        ("([0-9]{4})", "\\1-0-0"),
    )
    cases = " ".join(
        f"when regexp_full_match({text}, '{shape}') then regexp_replace({text}, '^{shape}$', '{order}')"
        for shape, order in shapes
    )
    return _digits_of_date(f"(case {cases} end)")


def _digits_of_date(text: str) -> str:
    year, month, day = (f"split_part({text}, '-', {n})" for n in (1, 2, 3))
    number = f"try_cast({year} as integer)"
    full = f"(case when length({year}) = 2 then {number} + (case when {number} < {_CENTURY} then 2000 else 1900 end) else {number} end)"  # noqa: E501
    named = f"coalesce(try_cast({month} as integer), nullif(list_position({_MONTHS}, left({month}, 3)), 0))"
    of_day = f"try_cast({day} as integer)"
    # Where the second number cannot be a month and the third can, they stand the other way round.
    turned = f"{named} > 12 and {of_day} between 1 and 12"
    month_day = (
        f"case when {turned} then printf('%02d%02d', {of_day}, {named}) else printf('%02d%02d', {named}, {of_day}) end"
    )
    whole = f"printf('%04d', {full}) || {month_day}"
    return f"case when {full} between {_FIRST_YEAR} and {_LAST_YEAR} then nullif({whole}, '19000101') end"


def sound(text: str) -> str:
    """Return the SQL of a name's sound: its first letter and the classes of its consonants (American Soundex's).

    Unlike Soundex, all consonants count, not the first three alone.
    """
    coded = f"translate(substr({text}, 2), 'bfpvcgjkqsxzdtlmnraeiouyhw ', '11112222222233455600000000')"
    for digit in "123456":
        coded = f"regexp_replace({coded}, '{digit}+', '{digit}', 'g')"
    return f"left({text}, 1) || replace({coded}, '0', '')"


def _first(text: str) -> str:
    return f"split_part({text}, ' ', 1)"


_CLEANERS: Mapping[FieldKind, Callable[[str], str]] = {
    FieldKind.GIVEN_NAME: _given_name,
    FieldKind.SURNAME: _surname,
    FieldKind.DATE: _date,
    FieldKind.POSTCODE: _postcode,
    FieldKind.ADDRESS: _address,
    FieldKind.SEX: _sex,
    FieldKind.ID: _identifier,
    FieldKind.TEXT: _text,
}
_VALID_DAY = "try_strptime({c}, '%Y%m%d') is not null"
_UK = "'^[A-Z]{{1,2}}[0-9][A-Z0-9]?[0-9][A-Z]{{2}}$'"
_PARTS: Mapping[FieldKind, tuple[Part, ...]] = {
    FieldKind.GIVEN_NAME: (
        Part("_first", _first("{c}")),
        Part("_family", families_of(_first("{c}"))),
        Part("_start", "left({c}, 3)", Form.START),
        Part("_sound", sound(_first("{c}")), Form.SOUND),
    ),
    FieldKind.SURNAME: (
        Part("_first", _first("{c}")),
        Part("_last", "split_part({c}, ' ', -1)"),
        Part("_start", "left({c}, 3)", Form.START),
        Part("_sound", sound("{c}"), Form.SOUND),
    ),
    FieldKind.DATE: (
        Part("_day", f"case when {_VALID_DAY} then {{c}} end"),
        Part("_year", "left({c}, 4)", Form.YEAR),
    ),
    FieldKind.POSTCODE: (
        Part(
            "_area",
            f"case when regexp_full_match({{c}}, {_UK}) then left({{c}}, length({{c}}) - 3) "
            "else left({c}, greatest(1, length({c}) // 2)) end",
            Form.AREA,
        ),
    ),
    FieldKind.ADDRESS: (
        Part("_number", "nullif(array_to_string(regexp_extract_all({c}, '[0-9]+[a-z]?\\b'), '/'), '')", Form.NUMBER),
        Part("_street", "nullif(trim(regexp_replace({c}, '\\b[0-9]+[a-z]?\\b ?|\\bflat\\b ?', '', 'g')), '')"),
        Part("_start", "left({c}, 6)", Form.START),
    ),
    FieldKind.SEX: (),
    FieldKind.ID: (Part("_start", "left({c}, 4)", Form.START),),
    FieldKind.TEXT: (
        Part("_start", "left({c}, 3)", Form.START),
        Part("_sound", sound("{c}"), Form.SOUND),
    ),
}
