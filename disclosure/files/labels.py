"""How the categories of a query may be written in a file, and whether each is written in one way throughout."""

from __future__ import annotations

from collections.abc import Sequence

from saferoom.disclosure.files.printing import same_label
from saferoom.disclosure.verdict import Label

_TOTALS = ("Total", "Totals", "total", "all", "Overall", "overall")
_MISSING = ("", "NaN", "nan", "NA", "<NA>", "None", "missing", "(missing)", "Missing")


class Labels:
    """The categories of one dimension, and how they may be written."""

    def __init__(self, name: str, values: Sequence[Label]) -> None:
        self.name = name
        self._written: dict[object, set[object]] = {}
        self.values = tuple(dict.fromkeys(values))
        self._texts: dict[str, Label] = {}
        taken = {value for value in self.values if isinstance(value, str)}
        for value in self.values:
            forms = _MISSING if value is None else _forms(value)
            if isinstance(value, str) and value.startswith("All"):
                forms = (*forms, *(total for total in _TOTALS if total not in taken))
            for form in forms:
                self._texts.setdefault(form, value)

    def read(self, text: str) -> tuple[bool, Label]:
        """Return whether a text is a category, and which."""
        if text in self._texts:
            return True, self._texts[text]
        return next(((True, v) for v in self.values if isinstance(v, float) and same_label(text, v)), (False, None))

    def names(self, head: str) -> bool:
        """Say whether a head is the dimension's name."""
        return is_called(head, self.name)

    def note(self, text: str, value: Label) -> None:
        """Take down how a category is written: numbers all in one way, and each word in one."""
        key: object = value
        ways: set[object] = {text}
        if isinstance(value, (int, float)):
            key, ways = type(value), {i for i, form in enumerate(_number_forms(value)) if form == text}
        self._written[key] = ways & self._written.get(key, ways)

    @property
    def uneven(self) -> bool:
        """Whether no one way of writing explains all that was noted."""
        return not all(self._written.values())


def _number_forms(value: Label) -> tuple[str, ...]:
    if isinstance(value, float):
        return (str(value), f"{value:g}", str(int(value)) if value.is_integer() else "")
    return _forms(value)


def is_called(head: str, name: str) -> bool:
    """Say whether a head is a name, or the name in small or capital letters as a whole."""
    return head in {name, name.lower(), name.upper(), name.capitalize(), name.title()}


def _forms(value: Label) -> tuple[str, ...]:
    if isinstance(value, bool):
        return (str(value), str(value).lower(), str(int(value)))
    if isinstance(value, int):
        return (str(value), f"{value}.0")
    return (str(value),)
