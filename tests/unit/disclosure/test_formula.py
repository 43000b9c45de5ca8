"""Model formulas are read by hand."""

from __future__ import annotations

import pytest

from saferoom.disclosure.queries.formula import Formula, parse_formula
from saferoom.errors import BadInputError


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("pay ~ age", Formula("pay", ("age",), (), True)),
        (" pay~age+C( region )+ is_one ", Formula("pay", ("age", "is_one"), ("region",), True)),
        ("pay ~ age - 1", Formula("pay", ("age",), (), False)),
        ("pay ~ 0 + age", Formula("pay", ("age",), (), False)),
        ("pay ~ 1 + age", Formula("pay", ("age",), (), True)),
        ("pay ~ C", Formula("pay", ("C",), (), True)),
        ("pay ~ age + sex + age:sex", Formula("pay", ("age", "sex"), (), True, (("age", "sex"),))),
        ("pay ~ age*sex", Formula("pay", ("age", "sex"), (), True, (("age", "sex"),))),
        ("pay ~ age*C(sex) + age*b", Formula("pay", ("age", "b"), ("sex",), True, (("age", "sex"), ("age", "b")))),
        ("pay ~ C(a) : x", Formula("pay", ("x",), ("a",), True, (("a", "x"),), frozenset())),
    ],
)
def test_formula_is_read(text: str, formula: Formula) -> None:
    assert parse_formula(text) == formula


@pytest.mark.parametrize(
    "text",
    [
        *("", "pay", "pay ~", "~ age", "pay ~ 1", "pay ~ age ~ sex", "pay ~ age +", "pay ~ log(age)", "pay ~ age:"),
        *(
            "pay ~ age:AGE",
            "pay ~ age:sex + sex:age",
            "pay ~ a:b:c:d:e",
            "pay ~ age*sex + C(sex)",
            "pay ~ 1:age",
            "pay ~ age - age:sex",
            "pay ~ *age",
            "pay ~ I(age**2)",
            "pay ~ age - sex",
            "pay ~ __import__('os')",
            "pay ~ C(age",
            "pay + x ~ age",
        ),
        *(
            "pay ~ age + age",
            "pay ~ pay",
            "pay ~ age + C(AGE)",
            "pay ~ 2",
            "pay ~ age; x",
            "pay ~ " + "+".join("a" * 60),
        ),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match=r"options\.formula"):
        parse_formula(text)
