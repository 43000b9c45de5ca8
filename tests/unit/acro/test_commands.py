"""ACRO commands are read as syntax: what they say becomes a query, and what is not plain becomes none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saferoom.disclosure.acro.commands import MOST_COMMAND, reconstruct
from saferoom.disclosure.queries.model import parse_query

COLUMNS = {"region": True, "sex": True, "age": False, "pay": False, "dead": False, "net pay": False}

READ: list[tuple[str, Any]] = [
    ("acro.crosstab(df.region, df.sex)", {"statistic": "frequency", "by": ["region", "sex"]}),
    (
        't = session.crosstab(index=df["region"], columns=[df.sex, df.age], margins=True, margins_name="All")',
        {"statistic": "frequency", "by": ["region", "sex", "age"], "margins": True},
    ),
    (
        'acro.crosstab(df.region, df.sex, values=df["net pay"], aggfunc="mean", rownames=["r"], show_suppressed=True)',
        {"statistic": "mean", "measure": '"net pay"', "by": ["region", "sex"]},
    ),
    (
        "acro.crosstab(df.region, df.sex, values=df.pay, aggfunc='count')",
        {"statistic": "frequency", "by": ["region", "sex"], "where": "pay IS NOT NULL"},
    ),
    (
        "acro.crosstab(f[f.age >= 30].region, f[f.age >= 30].sex, values=f[f.age >= 30].pay, aggfunc=np.sum)",
        {"statistic": "sum", "measure": "pay", "by": ["region", "sex"], "where": "(age >= 30)"},
    ),
    (
        'acro.crosstab(df[(df.age > 3) & ~(df.sex == "O\'F") | df.pay.isna()].region, '
        'df[(df.age > 3) & ~(df.sex == "O\'F") | df.pay.isna()].sex)',
        {
            "statistic": "frequency",
            "by": ["region", "sex"],
            "where": "(((age > 3) AND (NOT (sex = 'O''F'))) OR (pay IS NULL))",
        },
    ),
    (
        "acro.crosstab(df.age // 10, df.region.isin(['N', 'S']))",
        {
            "statistic": "frequency",
            "by": ["dimension_1", "dimension_2"],
            "derive": {"dimension_1": "floor(age / 10)", "dimension_2": "(region IN ('N', 'S'))"},
        },
    ),
    (
        "acro.crosstab(df.region, df.age.between(-1, 5), values=np.log(df.pay) * 2 ** df.age, aggfunc='sum')",
        {
            "statistic": "sum",
            "measure": "(ln(pay) * power(2, age))",
            "by": ["region", "dimension_1"],
            "derive": {"dimension_1": "(age BETWEEN -1 AND 5)"},
        },
    ),
    (
        "acro.crosstab(df.dead.astype(int), (df.pay.abs() % 2).notnull())",
        {
            "statistic": "frequency",
            "by": ["dimension_1", "dimension_2"],
            "derive": {"dimension_1": "CAST(dead AS BIGINT)", "dimension_2": "((abs(pay) % 2) IS NOT NULL)"},
        },
    ),
    (
        "acro.pivot_table(df, values='pay', index=['region'], columns='sex', aggfunc='std')",
        {"statistic": "std", "measure": "pay", "by": ["region", "sex"]},
    ),
    (
        "acro.pivot_table(df[df.age < 40], 'pay', 'region')",
        {"statistic": "mean", "measure": "pay", "by": ["region"], "where": "(age < 40)"},
    ),
    (
        "acro.olsr('pay ~ sex + age', data=df)",
        {"statistic": "regression", "options": {"formula": "pay ~ C(sex) + age", "family": "ols"}},
    ),
    (
        "acro.logitr(formula='dead ~ age', data=df[df.age > 20])",
        {
            "statistic": "regression",
            "options": {"formula": "dead ~ age", "family": "logit"},
            "where": "(age > 20)",
        },
    ),
    (
        "acro.probit(df.dead, add_constant(df[['age', 'pay']]))",
        {"statistic": "regression", "options": {"formula": "dead ~ age + pay", "family": "probit"}},
    ),
    (
        "acro.ols(df.pay, df.age)",
        {"statistic": "regression", "options": {"formula": "pay ~ age - 1", "family": "ols"}},
    ),
    ("acro.hist(df, 'pay', bins=20)", {"statistic": "histogram", "measure": "pay", "options": {"bins": 20}}),
    (
        "acro.surv_func(df.age, df.dead, output='plot')",
        {"statistic": "survival", "options": {"time": "age", "event": "dead"}},
    ),
]


@pytest.mark.parametrize(("command", "query"), READ)
def test_plain_command_becomes_its_query(command: str, query: dict[str, Any]) -> None:
    assert reconstruct(command, COLUMNS) == (query,)
    parse_query(query)


def test_several_aggregates_become_several_queries() -> None:
    found = reconstruct("acro.pivot_table(df, values=['pay', 'age'], index='sex', aggfunc=['mean', 'std'])", COLUMNS)
    assert [(q["statistic"], q["measure"]) for q in found] == [
        ("mean", "pay"),
        ("mean", "age"),
        ("std", "pay"),
        ("std", "age"),
    ]


UNREAD = [
    "",
    "custom",
    "t = acro.pivot_table(",
    "acro.crosstab(df.region)",
    "acro.crosstab(df.region, df.sex, normalize=True)",
    "acro.crosstab(df.region, df.sex, values=df.pay)",
    "acro.crosstab(df.region, df.sex, aggfunc='mean')",
    "acro.crosstab(df.region, df.sex, values=df.pay, aggfunc=lambda x: x.max())",
    "acro.crosstab(df.region, df.sex, values=df.pay, aggfunc='first')",
    "acro.crosstab(df.region, df.sex, values=df.pay, aggfunc=[])",
    "acro.crosstab(df.region, df.sex, *more)",
    "acro.crosstab(df.region, df.sex, **more)",
    "acro.crosstab(df.region, df.nowhere)",
    "acro.crosstab(df.region, df.sex.map(names))",
    "acro.crosstab(df.region, pd.cut(df.age, 3))",
    "acro.crosstab(df[df.age > 3].region, df.sex)",
    "acro.crosstab(df[df.dead].region, df[df.dead].sex)",
    "acro.crosstab(df[df[df.age > 3].age > 4].region, df[df[df.age > 3].age > 4].sex)",
    "acro.crosstab(df.region, 1 < df.age < 5)",
    "acro.crosstab(df.region, df.age @ df.pay)",
    "acro.crosstab(df.region, +df.age)",
    "acro.crosstab(df.region, df.age.isin(values))",
    "acro.crosstab(df.region, df.age.astype('object'))",
    "acro.crosstab(df.region, df[3])",
    "acro.pivot_table(df, index='region')",
    "acro.pivot_table(df, values='pay', index=[3])",
    "acro.olsr(formula, data=df)",
    "acro.olsr('pay', data=df)",
    "acro.olsr(3, data=df)",
    "acro.ols(df.pay, x)",
    "acro.ols(df[df.age > 3].pay, df.age)",
    "acro.ols(df.pay, f(df.age))",
    "acro.ols(df.pay, df[[3]])",
    "acro.surv_func(df[df.age > 3].age, df.dead)",
    "acro.hist(df, other)",
    "acro.finalise('x', 'json')",
    "crosstab(df.region, df.sex)",
    "import os; os.system('x')",
    "__import__('os').system('touch /tmp/x')",
    "acro.crosstab(df.region, df.sex); print(1)",
    "(" * 500 + ")" * 500,
    "-" * 3_000 + "1",
    "x" * (MOST_COMMAND + 1),
    "acro.crosstab(df.region, df.sex)\0",
]


@pytest.mark.parametrize("command", UNREAD)
def test_anything_that_is_not_plain_becomes_no_query(command: str) -> None:
    assert reconstruct(command, COLUMNS) == ()


def test_command_is_never_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    for code in (f"open({str(mark)!r}, 'w').write('x')", f"acro.crosstab(open({str(mark)!r}, 'w'), df.sex)"):
        assert reconstruct(code, COLUMNS) == ()
    assert not mark.exists()


@given(st.text(max_size=300) | st.text(alphabet="acro.sb(df)[]'\"=,&|~<>0 ", max_size=200))
def test_no_text_raises(command: str) -> None:
    assert isinstance(reconstruct(command, COLUMNS), tuple)
