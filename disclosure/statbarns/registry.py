"""Which statbarn judges which statistic."""

from __future__ import annotations

from collections.abc import Mapping

from saferoom.disclosure.queries.model import Statistic
from saferoom.disclosure.statbarns.box import Box
from saferoom.disclosure.statbarns.case import Statbarn
from saferoom.disclosure.statbarns.concentration import Concentration
from saferoom.disclosure.statbarns.correlation import Correlation
from saferoom.disclosure.statbarns.endpoints import Endpoints
from saferoom.disclosure.statbarns.frequencies import Frequencies
from saferoom.disclosure.statbarns.gini import Gini
from saferoom.disclosure.statbarns.hexbin import Hexbin
from saferoom.disclosure.statbarns.histogram import Histogram
from saferoom.disclosure.statbarns.hypothesis import HypothesisTest
from saferoom.disclosure.statbarns.linear import LinearAggregations
from saferoom.disclosure.statbarns.mobility import Mobility
from saferoom.disclosure.statbarns.mode import Mode
from saferoom.disclosure.statbarns.position import Position
from saferoom.disclosure.statbarns.ratios import Ratios
from saferoom.disclosure.statbarns.regression import Regression
from saferoom.disclosure.statbarns.shape import Shape
from saferoom.disclosure.statbarns.survival import Survival
from saferoom.disclosure.statbarns.transition import Transition

STATBARNS: Mapping[Statistic, Statbarn] = {
    Statistic.FREQUENCY: Frequencies(),
    Statistic.SUM: LinearAggregations(),
    Statistic.MEAN: LinearAggregations(),
    Statistic.RATIO: LinearAggregations(),
    Statistic.STD: Shape(),
    Statistic.VARIANCE: Shape(),
    Statistic.SKEWNESS: Shape(),
    Statistic.KURTOSIS: Shape(),
    Statistic.MEDIAN: Position(),
    Statistic.QUANTILE: Position(),
    Statistic.IQR: Position(),
    Statistic.BOX: Box(),
    Statistic.MIN: Endpoints(),
    Statistic.MAX: Endpoints(),
    Statistic.RANGE: Endpoints(),
    Statistic.MODE: Mode(),
    Statistic.HISTOGRAM: Histogram(),
    Statistic.HEXBIN: Hexbin(),
    Statistic.CONCENTRATION: Concentration(),
    Statistic.GINI: Gini(),
    Statistic.ODDS_RATIO: Ratios(),
    Statistic.RISK_RATIO: Ratios(),
    Statistic.RATE_RATIO: Ratios(),
    Statistic.CORRELATION: Correlation(),
    Statistic.COVARIANCE: Correlation(),
    Statistic.TEST: HypothesisTest(),
    Statistic.REGRESSION: Regression(),
    Statistic.SURVIVAL: Survival(),
    Statistic.TRANSITION: Transition(),
    Statistic.MOBILITY: Mobility(),
}
