"""Models, matrices and tests give the numbers of statsmodels, pandas and scipy."""

from __future__ import annotations

import random
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.support.statistics_lab import Lab, Row, people

with warnings.catch_warnings():
    # It sets filters of its own, which would undo those of the tests.
    import statsmodels.formula.api as smf
    from statsmodels.genmod.families import Binomial

FITTED = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    rng = random.Random(4)
    found = people(400)
    for row in found:
        row["job"] = int(rng.random() < 0.3 + row["age"] / 200)
        row["kids"] = sum(rng.random() < 0.3 for _ in range(6))
        row["months"] = round(rng.expovariate(0.02 + row["age"] / 4_000), 1)
        row["moved"] = int(rng.random() < 0.7)
        row["pay"] = None if rng.random() < 0.05 else row["pay"]
        row["sex"] = None if rng.random() < 0.03 else row["sex"]
    return found


@pytest.fixture(scope="module")
def frame(rows: list[Row]) -> pd.DataFrame:
    return pd.DataFrame(rows)


def terms(lab: Lab, rows: list[Row], formula: str, weight: str | None = None, **options: Any) -> pd.DataFrame:
    query = {"statistic": "regression", "options": {"formula": formula, **options}}
    table = lab.check(query if weight is None else {**query, "weight": weight}, rows).table
    found = pd.DataFrame(table.rows, columns=list(table.columns))
    return found[found["std_error"].notna()]


def expect(found: pd.DataFrame, result: Any) -> None:
    """Compare the coefficients, in whatever order they stand."""
    wanted = np.column_stack([result.params, result.bse, result.tvalues, result.pvalues, np.asarray(result.conf_int())])
    wanted = wanted[np.argsort(wanted[:, 0])]
    given = found[list(FITTED)].astype(float).sort_values("estimate").to_numpy()
    np.testing.assert_allclose(given, wanted, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    "formula",
    [
        "pay ~ age + C(region) + C(sex)",
        "pay ~ age * C(region)",
        "pay ~ C(sex):C(region) + age",
        "pay ~ 0 + C(region):C(sex)",
        "pay ~ 0 + age:C(region) + kids",
        "pay ~ age * kids",
        "pay ~ C(region) * C(sex) * age",
    ],
)
def test_linear_model_equals_statsmodels(lab: Lab, rows: list[Row], frame: pd.DataFrame, formula: str) -> None:
    found = terms(lab, rows, formula)
    wanted = smf.ols(formula, frame).fit()
    assert len(found) == len(wanted.params)
    expect(found, wanted)


def test_errors_and_weights_equal_statsmodels(lab: Lab, rows: list[Row], frame: pd.DataFrame) -> None:
    complete = frame.dropna(subset=["pay"])
    linear = smf.ols("pay ~ age + kids", complete)
    expect(terms(lab, rows, "pay ~ age + kids", errors="robust"), linear.fit(cov_type="HC1", use_t=True))
    clustered = linear.fit(cov_type="cluster", cov_kwds={"groups": complete["household_id"]}, use_t=True)
    found = terms(lab, rows, "pay ~ age + kids", errors="clustered", cluster="household_id")
    expect(found, clustered)
    weighted = smf.wls("pay ~ age + kids", complete, weights=complete["grossing"]).fit()
    expect(terms(lab, rows, "pay ~ age + kids", "grossing", family="wls"), weighted)


def test_logit_and_probit_equal_statsmodels(lab: Lab, rows: list[Row], frame: pd.DataFrame) -> None:
    formula = "job ~ age + C(region)"
    expect(terms(lab, rows, formula, family="logit"), smf.logit(formula, frame).fit(disp=0))
    expect(terms(lab, rows, formula, family="probit"), smf.probit(formula, frame).fit(disp=0))
    robust = smf.logit(formula, frame).fit(disp=0, cov_type="HC1")
    expect(terms(lab, rows, formula, family="logit", errors="robust"), robust)
    clusters = {"groups": frame["household_id"]}
    clustered = smf.logit(formula, frame).fit(disp=0, cov_type="cluster", cov_kwds=clusters)
    expect(terms(lab, rows, formula, family="logit", errors="clustered", cluster="household_id"), clustered)
    weights = frame["grossing"] / frame["grossing"].mean()
    weighted = smf.glm(formula, frame, family=Binomial(), var_weights=weights).fit(tol=1e-12)
    expect(terms(lab, rows, formula, "grossing", family="logit"), weighted)


def test_poisson_and_cox_equal_statsmodels(lab: Lab, rows: list[Row], frame: pd.DataFrame) -> None:
    expect(
        terms(lab, rows, "kids ~ age + C(region)", family="poisson"),
        smf.poisson("kids ~ age + C(region)", frame).fit(disp=0),
    )
    cox = smf.phreg("months ~ age + C(region)", frame, status=frame["moved"]).fit(disp=0)
    expect(terms(lab, rows, "months ~ age + C(region)", family="cox", event="moved"), cox)


def test_summary_of_a_model_equals_statsmodels(lab: Lab, rows: list[Row], frame: pd.DataFrame) -> None:
    query = {"statistic": "regression", "options": {"formula": "pay ~ age"}}
    table = lab.check(query, rows).table
    told = {row[0]: row[2] for row in table.rows}
    wanted = smf.ols("pay ~ age", frame).fit()
    assert told["(units)"] == wanted.nobs
    assert told["(residual degrees of freedom)"] == wanted.df_resid
    assert told["(R-squared)"] == pytest.approx(wanted.rsquared)
    logit = lab.check({**query, "options": {"formula": "job ~ age", "family": "logit"}}, rows).table
    likelihood = {row[0]: row[2] for row in logit.rows}["(log-likelihood)"]
    assert likelihood == pytest.approx(smf.logit("job ~ age", frame).fit(disp=0).llf)


def square(lab: Lab, rows: list[Row], **query: Any) -> pd.DataFrame:
    table = lab.check(query, rows).table
    found = pd.DataFrame(table.rows, columns=list(table.columns))
    return found.pivot(index="column", columns="with", values=query["statistic"]).astype(float)


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_correlations_equal_pandas(lab: Lab, rows: list[Row], frame: pd.DataFrame, method: str) -> None:
    names = ["pay", "age", "kids"]
    found = square(lab, rows, statistic="correlation", options={"columns": names, "method": method})
    wanted = frame[names].corr(method=method)  # type: ignore[arg-type]
    np.testing.assert_allclose(found.loc[names, names], wanted, rtol=1e-9, atol=1e-12)


def test_covariances_by_stratum_and_weighted_equal_pandas_and_numpy(
    lab: Lab, rows: list[Row], frame: pd.DataFrame
) -> None:
    names = ["age", "kids"]
    northern = [row for row in rows if row["region"] == "N"]
    found = square(lab, northern, statistic="covariance", options={"columns": names})
    wanted = frame[frame["region"] == "N"][names].cov()
    np.testing.assert_allclose(found.loc[names, names], wanted, rtol=1e-9)
    weighted = square(lab, rows, statistic="covariance", options={"columns": names}, weight="grossing")
    numpy = np.cov(frame[names].T, aweights=frame["grossing"], ddof=0) * len(frame) / (len(frame) - 1)
    np.testing.assert_allclose(weighted.loc[names, names], numpy, rtol=1e-9)


def test_correlations_in_strata_are_those_of_the_strata(lab: Lab, rows: list[Row], frame: pd.DataFrame) -> None:
    query = {"statistic": "correlation", "by": ["region"], "options": {"columns": ["pay", "age"]}}
    table = lab.check(query, rows).table
    found = {row[0]: row[3] for row in table.rows if row[1:3] == ("pay", "age")}
    assert found == pytest.approx(
        {region: part["pay"].corr(part["age"]) for region, part in frame.groupby("region")}, rel=1e-9
    )


def test_tests_equal_scipy(lab: Lab, rows: list[Row], frame: pd.DataFrame) -> None:
    def asked(test: str, by: list[str], measure: str | None = None) -> list[Any]:
        query: dict[str, Any] = {"statistic": "test", "by": by, "options": {"test": test}}
        return list(lab.check(query if measure is None else {**query, "measure": measure}, rows).table.rows[0][1:])

    paid = frame.dropna(subset=["pay"])
    women, men = (paid[paid["sex"] == sex]["pay"] for sex in "FM")
    for test, equal in (("t", True), ("welch", False)):
        wanted = stats.ttest_ind(women, men, equal_var=equal)
        assert asked(test, ["sex"], "pay") == pytest.approx([wanted.statistic, wanted.df, wanted.pvalue])
    wanted = stats.f_oneway(*(part["pay"] for _, part in paid.groupby("region")))
    assert asked("anova", ["region"], "pay")[::3] == pytest.approx([wanted.statistic, wanted.pvalue])
    for by in (["sex", "region"], ["sex", "job"]):
        found = stats.chi2_contingency(pd.crosstab(frame[by[0]], frame[by[1]]))
        assert asked("chi_square", by)[:3] == pytest.approx([found.statistic, found.dof, found.pvalue])
    plain = stats.chi2_contingency(pd.crosstab(frame["sex"], frame["job"]), correction=False)
    assert asked("chi_square", ["sex", "job"])[3:5] == pytest.approx([plain.statistic, plain.pvalue])
