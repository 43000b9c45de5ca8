"""Malformed and hostile queries end in a sentence or a verdict; nothing else, and nothing outside is touched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st
from tests.support.statistics_lab import Lab, people

from saferoom.disclosure.checker import Context, check
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.queries.engine import Limits
from saferoom.disclosure.queries.model import Statistic, parse_query, read_query
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError
from saferoom.policies.document import written
from saferoom.policies.models import RiskAppetite

MANY = settings(
    max_examples=500,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
CANARY = "canary-7f3a91"

PIECES = st.sampled_from(
    [
        *("pay", "age", "region", "sex", "person_id", "nowhere", "rowid", '"pay"', '"person_id"', "PERSON_ID", "p.pay"),
        *("1", "0", "-1", "1e308", "1e-400", "'x'", "''", "'it''s'", "null", "true", "*", "''';--"),
        *("+", "-", "*", "/", "//", "%", "**", "||", "=", "<>", "<", "and", "or", "not", "is", "in", "like", "between"),
        *("(", ")", "[", "]", "{", "}", ",", ";", "--", "/*", "*/", "::int", "::varchar", "$1", "?", "@", "\\", "\n"),
        *("case when", "then", "else", "end", "cast(", "try_cast(", "coalesce(", "ln(", "floor(", "abs(", "if("),
        *("select", "from", "where", "union all", "people", "join", "using (person_id)", "group by", "limit 1"),
        *("read_csv('{canary}')", "read_text('{canary}')", "glob('*')", "getenv('HOME')", "'{canary}'"),
        *(
            "; drop table people; --",
            "; copy people to '{canary}'",
            "attach '{canary}'",
            "install httpfs",
            "set threads=1",
        ),
        *(
            "') or ('1'='1",
            "1; select 1",
            "random()",
            "now()",
            "sum(pay)",
            "max(pay) over ()",
            "(select 1)",
            "\x00",
            "é",
            "💥",
        ),
    ]
)
SQL = st.lists(PIECES, max_size=8).map(" ".join) | st.text(max_size=40)
NAMES = st.sampled_from(["region", "sex", "age", "pay", "x", "person_id", "v", "nowhere", ""]) | st.text(max_size=12)
VIEW = st.builds(
    "select {} from {} {}".format,
    SQL,
    st.sampled_from(["people", "people p", "v", "'{canary}'", "read_csv('{canary}')"]),
    SQL,
)
JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


SOUND: list[dict[str, Any]] = [
    {"statistic": "frequency", "by": ["region", "sex"], "margins": True},
    {"statistic": "frequency", "by": ["region"], "protect": {"method": "round"}, "where": "age > 30"},
    {"statistic": "mean", "measure": "pay", "by": ["band"], "derive": {"band": "floor(age / 20)"}},
    {"statistic": "sum", "measure": "pay", "by": ["region"], "protect": {"method": "suppress"}, "weight": "grossing"},
    {"statistic": "std", "measure": "pay + age"},
    {"statistic": "quantile", "measure": "pay", "options": {"quantiles": [0.25, 0.75]}, "by": ["sex"]},
    {"statistic": "ratio", "measure": "pay", "options": {"denominator": "age"}},
    {"statistic": "regression", "options": {"formula": "pay ~ age + C(region)"}},
    {"statistic": "mean", "measure": "pay", "from": "v", "views": {"v": "select person_id, pay, sex from people"}},
]
PARTS: dict[str, st.SearchStrategy[Any]] = {
    "measure": SQL,
    "where": SQL,
    "weight": SQL,
    "by": st.lists(NAMES, max_size=3),
    "derive": st.dictionaries(NAMES, SQL, max_size=2),
    "views": st.dictionaries(NAMES, VIEW | SQL, max_size=2),
    "from": NAMES,
    "margins": st.booleans(),
    "title": st.text(max_size=30),
    "statistic": st.sampled_from([*Statistic, "vibes"]),
    "options": st.fixed_dictionaries(
        {}, optional={"quantiles": st.lists(st.floats(0, 1), max_size=3), "formula": SQL, "denominator": SQL}
    ),
    "protect": st.fixed_dictionaries({"method": st.sampled_from(["none", "round", "suppress", "dp", "x"])}),
    "surprise": JUNK,
}


@st.composite
def queries(draw: st.DrawFn) -> dict[str, Any]:
    """Return a sound query with one or two of its parts replaced by something hostile, or of another kind."""
    query = dict(draw(st.sampled_from(SOUND)))
    for key in draw(st.lists(st.sampled_from(sorted(PARTS)), min_size=1, max_size=2, unique=True)):
        query[key] = draw(st.one_of(PARTS[key], PARTS[key], PARTS[key], JUNK))
    return query


QUERIES = queries()


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    lab = Lab(tmp_path_factory.mktemp("hostile"))
    return Context([lab.source(people(300))], RiskAppetite(), limits=Limits(memory_mib=500, seconds=20, threads=1))


def outcome(document: Any, context: Context) -> Evaluation | str:
    """Return the evaluation, or the sentence of the refusal; anything else is an error of the test."""
    try:
        return check(parse_query(document), context)
    except BadInputError as error:
        return error.message


def planted(value: Any, canary: str) -> Any:
    if isinstance(value, str):
        return value.replace("{canary}", canary)
    if isinstance(value, list):
        return [planted(item, canary) for item in value]
    if isinstance(value, dict):
        return {planted(key, canary): planted(item, canary) for key, item in value.items()}
    return value


@MANY
@given(document=QUERIES)
@example(document={"statistic": "mean", "measure": "pay", "where": "1=1) union select * from read_text('{canary}') --"})
@example(document={"statistic": "frequency", "by": ["region"], "from": "v", "views": {"v": "select * from '{canary}'"}})
@example(document={"statistic": "mean", "measure": "case when region is not null then ln(-pay) end", "margins": True})
@example(document={"statistic": "mean", "measure": "1e308", "by": ["region"]})
def test_hostile_query_ends_in_a_sentence_or_a_verdict(
    document: dict[str, Any], context: Context, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(f"content\n{CANARY}\n")
    before = sorted(path.name for path in tmp_path.iterdir())
    found = outcome(planted(document, str(secret)), context)
    event("refused" if isinstance(found, str) else found.verdict.value)
    text = found if isinstance(found, str) else json.dumps(found.to_json())
    assert CANARY not in text
    assert "Traceback" not in text
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    if isinstance(found, Evaluation):
        assert found.verdict in set(Verdict)
        assert (found.outgoing is None) or found.verdict is not Verdict.FAIL
        assert (
            Evaluation.from_json(json.loads(json.dumps(found.to_json(), allow_nan=False))).document()
            == found.document()
        )
    else:
        assert 0 < len(found) < 2_000


@MANY
@given(text=st.text(max_size=200) | st.binary(max_size=120).map(lambda data: data.decode("latin-1")))
def test_any_text_read_as_a_query_ends_in_a_sentence_or_a_query(text: str) -> None:
    message = "q.yaml"
    try:
        read_query(text, "q.yaml")
    except BadInputError as error:
        message = error.message
    assert message.startswith("q.yaml")


@MANY
@example(document={"statistic": "frequency", "title": "\U0001f4a5 \xe9"})
@example(document={"statistic": "frequency", "title": "1e308"})
@example(document={"statistic": "frequency", "title": "0899"})
@given(document=QUERIES)
def test_query_that_is_accepted_survives_its_own_document(document: dict[str, Any]) -> None:
    try:
        query = parse_query(document)
    except BadInputError:
        return
    assert parse_query(query.document()) == query
    assert read_query(json.dumps(query.document()), "q.json") == query
    assert read_query(written(query.document()), "q.yaml") == query


def test_total_beyond_the_largest_number_is_no_pass(context: Context) -> None:
    found = outcome({"statistic": "mean", "measure": "1e308 + 0 * pay", "by": ["region"]}, context)
    assert isinstance(found, str) or found.verdict is Verdict.FAIL
