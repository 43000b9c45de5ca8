"""Regressions, correlations and tests: groups of few behind a dummy, saturated fits, leverage, equations to solve."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from tests.benchmark import attacks_on_models as on_models
from tests.benchmark import plain
from tests.benchmark.model import Attack, Case, Document
from tests.benchmark.worlds import Data, isle_of, made, people, real, with_isle

REGRESSION, CORRELATION, TEST = "regression", "correlation and covariance", "hypothesis tests"


def cases() -> Iterator[Case]:
    """Yield the family."""
    yield from _small_groups()
    yield from _fits()
    yield from _two_models()
    yield from _matrices()
    yield from _tests()
    yield from _safe()


def regression(formula: str, **more: Any) -> Document:
    """Return a regression; keywords that are no options of it belong to the query."""
    outside: dict[str, Any] = {
        key: more.pop(key) for key in ("where", "weight", "derive", "views", "from") if key in more
    }
    return {"statistic": "regression", "options": {"formula": formula, **more}, **outside}


def _unsafe(barn: str, name: str, data: Data, document: Document, attack: Attack, **more: Any) -> Case:
    return Case(f"{barn}-{name}", barn, False, data, (document,), attack=attack, **more)


def _small_groups() -> Iterator[Case]:
    """A category of few: the intercept and its coefficient add up to their mean."""
    for size in (1, 2, 3, 9):
        frame = with_isle(size)
        others = isle_of(frame)["pay"].tolist()[:-1]
        truth = float(isle_of(frame)["pay"].iloc[-1])
        known = {"terms": [("region", "Isle")], "others": others}
        attack = Attack(on_models.constant_plus_coefficient, truth, known)
        data = made(f"isle-{size}", frame)
        yield _unsafe(REGRESSION, f"category-of-{size}", data, regression("pay ~ C(region)"), attack)
    frame = with_isle(1, job="warden")
    attack = Attack(on_models.constant_plus_coefficient, float(frame["pay"].iloc[-1]), {"terms": [("job", "warden")]})
    yield _unsafe(REGRESSION, "job-of-one", made("warden", frame), regression("pay ~ C(job)"), attack)
    base = people()
    victim = base[base["age"] == 80].iloc[0]
    seen = f"age = 80 and hours = {victim['hours']} and job = '{victim['job']}' and region = '{victim['region']}'"
    asked = regression("pay ~ she", derive={"she": f"case when {seen} then 1 else 0 end"})
    attack = Attack(on_models.constant_plus_coefficient, float(victim["pay"]), {"terms": [("she", None)]})
    yield _unsafe(REGRESSION, "dummy-for-one", made("people", base), asked, attack)
    asked = regression("pay ~ age + she", derive={"she": f"if({seen}, 1, 0)"})
    attack = Attack(
        on_models.predicts_from_a_saturated_fit,
        float(victim["pay"]),
        {"at": [(("age", None), 80), (("she", None), 1)]},
    )
    yield _unsafe(REGRESSION, "dummy-for-one-among-others", made("people", base), asked, attack)
    frame = with_isle(40)
    isle = frame.index[frame["region"] == "Isle"]
    frame.loc[isle, "sex"] = ["F"] * 39 + ["M"]
    at = [(("region", "Isle"), 1), (("sex", "M"), 1), (("region:sex", "Isle:M"), 1)]
    asked = regression("pay ~ C(region) * C(sex)")
    attack = Attack(on_models.predicts_from_any_interaction, float(frame["pay"].iloc[-1]), {"at": at})
    yield _unsafe(REGRESSION, "interaction-of-one", made("interaction", frame), asked, attack)
    wages = real("wage1").frame.assign(one=0)
    wages.loc[wages.index[7], "one"] = 1
    attack = Attack(on_models.constant_plus_coefficient, float(wages["wage"].iloc[7]), {"terms": [("one", None)]})
    yield _unsafe(REGRESSION, "real-dummy-for-one", made("wage-one", wages), regression("wage ~ one"), attack)
    for family in ("logit", "poisson"):
        frame = with_isle(3, smokes=1)
        frame["isle"] = (frame["region"] == "Isle").astype(int)
        shown: plain.Plain | None
        attack = Attack(
            on_models.sees_that_a_coefficient_runs_away, "everybody", {"term": ("isle", None), "least": 8.0}
        )
        shown = plain.logistic(frame, "smokes", "isle")
        if family == "poisson":
            frame.loc[frame["region"] == "Isle", "visits"] = [4, 9, 2]
            known = {"terms": [("isle", None)], "others": [4, 9]}
            attack = Attack(on_models.exponential_of_the_sum, 2, known, tolerance=0.01)
            shown = None
        outcome = "visits" if family == "poisson" else "smokes"
        asked = regression(f"{outcome} ~ isle", family=family)
        yield _unsafe(REGRESSION, f"{family}-of-three", made(f"glm-{family}", frame), asked, attack, plain=shown)


def _fits() -> Iterator[Case]:
    """Fits that reproduce outcomes, and rows that decide their own fitted value."""
    frame = with_isle(0)
    frame["tax"] = frame["pay"] * 0.3 + frame["hours"] * 100.0
    victim = frame.iloc[17]
    at = [(("pay", None), float(victim["pay"])), (("hours", None), float(victim["hours"]))]
    attack = Attack(on_models.predicts_from_a_saturated_fit, float(victim["tax"]), {"at": at}, tolerance=1e-5)
    yield _unsafe(REGRESSION, "exact-fit", made("tax", frame), regression("tax ~ pay + hours"), attack)
    frame = with_isle(0).iloc[:12]
    victim = frame.iloc[3]
    frame = frame.assign(**{f"x{i}": np.eye(12)[:, i] for i in range(11)})
    asked = regression("pay ~ " + " + ".join(f"x{i}" for i in range(11)))
    attack = Attack(
        on_models.constant_plus_coefficient, float(victim["pay"]), {"terms": [("x3", None)]}, tolerance=1e-5
    )
    shown = plain.least_squares(frame, "pay", [f"x{i}" for i in range(11)])
    yield _unsafe(REGRESSION, "as-many-parameters-as-people", made("saturated", frame), asked, attack, plain=shown)
    frame = with_isle(0)
    frame.loc[frame.index[-1], ["hours", "pay"]] = [50_000_000.0, 777_777.0]
    at = [(("hours", None), 50_000_000.0)]
    attack = Attack(on_models.predicts_from_a_saturated_fit, 777_777.0, {"at": at}, tolerance=0.05)
    yield _unsafe(REGRESSION, "leverage-of-one", made("leverage", frame), regression("pay ~ hours"), attack)
    frame = with_isle(0)
    weights = np.full(len(frame), 0.001)
    weights[-1] = 1e7
    frame["grossing"] = weights
    at = [(("age", None), float(frame["age"].iloc[-1]))]
    truth = float(frame["pay"].iloc[-1])
    attack = Attack(on_models.predicts_from_a_saturated_fit, truth, {"at": at}, tolerance=0.02)
    asked = regression("pay ~ age", family="wls", weight="grossing")
    yield _unsafe(REGRESSION, "weight-of-one", made("weight-one", frame), asked, attack)
    few = with_isle(0).iloc[:8]
    others, x = few["pay"].tolist()[:-1], few["hours"].tolist()
    known = {"others": others, "x": x, "term": ("hours", None)}
    attack = Attack(on_models.last_of_a_regression, float(few["pay"].iloc[-1]), known, tolerance=1e-4)
    yield _unsafe(REGRESSION, "of-eight-people", made("eight", few), regression("pay ~ hours"), attack)


def _two_models() -> Iterator[Case]:
    """The same model with and without one person: the estimates' difference tells the outcome."""
    base = people()
    victim = base[base["age"] == 80].iloc[0]
    seen = f"age = 80 and hours = {victim['hours']} and job = '{victim['job']}' and region = '{victim['region']}'"
    x = (base["sex"] == "M").astype(float)
    base = base.assign(man=x)
    data = made("people-man", base)
    both = (regression("pay ~ man"), regression("pay ~ man", where=f"not ({seen})"))
    side = base["sex"] == victim["sex"]
    known: dict[str, Any] = {"n": int(side.sum()), "x": float(victim["sex"] == "M")}
    attack = Attack(on_models.difference_of_two_fits, float(victim["pay"]), known, tolerance=1e-3)
    yield Case(f"{REGRESSION}-with-and-without-one", REGRESSION, False, data, both, attack=attack)
    both = (
        {"statistic": "mean", "measure": "pay", "by": ["sex"]},
        regression("pay ~ man", where=f"not ({seen})"),
    )
    known = {**known, "cell": (victim["sex"],)}
    attack = Attack(on_models.difference_of_a_mean_and_a_fit, float(victim["pay"]), known, tolerance=1e-3)
    yield Case(f"{REGRESSION}-beside-a-table-of-means", REGRESSION, False, data, both, attack=attack)


def correlation(*columns: str, statistic: str = "correlation", by: tuple[str, ...] = (), **more: Any) -> Document:
    """Return a matrix of correlations or covariances."""
    return {"statistic": statistic, "by": list(by), "options": {"columns": list(columns)}, **more}


def _matrices() -> Iterator[Case]:
    frame = with_isle(0)
    frame["bonus"] = frame["pay"] * 0.1 + 500.0
    known: dict[str, Any] = {
        "pair": ("pay", "bonus"),
        "points": [(float(frame["pay"].iloc[i]), float(frame["bonus"].iloc[i])) for i in (0, 1)],
        "x": float(frame["pay"].iloc[9]),
    }
    attack = Attack(on_models.line_through_two_points, float(frame["bonus"].iloc[9]), known)
    data = made("bonus", frame)
    yield _unsafe(CORRELATION, "of-one", data, correlation("pay", "bonus"), attack)
    asked = correlation("pay", "bonus", statistic="covariance")
    known |= {"variance": float(frame["pay"].var()), "mean": (float(frame["pay"].mean()), float(frame["bonus"].mean()))}
    attack = Attack(on_models.slope_from_a_covariance, float(frame["bonus"].iloc[9]), known, tolerance=1e-4)
    yield _unsafe(CORRELATION, "covariance-of-an-exact-line", data, asked, attack)
    for size in (2, 5, 9):
        frame = with_isle(size)
        isle = isle_of(frame)
        known = {"pair": ("hours", "pay"), "x": isle["hours"].tolist(), "others": isle["pay"].tolist()[:-1]}
        attack = Attack(on_models.last_of_a_covariance, float(isle["pay"].iloc[-1]), known, tolerance=1e-4)
        asked = {**correlation("hours", "pay", statistic="covariance"), "where": "region = 'Isle'"}
        yield _unsafe(CORRELATION, f"covariance-of-{size}", made(f"isle-{size}", frame), asked, attack)
    frame = with_isle(200)
    frame["rare"] = frame["hours"].where(np.arange(len(frame)) < 4)
    few = frame.iloc[:4]
    known = {"pair": ("rare", "pay"), "x": few["rare"].tolist(), "others": few["pay"].tolist()[:-1]}
    attack = Attack(on_models.last_of_a_covariance, float(few["pay"].iloc[-1]), known, tolerance=1e-4)
    asked = correlation("rare", "pay", statistic="covariance")
    yield _unsafe(CORRELATION, "pairwise-complete-four", made("rare", frame), asked, attack)
    frame = with_isle(1)
    frame["isle"] = (frame["region"] == "Isle").astype(float)
    n = len(frame)
    known = {"pair": ("isle", "pay"), "n": n, "mean": float(frame["pay"].mean())}
    attack = Attack(on_models.value_from_a_dummy_covariance, float(frame["pay"].iloc[-1]), known, tolerance=1e-4)
    asked = correlation("isle", "pay", statistic="covariance")
    yield _unsafe(CORRELATION, "dummy-for-one", made("dummy-cov", frame), asked, attack)


def hypothesis(test: str, *by: str, measure: str | None = None, **more: Any) -> Document:
    """Return a hypothesis test."""
    document = {"statistic": "test", "by": list(by), "options": {"test": test}, **more}
    return document if measure is None else {**document, "measure": measure}


def _tests() -> Iterator[Case]:
    for size, sick in ((20, 1), (40, 4), (12, 5)):
        frame = with_isle(size, ill=["yes"] * sick + ["no"] * (size - sick))
        frame["place"] = np.where(frame["region"] == "Isle", "Isle", "mainland")
        other = frame[frame["region"] != "Isle"]
        known = {"exposed": size, "others": len(other), "ill_others": int((other["ill"] == "yes").sum())}
        known["fewer"] = sick < size * known["ill_others"] / known["others"]
        attack = Attack(on_models.count_behind_chi_square, sick, known, tolerance=1e-6)
        data = made(f"chi-{size}-{sick}", frame)
        yield _unsafe(TEST, f"chi-square-with-{sick}-of-{size}", data, hypothesis("chi_square", "place", "ill"), attack)
    for test in ("t", "welch"):
        frame = with_isle(2)
        frame["place"] = np.where(frame["region"] == "Isle", "Isle", "mainland")
        isle = isle_of(frame)["pay"].tolist()
        rest = frame.loc[frame["region"] != "Isle", "pay"]
        solve: dict[str, Any] = {"own": isle[0], "larger": isle[1] > isle[0], "pooled": test == "t", "n": len(rest)}
        solve |= {"mean": float(rest.mean()), "variance": float(rest.var())}
        attack = Attack(on_models.other_of_two_from_a_test, isle[1], solve, tolerance=1e-3)
        asked = hypothesis(test, "place", measure="pay")
        yield _unsafe(TEST, f"{test}-of-two", made(f"{test}-2", frame), asked, attack)


def _safe() -> Iterator[Case]:
    tables: tuple[tuple[str, str, Document], ...] = (
        (REGRESSION, "wage1", regression("lwage ~ educ + exper + tenure + C(sex)")),
        (REGRESSION, "wage1", regression("lwage ~ educ + exper + C(region) + C(sex)", errors="robust")),
        (REGRESSION, "card", regression("lwage ~ educ + exper + C(colour) + C(area)")),
        (REGRESSION, "card", regression("lwage ~ educ + IQ")),
        (REGRESSION, "card", regression("lwage ~ educ + exper", family="wls", weight="weight")),
        (REGRESSION, "twoyear", regression("lwage ~ jc + univ + exper + C(sex)")),
        (REGRESSION, "twoyear", regression("lwage ~ exper + C(region) * C(sex)")),
        (REGRESSION, "gpa2", regression("colgpa ~ sat + hsperc + C(sex)")),
        (REGRESSION, "injury", regression("ldurat ~ C(period) * C(earner)", where="ky = 1")),
        (REGRESSION, "crime1", regression("narr86 ~ pcnv + avgsen + ptime86 + qemp86")),
        (REGRESSION, "crime1", regression("narr86 ~ pcnv + ptime86 + C(origin)", family="poisson")),
        (REGRESSION, "recid", regression("returned ~ age + priors + C(drinks)", family="logit")),
        (REGRESSION, "recid", regression("returned ~ age + tserved + C(uses_drugs)", family="probit")),
        (REGRESSION, "recid", regression("durat ~ age + priors + C(drinks)", family="cox", event="returned")),
        (REGRESSION, "loanapp", regression("approve ~ hrat + obrat + C(origin)", family="logit")),
        (
            REGRESSION,
            "wagepan",
            regression("lwage ~ educ + exper + C(in_union)", errors="clustered", cluster="person_id"),
        ),
        (CORRELATION, "card", correlation("wage", "educ", "IQ")),
        (CORRELATION, "gpa2", correlation("sat", "colgpa", "hsperc")),
        (CORRELATION, "catholic", correlation("read12", "math12", method="spearman")),
        (CORRELATION, "wage1", correlation("lwage", "educ", statistic="covariance")),
        (TEST, "wage1", hypothesis("welch", "sex", measure="wage")),
        (TEST, "twoyear", hypothesis("t", "degree", measure="lwage")),
        (TEST, "wage1", hypothesis("anova", "region", measure="lwage")),
        (TEST, "card", hypothesis("chi_square", "colour", "area")),
        (TEST, "crime1", hypothesis("chi_square", "origin", "arrested")),
    )
    for number, (barn, name, document) in enumerate(tables):
        fixed = dict(document)
        if "method" in fixed:
            fixed["options"] = {**fixed["options"], "method": fixed.pop("method")}
        yield Case(f"{barn}-safe-{number}-{name}", barn, True, real(name), (fixed,))
