"""Utility: what records are still good for after protection, or how near synthetic records are to those they stand for.

Words used throughout:

- *before* and *after*: the records as they were, and the protected or synthetic ones;
- *corresponding*: record i after is record i before; without this, measures that need pairs are left out;
- *information lost*: the share of a column's variance or entropy that the values after do not tell;
- *IL1s*: mean distance of numbers in standard deviations times the root of two;
- *overlap*: how far the confidence intervals of an estimate before and after cover each other;
- *pMSE*: how well a model tells the two tables apart, by propensity scores; its *ratio* is 1 where chance does as well.

A report's document and verdict hold no category and no record's value, and nothing that rests on a few records.
"""

from saferoom.disclosure.microdata.utility.asked import Compared, Regression, regression_of
from saferoom.disclosure.microdata.utility.by_column import ColumnUtility
from saferoom.disclosure.microdata.utility.propensity import Fitted, Propensity, propensity
from saferoom.disclosure.microdata.utility.report import UtilityReport, compare

__all__ = [
    "ColumnUtility",
    "Compared",
    "Fitted",
    "Propensity",
    "Regression",
    "UtilityReport",
    "compare",
    "propensity",
    "regression_of",
]
