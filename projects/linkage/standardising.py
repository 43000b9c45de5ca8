"""Cleaning as SQL: what a column holds, written one way, so that records can be compared and counted by it.

Every kind of field becomes a few *parts*, each a plain column. Part one is the cleaned value; the others are made of
it: a name's sound, a date's year, a postcode's outward part. What says nothing ("not known", 1 January 1900, `999999`)
is missing. Nothing is repaired beyond what the form of the value proves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from saferoom.projects.linkage.plan import FieldKind, Form
from saferoom.projects.linkage.variants import families_of

_TITLES = "mr|mrs|miss|ms|mx|dr|prof|professor|sir|rev|reverend|master|mstr|dame|lady|lord|mme|mlle|herr|frau"
_SUFFIXES = "jr|jnr|junior|sr|snr|senior|esq|obe|mbe|phd"
_NO_NAME = "unknown|not known|not stated|not given|no name|none|null|missing|unnamed|baby|infant|n a"
_NO_TEXT = _NO_NAME + "|na|nan|nk|not applicable|nil"
_LEGAL_FORMS = (
    "limited|ltd|plc|public limited company|llp|limited liability partnership|llc|inc|incorporated|corp|corporation|"
    "company|co|cic|community interest company|cyf|cyfyngedig|gmbh|ag|sa|sarl|bv|nv"
)
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


def stages(kind: FieldKind) -> tuple[str, ...]:
    """Return the steps of cleaning, each the SQL of the next value of ``{c}``, which is text (the first: of any type).

    Steps are columns one after the other, so that what a step needs twice is computed once.
    """
    return ("regexp_replace(cast({c} as varchar), '^([0-9]+)\\.0+$', '\\1')", *_CLEANERS[kind])


def parts(kind: FieldKind) -> tuple[Part, ...]:
    """Return what is made of the cleaned value of a field of `kind`; expressions name it ``{c}``."""
    return _PARTS[kind]


def part_of(kind: FieldKind, form: Form) -> Part:
    """Return the part that is the `form` of a field of `kind`."""
    return next(part for part in (Part("", "{c}", Form.WHOLE), *parts(kind)) if part.form is form)


def _plain() -> str:
    """Small Latin letters without accents, other scripts as they are."""
    text = f"translate({{c}}, '{_SINGLE[0]}', '{_SINGLE[1]}')"
    for letter, written in _DOUBLE.items():
        text = f"replace({text}, '{letter}', '{written}')"
    return f"lower(strip_accents({text}))"


_WORDS = "trim(regexp_replace(regexp_replace({c}, '[''’`´.]', '', 'g'), '[^\\p{{L}}\\p{{N}}]+', ' ', 'g'))"
"""Letters and digits in words with one space between; apostrophes and stops vanish, others end a word."""
_UNTITLED = f"regexp_replace({{c}}, '^(({_TITLES}) )+', '')"


def _known(missing: str) -> str:
    return f"nullif(case when regexp_full_match({{c}}, '{missing}') then '' else {{c}} end, '')"


def _surname() -> tuple[str, ...]:
    without = f"regexp_replace({{c}}, '( ({_SUFFIXES}))+$', '')"
    # The prefix of a name is written with and without a space.
    joined = "regexp_replace({c}, '^(mc|mac|o|fitz|st) ', '\\1')"
    return _plain(), _WORDS, _UNTITLED, without, joined, _known(_NO_NAME)


def _organisation() -> tuple[str, ...]:
    """A business's name without its legal form, which every register writes in another way, or not at all."""
    without = f"regexp_replace({{c}}, '( ({_LEGAL_FORMS}))+$', '')"
    article = "regexp_replace({c}, '^(the )+', '')"
    return _plain(), "regexp_replace({c}, '[&+]', ' and ', 'g')", _WORDS, without, article, _known(_NO_TEXT)


def _sex() -> tuple[str, ...]:
    return (
        "trim(lower({c}))",
        "case when {c} in ('f', 'female', 'woman', 'girl', '2') then 'f' "
        "when {c} in ('m', 'male', 'man', 'boy', '1') then 'm' "
        "when {c} in ('x', 'other', 'non-binary', 'nonbinary', 'intersex', 'i') then 'x' end",
    )


def _identifier() -> tuple[str, ...]:
    nothing = "0+|9{{4,}}|X+|1{{6,}}|NA|NAN|NK|NONE|NULL|UNKNOWN|NOTKNOWN|MISSING|TEMP"
    return "regexp_replace(upper(strip_accents({c})), '[^\\p{{L}}\\p{{N}}]', '', 'g')", _known(nothing)


def _postcode() -> tuple[str, ...]:
    # The inward part is a digit and two letters: O and I typed for 0 and 1, and the other way round, are certain there.
    shape = "^([A-Z][A-Z0-9]{{1,3}})([0-9OI])([A-Z01])([A-Z01])$"
    digit = "translate(left(right({c}, 3), 1), 'OI', '01')"
    letters = "translate(right({c}, 2), '01', 'OI')"
    whole = (
        f"case when regexp_full_match({{c}}, '{shape}') then left({{c}}, length({{c}}) - 3) || {digit} || {letters} "
        "else {c} end"
    )
    nothing = "ZZ99.*|0+|9{{4,}}|NA|NAN|NK|NONE|NULL|UNKNOWN|MISSING|NOTKNOWN"
    return "regexp_replace(upper({c}), '[^A-Z0-9]', '', 'g')", whole, _known(nothing)


def _address() -> tuple[str, ...]:
    street = "regexp_replace({c}, '\\b(st|str)\\.?\\s*(,|$)', 'street,', 'g')"
    text = "{c}"
    for short, written in _STREETS.items():
        text = f"regexp_replace({text}, '\\b{short}\\b', '{written}', 'g')"
    # Most addresses have no short form, and looking for all of them at once is quick.
    written_out = f"case when regexp_matches({{c}}, '\\b({'|'.join(_STREETS)})\\b') then {text} else {{c}} end"
    return _plain(), street, _WORDS, written_out, _known(_NO_ADDRESS)


def _date() -> tuple[str, ...]:
    """``year-month-day`` as digits ``YYYYMMDD``, with 00 for a month or day that is not known; impossible days stay."""
    text = "trim(lower(regexp_replace({c}, '[ tT][0-9]{{1,2}}:[0-9]{{2}}.*$', '')))"
    mark, word, two, four = "[-/. ]", "([a-z]{{3,9}})", "([0-9]{{1,2}})", "([0-9]{{4}})"
    year = "([0-9]{{4}}|[0-9]{{2}})"
    shapes = (
        (f"{four}{mark}{two}{mark}{two}", "\\1-\\2-\\3"),
        (f"{two}{mark}{two}{mark}{year}", "\\3-\\2-\\1"),
        ("([12][890][0-9]{{2}})([0-9]{{2}})([0-9]{{2}})", "\\1-\\2-\\3"),
        ("([0-9]{{2}})([0-9]{{2}})([12][890][0-9]{{2}})", "\\3-\\2-\\1"),
        (f"{two}(?:st|nd|rd|th)?[-/. ]*{word}[-/., ]*{year}", "\\3-\\2-\\1"),
        (f"{word}[-/. ]*{two}(?:st|nd|rd|th)?,?{mark}*{four}", "\\3-\\1-\\2"),
        (f"{four}{mark}{two}", "\\1-\\2-0"),
        (f"{two}{mark}{four}", "\\2-\\1-0"),
        (four, "\\1-0-0"),
    )
    cases = " ".join(
        f"when regexp_full_match({{c}}, '{shape}') then regexp_replace({{c}}, '^{shape}$', '{order}')"
        for shape, order in shapes
    )
    # A list [year, month, day] of numbers; the year's digits count, the month may be a name.
    numbers = (
        "[try_cast(split_part({c}, '-', 1) as integer) + case when length(split_part({c}, '-', 1)) > 2 then 0 "
        f"when try_cast(split_part({{c}}, '-', 1) as integer) < {_CENTURY} then 2000 else 1900 end, "
        f"coalesce(try_cast(split_part({{c}}, '-', 2) as integer), nullif(list_position({_MONTHS}, "
        "left(split_part({c}, '-', 2), 3)), 0)), try_cast(split_part({c}, '-', 3) as integer)]"
    )
    # Where the second number cannot be a month and the third can, they stand the other way round.
    digits = (
        f"case when {{c}}[1] between {_FIRST_YEAR} and {_LAST_YEAR} then nullif(case when {{c}}[2] > 12 and "
        "{c}[3] between 1 and 12 then printf('%04d%02d%02d', {c}[1], {c}[3], {c}[2]) "
        "else printf('%04d%02d%02d', {c}[1], {c}[2], {c}[3]) end, '19000101') end"
    )
    return text, f"case {cases} end", f"case when {{c}} is not null then {numbers} end", digits


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


_CLEANERS: Mapping[FieldKind, tuple[str, ...]] = {
    FieldKind.GIVEN_NAME: (_plain(), _WORDS, _UNTITLED, _known(_NO_NAME)),
    FieldKind.SURNAME: _surname(),
    FieldKind.DATE: _date(),
    FieldKind.POSTCODE: _postcode(),
    FieldKind.ADDRESS: _address(),
    FieldKind.SEX: _sex(),
    FieldKind.ID: _identifier(),
    FieldKind.ORGANISATION: _organisation(),
    FieldKind.TEXT: (_plain(), _WORDS, _known(_NO_TEXT)),
}
_VALID_DAY = "try_strptime({c}, '%Y%m%d') is not null"
_UK = "'^[A-Z]{{1,2}}[0-9][A-Z0-9]?[0-9][A-Z]{{2}}$'"
_PARTS: Mapping[FieldKind, tuple[Part, ...]] = {
    FieldKind.GIVEN_NAME: (
        Part("_first", _first("{c}")),
        Part("_family", families_of(_first("{c}"))),
        Part("_again", "{c}"),
        Part("_start", "left({c}, 3)", Form.START),
        Part("_sound", sound(_first("{c}")), Form.SOUND),
    ),
    FieldKind.SURNAME: (
        Part("_first", _first("{c}")),
        Part("_last", "split_part({c}, ' ', -1)"),
        Part("_again", "{c}"),
        Part("_start", "left({c}, 3)", Form.START),
        Part("_sound", sound("{c}"), Form.SOUND),
    ),
    FieldKind.DATE: (
        Part("_day", f"case when {_VALID_DAY} then {{c}} end"),
        Part("_year", "left({c}, 4)", Form.YEAR),
        Part("_again", "{c}"),
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
    FieldKind.ORGANISATION: (
        Part("_start", "left({c}, 3)", Form.START),
        Part("_sound", sound("{c}"), Form.SOUND),
    ),
    FieldKind.TEXT: (
        Part("_start", "left({c}, 3)", Form.START),
        Part("_sound", sound("{c}"), Form.SOUND),
    ),
}
