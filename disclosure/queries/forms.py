"""The form of every statistic: what a query must and may say for it, in one table.

Vocabulary
----------
expression option
    An option whose text is a column or an SQL expression (or a list of them). It is resolved like the measure, and
    stands after it in `Plan.measures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Statistic(StrEnum):
    """The statistics that can be declared."""

    FREQUENCY = "frequency"
    SUM = "sum"
    MEAN = "mean"
    STD = "std"
    VARIANCE = "variance"
    SKEWNESS = "skewness"
    KURTOSIS = "kurtosis"
    MEDIAN = "median"
    QUANTILE = "quantile"
    IQR = "iqr"
    BOX = "box"
    MIN = "min"
    MAX = "max"
    RANGE = "range"
    MODE = "mode"
    RATIO = "ratio"
    HISTOGRAM = "histogram"
    HEXBIN = "hexbin"
    CONCENTRATION = "concentration"
    GINI = "gini"
    ODDS_RATIO = "odds_ratio"
    RISK_RATIO = "risk_ratio"
    RATE_RATIO = "rate_ratio"
    CORRELATION = "correlation"
    COVARIANCE = "covariance"
    TEST = "test"
    REGRESSION = "regression"
    SURVIVAL = "survival"
    TRANSITION = "transition"
    MOBILITY = "mobility"


class Method(StrEnum):
    """The ways to protect a table that are available."""

    NONE = "none"
    AUTO = "auto"
    """The one of the others that loses least of what passes; see `saferoom.disclosure.remedies.automatic`."""
    SUPPRESS = "suppress"
    ROUND = "round"
    CONTROLLED_ROUNDING = "controlled_rounding"
    RANDOM_ROUNDING = "random_rounding"
    CELL_KEY = "cell_key"
    SIGNIFICANT = "significant"
    DP = "dp"
    """Noise with differential privacy, which is charged to privacy budgets; see `saferoom.disclosure.privacy`."""


PERTURBING = frozenset({Method.CONTROLLED_ROUNDING, Method.RANDOM_ROUNDING, Method.CELL_KEY, Method.SIGNIFICANT})
"""Those that change numbers, with an audit of what the changed numbers tell."""
KEYED = frozenset({Method.RANDOM_ROUNDING, Method.CELL_KEY})
"""Those whose changes are drawn with a secret."""


class Measure(StrEnum):
    """Whether a statistic is computed from a measure."""

    NEEDED = "needed"
    OPTIONAL = "optional"
    NONE = "none"


class UnitsTold(StrEnum):
    """What exact numbers tell of how many are behind them, which every number is compared by with earlier counts."""

    SHOWN = "shown"
    """They are counts, or are shown with the degrees of freedom, or with steps that are counts."""
    WORKED_OUT = "worked_out"
    """Whole numbers can be worked out from twelve digits: a mean of pay in cents is a whole number of cents divided by
    how many there are, and only one division gives all its digits; or the mean of everybody is weighed from the means
    of two groups."""
    WHERE_ALIKE = "where_alike"
    """Nothing but where all values are nearly the same, so that a total is so many times one of them."""
    NOTHING = "nothing"
    """They are values of single units, or what lies between two of these."""


MOST_DIMENSIONS = 6


@dataclass(frozen=True)
class Form:
    """What a query for one statistic looks like.

    Attributes
    ----------
    words : str
        The statistic's name in a title.
    dimensions : pair of int
        Fewest and most dimensions.
    margins : bool
        Whether margins can be asked for.
    needs, may : tuple of str
        Options it cannot do without, and options it takes beside them.
    expressions : tuple of str
        Those among them that are expression options, in their order in `Plan.measures`.
    protect : tuple of Method
        The ways to protect it.
    units : UnitsTold
        What its exact numbers tell of how many are behind them.
    """

    words: str
    measure: Measure = Measure.NEEDED
    dimensions: tuple[int, int] = (0, MOST_DIMENSIONS)
    margins: bool = True
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    protect: tuple[Method, ...] = (Method.NONE, Method.AUTO, Method.SUPPRESS)
    units: UnitsTold = UnitsTold.WORKED_OUT

    @property
    def options(self) -> frozenset[str]:
        """Every option that belongs to the statistic."""
        return frozenset((*self.needs, *self.may))


_ONLY_NONE = (Method.NONE,)
_COUNTS = (
    *(Method.NONE, Method.AUTO, Method.SUPPRESS, Method.ROUND, Method.CONTROLLED_ROUNDING),
    *(Method.RANDOM_ROUNDING, Method.CELL_KEY, Method.SIGNIFICANT, Method.DP),
)
_TOTALS = (Method.NONE, Method.AUTO, Method.SUPPRESS, Method.CELL_KEY, Method.SIGNIFICANT, Method.DP)
_NOISED = (Method.NONE, Method.AUTO, Method.SUPPRESS, Method.DP)

FORMS: Mapping[Statistic, Form] = {
    Statistic.FREQUENCY: Form("Frequency", Measure.NONE, protect=_COUNTS, units=UnitsTold.SHOWN),
    Statistic.SUM: Form("Sum", protect=_TOTALS, units=UnitsTold.WHERE_ALIKE),
    Statistic.MEAN: Form("Mean", protect=_TOTALS),
    Statistic.STD: Form("Standard deviation", protect=_NOISED),
    Statistic.VARIANCE: Form("Variance", protect=_NOISED),
    Statistic.SKEWNESS: Form("Skewness"),
    Statistic.KURTOSIS: Form("Excess kurtosis"),
    Statistic.MEDIAN: Form("Median", protect=_NOISED),
    Statistic.QUANTILE: Form("Quantiles", needs=("quantiles",), protect=_NOISED),
    Statistic.IQR: Form("Interquartile range"),
    Statistic.BOX: Form("Box plot quantiles"),
    Statistic.MIN: Form("Minimum", units=UnitsTold.NOTHING),
    Statistic.MAX: Form("Maximum", units=UnitsTold.NOTHING),
    Statistic.RANGE: Form("Range", units=UnitsTold.NOTHING),
    Statistic.MODE: Form("Mode", units=UnitsTold.NOTHING),
    Statistic.RATIO: Form(
        "Ratio of sums", needs=("denominator",), expressions=("denominator",), units=UnitsTold.WHERE_ALIKE
    ),
    Statistic.HISTOGRAM: Form(
        "Histogram", dimensions=(0, 3), margins=False, may=("bins",), protect=_NOISED, units=UnitsTold.SHOWN
    ),
    Statistic.HEXBIN: Form(
        "Hexagonal bins",
        dimensions=(0, 1),
        margins=False,
        needs=("y",),
        may=("bins",),
        expressions=("y",),
        units=UnitsTold.SHOWN,
    ),
    Statistic.CONCENTRATION: Form("Concentration", may=("top",)),
    Statistic.GINI: Form("Gini coefficient"),
    Statistic.ODDS_RATIO: Form(
        "Odds ratio",
        Measure.NONE,
        margins=False,
        needs=("exposure", "outcome"),
        expressions=("exposure", "outcome"),
        units=UnitsTold.SHOWN,
    ),
    Statistic.RISK_RATIO: Form(
        "Risk ratio",
        Measure.NONE,
        margins=False,
        needs=("exposure", "outcome"),
        expressions=("exposure", "outcome"),
        units=UnitsTold.SHOWN,
    ),
    Statistic.RATE_RATIO: Form(
        "Rate ratio",
        Measure.NONE,
        margins=False,
        needs=("exposure", "outcome", "time"),
        expressions=("exposure", "outcome", "time"),
        units=UnitsTold.SHOWN,
    ),
    Statistic.CORRELATION: Form(
        "Correlation",
        Measure.OPTIONAL,
        dimensions=(0, 3),
        margins=False,
        needs=("columns",),
        may=("method",),
        expressions=("columns",),
    ),
    Statistic.COVARIANCE: Form(
        "Covariance", Measure.OPTIONAL, dimensions=(0, 3), margins=False, needs=("columns",), expressions=("columns",)
    ),
    Statistic.TEST: Form(
        "Hypothesis test",
        Measure.OPTIONAL,
        dimensions=(1, 2),
        margins=False,
        needs=("test",),
        protect=_ONLY_NONE,
        units=UnitsTold.SHOWN,
    ),
    Statistic.REGRESSION: Form(
        "Regression",
        Measure.NONE,
        dimensions=(0, 0),
        margins=False,
        needs=("formula",),
        may=("family", "errors", "cluster", "event"),
        protect=_ONLY_NONE,
        units=UnitsTold.SHOWN,
    ),
    Statistic.SURVIVAL: Form(
        "Survival",
        Measure.NONE,
        dimensions=(0, 3),
        margins=False,
        needs=("time", "event"),
        may=("estimator", "intervals"),
        expressions=("time", "event"),
        units=UnitsTold.SHOWN,
    ),
    Statistic.TRANSITION: Form(
        "Transition matrix",
        Measure.NONE,
        dimensions=(2, 4),
        margins=False,
        protect=(Method.NONE, Method.SUPPRESS, Method.ROUND),
        units=UnitsTold.SHOWN,
    ),
    Statistic.MOBILITY: Form(
        "Rank-rank mobility",
        dimensions=(0, 3),
        margins=False,
        needs=("parent",),
        may=("at",),
        expressions=("parent",),
        protect=_NOISED,
    ),
}
