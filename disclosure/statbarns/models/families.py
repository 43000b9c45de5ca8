"""Fits every family of models, on orthonormal columns so that no scale of a column matters.

Standard errors: classical ones come from the observed information (for linear models from the residual variance);
robust ones are White's (linear models: times n / (n - k)), clustered ones have G / (G - 1) (n - 1) / (n - k). Linear
models use Student's t with n - k degrees of freedom (clustered: G - 1), the others the normal distribution. The Cox
model treats ties as Breslow did. These are the choices of statsmodels (`cov_type` nonrobust, HC1, cluster).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from saferoom.disclosure.queries.evidence import Counts, Numbers
from saferoom.disclosure.statbarns.least_squares import Basis, solve
from saferoom.errors import BadInputError

MOST_COX_ROWS = 200_000
_CERTAIN = 1e-6


@dataclass(frozen=True)
class Problem:
    """What is fitted.

    Attributes
    ----------
    basis : Basis
        Of the design, without the constant for the Cox model.
    outcome, weights : ndarray of float, shape (rows,)
    event : ndarray of float or None
        For the Cox model.
    clusters : ndarray of int or None
        The cluster of every row.
    """

    family: str
    errors: str
    basis: Basis
    outcome: Numbers
    weights: Numbers
    constant: bool
    event: Numbers | None = None
    clusters: Counts | None = None


@dataclass(frozen=True)
class Fit:
    """A fitted model.

    Attributes
    ----------
    unexplained : float
        Residual over total sum of squares, or deviance; nan where a family has none.
    working : ndarray of float or None
        The weights of the last step of iterated least squares.
    certain : bool
        The model did not come to an end, or predicts somebody's outcome as certain.
    summary : mapping
        Numbers about the whole model.
    """

    estimates: Numbers
    covariance: Numbers
    freedom: float
    unexplained: float
    residuals: Numbers | None
    working: Numbers | None
    certain: bool
    summary: Mapping[str, float]

    def columns(self) -> dict[str, Numbers]:
        """Return what is printed per coefficient: estimate, standard error, statistic, p-value and 95 % interval."""
        # These functions load much faster than the distributions of scipy.stats.
        from scipy import special

        normal = np.isinf(self.freedom)
        freedom = max(self.freedom, 1e-9)
        errors = np.sqrt(np.maximum(np.diag(self.covariance), 0))
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = self.estimates / errors
            tail = special.ndtr(-np.abs(statistic)) if normal else special.stdtr(freedom, -np.abs(statistic))
        reach = (special.ndtri(0.975) if normal else special.stdtrit(freedom, 0.975)) * errors
        return {
            "estimate": self.estimates,
            "std_error": errors,
            "statistic": statistic,
            "p_value": 2 * tail,
            "conf_low": self.estimates - reach,
            "conf_high": self.estimates + reach,
        }


def fit(problem: Problem) -> Fit:
    """Fit the family; `check_outcome` has to be called before."""
    # Before warnings are set: statsmodels sets some of its own when it is first imported.
    if problem.family not in {"ols", "wls"}:
        import statsmodels.duration.hazard_regression
        import statsmodels.genmod.generalized_linear_model  # noqa: F401
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # What these say (separation, no convergence, overflow) is looked at in the result.
        warnings.simplefilter("ignore")
        if problem.family in {"ols", "wls"}:
            return _linear(problem)
        return _cox(problem) if problem.family == "cox" else _generalised(problem)


def check_outcome(family: str, outcome: Numbers, event: Numbers | None) -> None:
    """Raise a `BadInputError` when the outcome is none of the family's."""
    if family in {"logit", "probit"} and not np.isin(outcome, (0.0, 1.0)).all():
        raise BadInputError(f"options.formula: the outcome of a {family} model must be 0 or 1 (or true or false)")
    if family == "poisson" and bool(((outcome < 0) | (outcome != np.floor(outcome))).any()):
        raise BadInputError("options.formula: the outcome of a poisson model must be whole numbers from 0 on")
    if event is not None:
        if not np.isin(event, (0.0, 1.0)).all():
            raise BadInputError("options.event: must be 0 or 1 (or true or false)")
        if bool((outcome < 0).any()):
            raise BadInputError("options.formula: the duration of a cox model must not be negative")
        if len(outcome) > MOST_COX_ROWS:
            raise BadInputError(f"options.family: cox takes at most {MOST_COX_ROWS:,} rows; use a narrower filter")


def _linear(problem: Problem) -> Fit:
    found = solve(problem.basis, problem.outcome, problem.weights)
    rows, width = problem.basis.orthogonal.shape
    freedom = rows - width
    spread = found.residual_squares / freedom if freedom > 0 else np.nan
    scores = problem.basis.orthogonal * (np.sqrt(problem.weights) * found.residuals)[:, None]
    inner = np.eye(width) * spread if problem.errors == "classical" else _sandwich(problem, np.eye(width), scores)
    total = found.total_squares if problem.constant else found.raw_squares
    summary = {"residual degrees of freedom": float(freedom)}
    if total > 0:
        summary["R-squared"] = 1 - found.residual_squares / total
    unexplained = found.residual_squares / found.total_squares if found.total_squares > 0 else np.nan
    return Fit(
        estimates=found.estimates,
        covariance=problem.basis.covariance(inner),
        freedom=_groups(problem) - 1.0 if problem.errors == "clustered" else float(freedom),
        unexplained=unexplained,
        residuals=found.residuals,
        working=None,
        certain=False,
        summary=summary,
    )


def _generalised(problem: Problem) -> Fit:
    from statsmodels.genmod.families import Binomial, Poisson, links
    from statsmodels.genmod.generalized_linear_model import GLM

    rows, width = problem.basis.orthogonal.shape
    # Columns of length root n, so that coefficients are of the order of one.
    columns = problem.basis.orthogonal * np.sqrt(rows) / np.sqrt(problem.weights)[:, None]
    link = links.Probit() if problem.family == "probit" else links.Logit()
    family = Poisson() if problem.family == "poisson" else Binomial(link)
    model = GLM(problem.outcome, columns, family=family, var_weights=problem.weights)
    try:
        result = model.fit(maxiter=100, tol=1e-12, tol_criterion="params")
        params = np.asarray(result.params)
        bread = np.linalg.inv(-model.hessian(params, scale=1.0, observed=True))
        scores = np.asarray(model.score_obs(params, scale=1.0))
        null = _null_deviance(problem, model)
    except (np.linalg.LinAlgError, ValueError, FloatingPointError):
        return _nothing(width)
    inner = bread if problem.errors == "classical" else _sandwich(problem, bread, scores)
    fitted = np.asarray(result.mu)
    if not _finite(params, inner, fitted):
        return _nothing(width)
    certain = not result.converged
    if problem.family != "poisson":
        certain |= bool((np.minimum(fitted, 1 - fitted) < _CERTAIN).any())
    return Fit(
        estimates=problem.basis.back(params) * np.sqrt(rows),
        covariance=problem.basis.covariance(inner) * rows,
        freedom=np.inf,
        unexplained=float(result.deviance) / null if null > 0 else np.nan,
        residuals=None,
        working=_working(model, fitted),
        certain=certain,
        summary={"residual degrees of freedom": float(rows - width), "log-likelihood": float(result.llf)},
    )


def _working(model: Any, fitted: Numbers) -> Numbers:
    family = model.family
    return np.asarray(model.iweights / (family.link.deriv(fitted) ** 2 * family.variance(fitted)))


def _null_deviance(problem: Problem, model: Any) -> float:
    mean = float((problem.weights * problem.outcome).sum() / problem.weights.sum())
    level = np.full(len(problem.outcome), mean)
    return float(model.family.deviance(problem.outcome, level, problem.weights, np.ones(len(level)), 1.0))


def _cox(problem: Problem) -> Fit:
    from statsmodels.duration.hazard_regression import PHReg

    rows, width = problem.basis.orthogonal.shape
    columns = problem.basis.orthogonal * np.sqrt(rows)
    try:
        model = PHReg(problem.outcome, columns, status=problem.event, ties="breslow")
        result = model.fit(disp=False)
        params = np.asarray(result.params)
        bread = np.linalg.inv(-model.hessian(params))
        scores = np.asarray(model.score_residuals(params))
    except (np.linalg.LinAlgError, ValueError, FloatingPointError):
        return _nothing(width)
    inner = bread if problem.errors == "classical" else _sandwich(problem, bread, np.nan_to_num(scores))
    if not _finite(params, inner):
        return _nothing(width)
    converged = bool(np.abs(model.score(params)).max() < 1e-3 * np.sqrt(rows))
    certain = not converged or float(np.abs(columns @ params).max()) > 30
    events = 0.0 if problem.event is None else float(problem.event.sum())
    return Fit(
        estimates=problem.basis.back(params) * np.sqrt(rows),
        covariance=problem.basis.covariance(inner) * rows,
        freedom=np.inf,
        unexplained=np.nan,
        residuals=None,
        working=None,
        certain=certain,
        summary={"events": events, "log-likelihood": float(result.llf)},
    )


def _finite(*values: Numbers) -> bool:
    return all(bool(np.isfinite(found).all()) for found in values)


def _nothing(width: int) -> Fit:
    nothing = np.full(width, np.nan)
    return Fit(nothing, np.full((width, width), np.nan), np.inf, np.nan, None, None, True, {})


def _groups(problem: Problem) -> int:
    return 0 if problem.clusters is None else len(np.unique(problem.clusters))


def _sandwich(problem: Problem, bread: Numbers, scores: Numbers) -> Numbers:
    """Return White's covariance, or that of clusters; `scores` has shape (rows, columns)."""
    rows, width = scores.shape
    correction = rows / max(rows - width, 1) if problem.family in {"ols", "wls"} else 1.0
    if problem.clusters is not None:
        groups = _groups(problem)
        scores = np.column_stack([np.bincount(problem.clusters, column, groups) for column in scores.T])
        correction = groups / max(groups - 1, 1) * (rows - 1) / max(rows - width, 1)
    return np.asarray(bread @ (scores.T @ scores) @ bread * correction)
