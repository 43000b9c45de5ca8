"""What ``import saferoom`` offers inside a room.

This client is convenience only: nothing in it is trusted. It runs in the researcher's own process, where everything can
be edited. Verdicts, tables and releases are computed and decided on the trusted side; the airlock takes the person and
the project from the server's token and the numbers from its own evaluation, never from here.
"""

from __future__ import annotations

from saferoom.hub.notebook.acro import acro, write_acro
from saferoom.hub.notebook.asking import trial
from saferoom.hub.notebook.builders import (
    crosstab,
    data,
    frequency,
    mean,
    median,
    quantiles,
    query,
    regression,
    std,
    table,
    total,
)
from saferoom.hub.notebook.charts import Chart
from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.extracts import extract, new_ids
from saferoom.hub.notebook.files import File, upload, uploads
from saferoom.hub.notebook.linkage import Corrected, with_correction
from saferoom.hub.notebook.linkage_quality import LinkageQuality, linkage_quality
from saferoom.hub.notebook.measures import measures
from saferoom.hub.notebook.microdata import anonymise, risk, utility
from saferoom.hub.notebook.outbox import outbox
from saferoom.hub.notebook.packages import packages
from saferoom.hub.notebook.preflight import preflight
from saferoom.hub.notebook.privacy import budget, dp
from saferoom.hub.notebook.records import RecordPlan, record_file, record_plans
from saferoom.hub.notebook.results import Result
from saferoom.hub.notebook.rounding import rounded
from saferoom.hub.notebook.statistics import (
    anova,
    box,
    chi_square,
    concentration,
    correlation,
    covariance,
    gini,
    hexbin,
    histogram,
    mobility,
    odds_ratio,
    rate_ratio,
    ratio,
    risk_ratio,
    survival,
    transition,
    ttest,
)
from saferoom.hub.notebook.submissions import release, request, requests

sum = total

__all__ = [
    "Chart",
    "Corrected",
    "File",
    "LinkageQuality",
    "RecordPlan",
    "Result",
    "RoomError",
    "acro",
    "anonymise",
    "anova",
    "box",
    "budget",
    "chi_square",
    "concentration",
    "correlation",
    "covariance",
    "crosstab",
    "data",
    "dp",
    "extract",
    "frequency",
    "gini",
    "hexbin",
    "histogram",
    "linkage_quality",
    "mean",
    "measures",
    "median",
    "mobility",
    "new_ids",
    "odds_ratio",
    "outbox",
    "packages",
    "preflight",
    "quantiles",
    "query",
    "rate_ratio",
    "ratio",
    "record_file",
    "record_plans",
    "regression",
    "release",
    "request",
    "requests",
    "risk",
    "risk_ratio",
    "rounded",
    "std",
    "sum",
    "survival",
    "table",
    "total",
    "transition",
    "trial",
    "ttest",
    "upload",
    "uploads",
    "utility",
    "with_correction",
    "write_acro",
]
