"""The words of the field that heads and labels are told by; `words` says what they mean together."""

from __future__ import annotations

COUNT = frozenset(
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
NOT_UNITS = frozenset(
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
PERCENT = frozenset(
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
MEAN = frozenset({"mean", "avg", "average", "means", "mu"})
EXTREME = frozenset(
    {"min", "max", "minimum", "maximum", "smallest", "largest", "lowest", "highest", "extreme", "range"}
)
MODE = frozenset({"mode", "modal"})
RECORD = frozenset(
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
STATISTIC = frozenset(
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
SUBJECT = frozenset(
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
TOTAL = frozenset(
    {"total", "totals", "all", "overall", "margin", "margins", "subtotal", "altogether", "everyone", "ttl"}
)
UNIT_WORDS = frozenset(
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
ID_WORDS = frozenset({"id", "ids", "identifier", "number", "no", "num", "ref", "reference", "key", "serial", "uid"})
ALONE = frozenset(
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
