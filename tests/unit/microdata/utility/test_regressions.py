"""Regressions before and after: the estimates are those of statsmodels, and what cannot be fitted is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.support.before_after import noisy, people

from saferoom.disclosure.microdata.utility import Compared, Regression, compare
from saferoom.disclosure.microdata.utility.regressions import Compare
from saferoom.errors import BadInputError

PAY = Regression("pay", ("age", "sex", "education"))
SEX = Regression("sex", ("pay", "age"), "logit")


def fitted(after: pd.DataFrame, asked: Regression, weight: str | None = None, *, paired: bool = True) -> Compare:
    how = Compared(weight=weight, corresponding=paired, regressions=(asked,))
    return compare(people(), after, how).regressions[0]


@pytest.mark.parametrize("weight", [None, "grossing"])
def test_coefficients_are_those_of_statsmodels(weight: str | None) -> None:
    import statsmodels.formula.api as formulas

    frame = people()
    found = fitted(noisy(frame, 0.3), PAY, weight)
    assert found.coefficients is not None
    model = "pay ~ age + C(sex, Treatment('woman')) + C(education, Treatment(2))"
    weights = None if weight is None else frame[weight] / frame[weight].mean()
    fit = formulas.ols(model, frame) if weights is None else formulas.wls(model, frame, weights=weights)
    theirs = fit.fit() if weight is None else fit.fit(cov_type="HC1")
    named = {"age": ("age", ""), "sex": ("sex", "man")}
    place = {term: number for number, term in enumerate(found.terms)}
    assert found.coefficients.before[place[named["age"]]] == pytest.approx(theirs.params["age"])
    assert found.coefficients.error_before[place[named["age"]]] == pytest.approx(theirs.bse["age"])
    sex = [one for one in found.terms if one[0] == "sex"]
    assert abs(found.coefficients.before[place[sex[0]]]) == pytest.approx(abs(theirs.params.filter(like="sex").iloc[0]))


def test_logits_take_two_categories_as_the_outcome() -> None:
    found = fitted(noisy(people(), 0.1), SEX)
    assert found.coefficients is not None
    assert found.coefficients.document()["overlap"] > 0.7


def test_noise_on_an_explaining_column_is_seen_in_the_overlap() -> None:
    little, much = fitted(noisy(people(), 0.02), SEX), fitted(noisy(people(), 3.0), SEX)
    assert little.coefficients is not None
    assert much.coefficients is not None
    assert little.coefficients.document()["overlap"] > 0.9 > much.coefficients.document()["overlap"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: one.drop(columns="age"), "'age' was dropped"),
        (lambda one: one.assign(age=[f"{a - 5 * (i % 2)}-{a}" for i, a in enumerate(one["age"])]), "other categories"),
        (lambda one: one.assign(pay=1.0), "same value in every record"),
        (lambda one: one.assign(age=7), "do not vary any more"),
        (lambda one: one.assign(age=np.nan), "fewer than 10 residual degrees"),
    ],
)
def test_what_cannot_be_fitted_afterwards_has_a_reason(change: object, said: str) -> None:
    after = change(people())  # type: ignore[operator]
    found = fitted(after, Regression("pay", ("age",)))
    assert found.coefficients is None
    assert said in found.reason
    assert found.document()["reason"] == found.reason


def test_an_outcome_that_became_bands_is_no_number_any_more() -> None:
    after = people().assign(pay=lambda one: np.where(one["pay"] > one["pay"].median(), "high", "low"))
    found = fitted(after, PAY)
    assert found.coefficients is None
    assert "'pay' holds other values than before" in found.reason


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Regression("region", ("age",)), "numbers or two categories"),
        (Regression("pay", ("age",), "logit"), "must hold 0 or 1"),
        (Regression("pay", ("age",), "poisson"), "whole numbers"),
        (Regression("pay", ("regoin",)), "regoin"),
    ],
)
def test_a_regression_that_is_wrong_from_the_start_is_refused(asked: Regression, said: str) -> None:
    with pytest.raises(BadInputError, match=said) as caught:
        fitted(people(), asked)
    assert "Northmark" not in caught.value.message


def test_columns_that_repeat_others_are_left_out() -> None:
    frame = people().assign(months=lambda one: one["age"] * 12)
    how = Compared(corresponding=True, regressions=(Regression("pay", ("age", "months", "sex")),))
    (found,) = compare(frame, frame, how).regressions
    assert [term[0] for term in found.terms] == ["age", "sex"]


def test_a_regression_names_every_column_once_and_needs_one() -> None:
    with pytest.raises(BadInputError, match="at least one column"):
        Regression("pay", ())
    with pytest.raises(BadInputError, match="named twice"):
        Regression("pay", ("pay", "age"))
    with pytest.raises(BadInputError, match="is the weight or an id"):
        compare(people(), people(), Compared(weight="grossing", regressions=(Regression("pay", ("grossing",)),)))
