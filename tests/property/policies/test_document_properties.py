"""Whatever the text, a reader gets plain values or one sentence with the file's name."""

from __future__ import annotations

import json
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from saferoom.errors import BadInputError
from saferoom.policies.document import read_document, read_documents
from saferoom.policies.loader import load_release_route, load_risk_appetite

_plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
_yamlish = st.text(alphabet="ab01 :-?[]{},&*!|>'\"#%@`\n\t.~\u00e9\x00\U0001f600", max_size=60)


@settings(deadline=None)  # machines are shared
@given(_yamlish | st.text(max_size=60))
def test_any_text_reads_as_plain_values_or_is_refused_in_a_sentence(text: str) -> None:
    message = ""
    try:
        for document in read_documents(text, "f.yaml"):
            json.dumps(document.value, allow_nan=False)
    except BadInputError as error:
        message = error.message
    assert not message or message.startswith("f.yaml")


@settings(deadline=None)  # machines are shared
@given(st.dictionaries(st.text(), _plain, max_size=4))
def test_json_reads_back_as_it_was_written(value: dict[str, object]) -> None:
    # ASCII only: JSON's escapes for characters outside are YAML's too, but surrogate pairs are not.
    text = json.dumps(value, ensure_ascii=True)
    if "\\ud" in text:
        return
    assert read_document(text, "f").value == value


@settings(deadline=None)  # machines are shared
@given(st.dictionaries(st.text(max_size=12), _plain, max_size=4) | _plain)
def test_any_json_is_a_policy_or_bad_input(value: object) -> None:
    for load in (load_risk_appetite, load_release_route):
        message = ""
        try:
            load(json.dumps(value), "f")
        except BadInputError as error:
            message = error.message
        assert not message or message.startswith("f")


@settings(deadline=None)  # machines are shared
@given(st.integers(-(10**17), 10**17), st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_numbers_keep_their_value_and_their_kind(whole: int, number: float) -> None:
    value = read_document(f"a: {whole}\nb: {number!r}\n", "f").value
    assert (value["a"], type(value["a"])) == (whole, int)
    assert math.isclose(value["b"], number, rel_tol=0, abs_tol=0)
