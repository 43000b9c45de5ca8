"""A composite index of areas, and the areas that stand out.

Every indicator becomes a robust z-score, z = 0.6745 (x - median) / MAD with MAD the median absolute deviation, turned
round where less is better; the composite is the mean of an area's z-scores. An area is flagged where the robust z-score
of its composite, or of an indicator, is beyond the threshold. Median and MAD are not moved by the very areas that
are looked for, as mean and standard deviation would be. Where more than half of the areas have one value, MAD is 0 and
the mean absolute deviation stands for it: z = (x - median) / (1.253314 mean AD).

References
----------
Iglewicz, Hoaglin (1993), How to detect and handle outliers, ASQC (0.6745, 3.5 and the mean absolute deviation).
OECD, JRC (2008), Handbook on constructing composite indicators (normalise, then equal weights).
"""

from __future__ import annotations

from saferoom.errors import BadInputError
from saferoom.projects.measures.model import Column, Facts, Input, Kind, Rows, Setting, Settings, Step

_NAME = "area-composite-index"
_NORMAL_MAD = 0.6745
_NORMAL_MEAN_DEVIATION = 1.253314
_LEAST_AREAS = 5


def _listed(settings: Settings, name: str) -> tuple[str, ...]:
    value = settings[name]
    return value if isinstance(value, tuple) else ()


def _spread(value: str, middle: str) -> str:
    """Return the two measures of spread around `middle`; the sum is in order of size, so it is always the same."""
    away = f"abs({value} - {middle})"
    return f"median({away}), sum({away} ORDER BY {away}) / count({value})"


def _find(rows: Rows, settings: Settings) -> Facts:
    names = _listed(settings, "indicators")
    strange = [name for name in _listed(settings, "less_is_better") if name not in names]
    if strange:
        raise BadInputError(
            f"{_NAME}: 'less_is_better' names '{strange[0]}', which is no indicator", field="less_is_better"
        )
    many = range(1, len(names) + 1)
    middles = ", ".join(f"count(x{i}), median(x{i})" for i in many)
    about = rows(f"SELECT {middles} FROM areas")[0]  # noqa: S608
    for name, known in zip(names, about[0::2], strict=True):
        if known < _LEAST_AREAS:
            raise BadInputError(
                f"{_NAME}: fewer than {_LEAST_AREAS} areas have '{name}'; nothing can stand out of them"
            )
    medians = dict(zip(names, about[1::2], strict=True))
    spreads = ", ".join(_spread(f"x{i}", _number(medians[name])) for i, name in enumerate(names, start=1))
    found = rows(f"SELECT {spreads} FROM areas")[0]  # noqa: S608
    scales = {}
    for name, mad, mean in zip(names, found[0::2], found[1::2], strict=True):
        scales[name] = mad / _NORMAL_MAD if mad > 0 else _NORMAL_MEAN_DEVIATION * mean
        if not scales[name] > 0:
            raise BadInputError(f"{_NAME}: the indicator '{name}' is the same in every area; leave it out")
    return {"medians": medians, "scales": scales}


def _number(value: float) -> str:
    return f"CAST({value!r} AS DOUBLE)"


def _write(settings: Settings, facts: Facts) -> str:
    names, turned = _listed(settings, "indicators"), set(_listed(settings, "less_is_better"))
    scores = [
        f"{'-' if name in turned else ''}(x{i} - {_number(facts['medians'][name])}) / {_number(facts['scales'][name])}"
        for i, name in enumerate(names, start=1)
    ]
    composite = f"({' + '.join(f'z{i}' for i in range(1, len(names) + 1))}) / {len(names)}"
    beyond = " + ".join(f"CAST(coalesce(abs(z{i}) > $threshold, false) AS BIGINT)" for i in range(1, len(names) + 1))
    scored = ", ".join(f"{score} AS z{i}" for i, score in enumerate(scores, start=1))
    away = "abs(composite - middle)"
    return f"""
        WITH scored AS (SELECT area, {scored} FROM areas
        ), joined AS (SELECT area, {composite} AS composite, {beyond} AS outlying_indicators FROM scored
        ), centred AS (SELECT *, (SELECT median(composite) FROM joined) AS middle FROM joined
        ), scale AS (
            SELECT median({away}) AS mad, sum({away} ORDER BY {away}) / count(composite) AS mean_deviation FROM centred
        ), judged AS (
            SELECT area, composite, outlying_indicators, (composite - middle) / nullif(CASE WHEN mad > 0
                THEN mad / {_NORMAL_MAD} ELSE {_NORMAL_MEAN_DEVIATION} * mean_deviation END, 0) AS robust_z
            FROM centred, scale
        )
        SELECT area, composite, robust_z, abs(robust_z) > $threshold AS outlier, outlying_indicators FROM judged
    """  # noqa: S608


COMPOSITE = Step(
    name=_NAME,
    version=1,
    title="Composite index of areas, outliers flagged",
    formula="composite(a) = mean over indicators of +-0.6745 (x - median) / MAD; outlier where "
    "|0.6745 (composite - median) / MAD| > threshold.",
    source="Iglewicz, Hoaglin (1993), How to detect and handle outliers; OECD/JRC (2008), composite indicators.",
    cost="Medians of every indicator and its deviations: areas x indicators.",
    inputs=(
        Input("areas", "areas with their indicators", (Column("area", Kind.ID, "the area"),), ("area",), "indicators"),
    ),
    settings=(
        Setting("indicators", tuple, "the indicators", low=1, high=100),
        Setting("less_is_better", tuple, "those of them of which less is better", (), low=0, high=100),
        Setting("threshold", float, "the robust z-score beyond which an area stands out", 3.5, low=0.5, high=100),
    ),
    output=(
        Column("area", Kind.ID, "the area"),
        Column("composite", Kind.NUMBER, "mean of the indicators' scores; missing where an indicator is", missing=True),
        Column("robust_z", Kind.NUMBER, "robust z-score of the composite", missing=True),
        Column("outlier", Kind.BOOLEAN, "whether the composite stands out", missing=True),
        Column("outlying_indicators", Kind.INTEGER, "indicators that stand out"),
    ),
    key=("area",),
    find=_find,
    write=_write,
)
