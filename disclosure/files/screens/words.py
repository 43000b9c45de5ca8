"""What the head of a column, or the label of a row, says about the numbers under it.

Only words of the field are known; a head that says nothing known is `Role.UNKNOWN`, never a guess.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache


class Role(StrEnum):
    """What numbers are, as far as their head tells."""

    COUNT = "count"
    PERCENT = "percentage"
    MEAN = "mean"
    EXTREME = "minimum or maximum"
    MODE = "mode"
    RECORD = "value of single records"
    STATISTIC = "statistic"
    SUBJECT = "subject"
    """A quantity that people have (age, income), or a position (year, rank): no count, and no statistic either."""
    TOTAL = "total"
    UNKNOWN = "unknown"


_COUNT = frozenset(
    {
        *("n", "ns", "count", "counts", "cnt", "freq", "freqs", "frequency", "frequencies", "obs", "nobs", "numobs"),
        *(
            "observations",
            "units",
            "persons",
            "people",
            "individuals",
            "patients",
            "respondents",
            "cases",
            "participants",
        ),
        *(
            "households",
            "families",
            "women",
            "men",
            "children",
            "contributors",
            "headcount",
            "deaths",
            "events",
            "nrow",
        ),
        *("subjects", "employees", "firms", "schools", "pupils", "students", "members", "enterprises", "admissions"),
        *("tally", "samplesize", "popn", "valid", "nonmissing", "contributor", "records", "unit"),
    }
)
_NOT_UNITS = frozenset(
    {
        *(
            "groups",
            "iterations",
            "variables",
            "parameters",
            "bins",
            "models",
            "quantiles",
            "clusters",
            "columns",
            "terms",
        ),
        *("levels", "categories", "steps", "iteration", "functions", "evaluations", "tests", "imputations", "folds"),
        *("bootstraps", "replications", "repetitions", "draws", "lags", "knots", "components", "factors", "features"),
        *(
            "instruments",
            "restrictions",
            "periods",
            "waves",
            "years",
            "months",
            "days",
            "hours",
            "weeks",
            "minutes",
            "trees",
        ),
    }
)
_PERCENT = frozenset(
    {
        *(
            "pct",
            "percent",
            "percentage",
            "percentages",
            "perc",
            "prop",
            "proportion",
            "proportions",
            "share",
            "shares",
        ),
        *("prevalence", "fraction", "pc"),
    }
)
_MEAN = frozenset({"mean", "avg", "average", "means", "mu"})
_EXTREME = frozenset(
    {"min", "max", "minimum", "maximum", "smallest", "largest", "lowest", "highest", "extreme", "range"}
)
_MODE = frozenset({"mode", "modal"})
_RECORD = frozenset(
    {
        *(
            "residual",
            "residuals",
            "resid",
            "resids",
            "fitted",
            "fittedvalues",
            "predicted",
            "prediction",
            "predictions",
        ),
        *("yhat", "leverage", "cooksd", "dffits", "dfbeta", "studentized", "linpred"),
    }
)
_STATISTIC = frozenset(
    {
        *("median", "sd", "std", "stdev", "stddev", "deviation", "se", "stderr", "sem", "error", "errors", "var"),
        *(
            "variance",
            "rate",
            "rates",
            "ratio",
            "ratios",
            "odds",
            "or",
            "rr",
            "hr",
            "irr",
            "ci",
            "lower",
            "upper",
            "lcl",
        ),
        *("ucl", "lcb", "ucb", "low", "high", "p", "pvalue", "pval", "prob", "probability", "t", "tstat", "z", "zstat"),
        *(
            "f",
            "fstat",
            "chi",
            "chi2",
            "chisq",
            "stat",
            "statistic",
            "df",
            "dof",
            "ddof",
            "coef",
            "coefs",
            "coefficient",
        ),
        *("coefficients", "beta", "b", "est", "estimate", "estimates", "r2", "rsquared", "adj", "aic", "bic", "loglik"),
        *("quantile", "percentile", "iqr", "gini", "hhi", "kurtosis", "skew", "skewness", "correlation", "corr", "cov"),
        *(
            "covariance",
            "sum",
            "significance",
            "sig",
            "effect",
            "difference",
            "diff",
            "growth",
            "change",
            "index",
            "per",
        ),
        *("q1", "q2", "q3", "p5", "p10", "p25", "p50", "p75", "p90", "p95", "p99", "survival", "hazard", "cumulative"),
        *(
            "density",
            "weight",
            "weights",
            "cv",
            "rmse",
            "mse",
            "mae",
            "auc",
            "accuracy",
            "score",
            "ll",
            "ul",
            "lo",
            "hi",
        ),
        *(
            "slope",
            "intercept",
            "interval",
            "confidence",
            "dominance",
            "elasticity",
            "power",
            "alpha",
            "gamma",
            "sigma",
        ),
        *(
            "test",
            "value",
            "values",
            "normalised",
            "normalized",
            "standardised",
            "standardized",
            "weighted",
            "tau",
            "rho",
        ),
    }
)
AMBIGUOUS = frozenset({"f", "t", "z", "p", "b", "or", "low", "high", "lower", "upper", "value", "values", "index"})
"""Statistics that are categories as well (F and M, low and high)."""
_SUBJECT = frozenset(
    {
        *(
            "age",
            "ages",
            "year",
            "years",
            "yr",
            "month",
            "months",
            "week",
            "weeks",
            "day",
            "days",
            "date",
            "hour",
            "hours",
        ),
        *("minute", "minutes", "time", "duration", "rank", "row", "idx", "id", "code", "bin", "decile", "quintile"),
        *(
            "quartile",
            "tercile",
            "level",
            "model",
            "lag",
            "lags",
            "wave",
            "round",
            "order",
            "step",
            "steps",
            "iteration",
        ),
        *("iterations", "pay", "income", "wage", "salary", "earnings", "price", "cost", "costs", "spend", "revenue"),
        *(
            "expenditure",
            "distance",
            "height",
            "bmi",
            "temperature",
            "length",
            "line",
            "page",
            "question",
            "item",
            "version",
        ),
        *(
            "category",
            "size",
            "band",
            "group",
            "grade",
            "class",
            "term",
            "variable",
            "exports",
            "imports",
            "sales",
            "gbp",
        ),
        *(
            "usd",
            "eur",
            "profit",
            "turnover",
            "gdp",
            "points",
            "marks",
            "edge",
            "start",
            "end",
            "from",
            "to",
            "lag",
            "x",
            "y",
        ),
    }
)
_TOTAL = frozenset(
    {"total", "totals", "all", "overall", "margin", "margins", "subtotal", "altogether", "everyone", "ttl"}
)
_SAYS_N = re.compile(r"\(\s*n\s*\)|\bn\s*\(\s*(?:\\?%|percent|pct)\s*\)", re.IGNORECASE)
_NUMBER_OF = re.compile(r"\b(?:number|no\.?|num|nr\.?|#)\s*(?:of\b)?\s*[._]?\s*([a-z]*)", re.IGNORECASE)
_WORD = re.compile(r"[a-z]+\d*|\d+|%")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def tokens(head: str) -> tuple[str, ...]:
    """Return the words of a head: ``meanPay_2019`` is mean, pay, 2019."""
    spread = _CAMEL.sub(" ", head[:200]).replace("_", " ").lower()
    return tuple(_WORD.findall(spread))


@lru_cache(maxsize=16_384)
def role(head: str) -> Role:
    """Return what the numbers under `head` are.

    >>> [role(head).value for head in ("n", "Number of patients", "mean_count", "n (%)", "df", "Female")]
    ['count', 'count', 'mean', 'count', 'statistic', 'unknown']
    """
    words = tokens(head)
    found = frozenset(words)
    if _SAYS_N.search(head):
        return Role.COUNT
    if found & _RECORD:
        return Role.RECORD
    if "%" in found or found & _PERCENT:
        return Role.PERCENT
    for known, name in ((_MEAN, Role.MEAN), (_EXTREME, Role.EXTREME), (_MODE, Role.MODE)):
        if found & known:
            return name
    if found & _STATISTIC:
        return Role.STATISTIC
    if _counts(head, words):
        return Role.COUNT
    if found & _TOTAL:
        return Role.TOTAL
    return Role.SUBJECT if found & _SUBJECT else Role.UNKNOWN


def _counts(head: str, words: tuple[str, ...]) -> bool:
    if not words or frozenset(words) & _NOT_UNITS:
        return False
    if words in {("size",), ("sample", "size"), ("cell", "size"), ("group", "size"), ("population",)}:
        return True
    numbered = _NUMBER_OF.match(head.strip())
    if numbered and (words[0] in {"number", "num", "nr"} or " of" in head.lower() or head.startswith("#")):
        return len(words) > 1 or words[0] == "number"
    return words[0] in _COUNT or words[-1] in _COUNT


def is_total(label: str) -> bool:
    """Say whether a row's label or a head stands for a total.

    >>> is_total("All"), is_total("Total (UK)"), is_total("Wales")
    (True, True, False)
    """
    return bool(frozenset(tokens(label)) & _TOTAL)


_UNIT_WORDS = frozenset(
    {
        *("person", "patient", "household", "respondent", "participant", "subject", "individual", "pupil", "student"),
        *("child", "employee", "worker", "customer", "client", "member", "user", "firm", "enterprise", "business"),
        *("taxpayer", "citizen", "resident", "claimant", "case", "record", "serial", "nhs", "nino", "ssn"),
        *(
            "passport",
            "hesid",
            "encrypted",
            "pseudo",
            "pseudonym",
            "pupilmatchingref",
            "family",
            "applicant",
            "prisoner",
        ),
        *("unit", "hh", "idno", "respid", "personid", "patientid", "householdid", "userid", "studentid"),
    }
)
_ID_WORDS = frozenset({"id", "ids", "identifier", "number", "no", "num", "ref", "reference", "key", "serial", "uid"})
_ALONE = frozenset(
    {
        *(
            "uuid",
            "guid",
            "uid",
            "pid",
            "hid",
            "hhid",
            "pidp",
            "hidp",
            "caseid",
            "subjid",
            "respid",
            "personid",
            "patid",
        ),
        *(
            "patientid",
            "householdid",
            "userid",
            "studentid",
            "nino",
            "ssn",
            "upn",
            "hesid",
            "idno",
            "idnum",
            "serialno",
        ),
        *("pseudonym", "pseudoid", "mrn", "crn", "uprn", "custid", "empid", "eid", "nhsnumber"),
    }
)


def names_unit(head: str) -> bool:
    """Say whether a head names the ids of statistical units.

    >>> names_unit("person_id"), names_unit("PatientID"), names_unit("region_id"), names_unit("model id")
    (True, True, False, False)
    """
    words = tokens(head)
    if len(words) == 1:
        return words[0] in _ALONE
    found = frozenset(words)
    return bool(words) and bool(found & _UNIT_WORDS and found & _ID_WORDS) and "of" not in found


def names_id(head: str) -> bool:
    """Say whether a head is a bare ``id``."""
    return tokens(head) in {("id",), ("ids",), ("identifier",), ("key",), ("serial",), ("record",), ("case",)}
