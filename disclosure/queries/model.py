"""The query document: what a researcher declares, checked before anything is looked at.

Vocabulary
----------
measure
    The number a statistic is computed from: a column or an SQL expression.
dimension
    A column, or a name from `derive`, whose categories make the cells of the table.
view
    A single SELECT over datasets and earlier views, recomputed on the trusted side.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator

from saferoom.disclosure.queries.charting import ChartKind, chart_complaint
from saferoom.disclosure.queries.forms import FORMS, Measure, Method, Statistic
from saferoom.disclosure.queries.protecting import Candidates, Keys, Protect, protection_complaints
from saferoom.disclosure.queries.words import MOST_TEXT, NAME, Document, Edge, Name, Text, ViewText
from saferoom.errors import BadInputError
from saferoom.policies.document import read_document

__all__ = [
    "MOST_TEXT",
    "Candidates",
    "Chart",
    "Keys",
    "Method",
    "Options",
    "Protect",
    "Query",
    "Statistic",
    "parse_query",
    "read_query",
]


def _statistic(value: Any) -> Any:
    if isinstance(value, str) and value in set(Statistic):
        return Statistic(value)
    raise ValueError(f"must be one of {', '.join(Statistic)}")


def _chart_kind(value: Any) -> Any:
    if isinstance(value, str) and value in set(ChartKind):
        return ChartKind(value)
    raise ValueError(f"must be one of {', '.join(ChartKind)}")


Fraction = Annotated[float, Field(gt=0, lt=1)]


class Options(Document):
    """Parameters of single statistics; `FORMS` says which belong to which."""

    quantiles: Annotated[tuple[Fraction, ...], Field(min_length=1, max_length=20)] | None = None
    """For quantile: fractions between 0 and 1."""
    denominator: Text | None = None
    """For ratio: the expression whose sum divides the sum of the measure."""
    bins: (
        Annotated[int, Field(ge=2, le=200)] | Annotated[tuple[Edge, ...], Field(min_length=2, max_length=201)] | None
    ) = None
    """For histogram: how many bins, or their edges in rising order; for hexbin: how many hexagons across."""
    y: Text | None = None
    """For hexbin: the expression on the vertical axis; the measure is on the horizontal one."""
    top: Annotated[int, Field(ge=1, le=1_000)] | Fraction | None = None
    """For concentration: the share of the so many largest units (or of this fraction of all units); the
    Herfindahl-Hirschman index when left out."""
    exposure: Text | None = None
    """For odds, risk and rate ratios: who was exposed, a condition or a column with two values."""
    outcome: Text | None = None
    """For odds, risk and rate ratios: to whom it happened, a condition or a column with two values."""
    time: Text | None = None
    """For survival and rate ratios: the time under observation."""
    event: Text | None = None
    """For survival and for the Cox model: whether the event happened at the end of that time."""
    estimator: Literal["kaplan_meier", "nelson_aalen", "life_table"] | None = None
    """For survival: Kaplan-Meier when left out."""
    intervals: Annotated[tuple[Edge, ...], Field(min_length=2, max_length=101)] | None = None
    """For a life table: the bounds of its intervals, in rising order."""
    columns: Annotated[tuple[Text, ...], Field(min_length=1, max_length=20)] | None = None
    """For correlation and covariance: the columns or expressions (beside the measure, where one is given)."""
    method: Literal["pearson", "spearman"] | None = None
    """For correlation: Pearson's when left out."""
    test: Literal["t", "welch", "anova", "chi_square"] | None = None
    """For test: t, welch and anova compare a measure between the categories of one dimension; chi_square tests two
    dimensions for independence."""
    formula: Text | None = None
    """For regression: ``outcome ~ term + term``, with C(column) for categories."""
    family: Literal["ols", "wls", "logit", "probit", "poisson", "cox"] | None = None
    """For regression: the family of the model; ordinary least squares when left out."""
    errors: Literal["classical", "robust", "clustered"] | None = None
    """For regression: how standard errors are computed."""
    cluster: Name | None = None
    """For clustered standard errors: the column whose values are the clusters; it may be a unit's id."""
    parent: Text | None = None
    """For mobility: the parents' measure, ranked as the children's is."""
    at: Annotated[tuple[Fraction, ...], Field(min_length=1, max_length=20)] | None = None
    """For mobility: the parents' ranks at which the expected rank is given; 0.25 when left out."""


_RISING = ("quantiles", "intervals", "at", "bins")


class Chart(Document):
    """A picture of the table, drawn on the trusted side from what leaves and from nothing else."""

    kind: Annotated[ChartKind, BeforeValidator(_chart_kind)]
    value: Text | None = None
    """The table's column that is drawn, where it has several; the first when left out."""
    log: bool = False
    """Whether the numbers' axis (of maps, heat maps and hexagons the colours) is logarithmic."""


class Query(Document):
    """A declared statistic; the fields are those of the document, `from_` is written ``from``."""

    title: Text | None = None
    from_: Annotated[Name | None, Field(alias="from")] = None
    views: Annotated[dict[Name, ViewText], Field(max_length=20)] = Field(default_factory=dict)
    versions: Annotated[dict[Name, Text], Field(max_length=20)] = Field(default_factory=dict)
    """Which version of a dataset is meant; the newest of those that are not named."""
    statistic: Annotated[Statistic, BeforeValidator(_statistic)]
    measure: Text | None = None
    by: Annotated[tuple[Text, ...], Field(max_length=6)] = ()
    where: Text | None = None
    derive: Annotated[dict[Name, Text], Field(max_length=50)] = Field(default_factory=dict)
    weight: Text | None = None
    margins: bool = False
    options: Options = Options()
    protect: Protect = Protect()
    chart: Chart | None = None

    @model_validator(mode="after")
    def _parts_fit(self) -> Query:
        for complaint in _complaints(self):
            raise ValueError(complaint)
        return self

    def document(self) -> dict[str, Any]:
        """Return the query as a document that `parse_query` reads back to an equal query."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _complaints(query: Query) -> list[str]:
    form, found = FORMS[query.statistic], []
    if form.measure is Measure.NONE and query.measure is not None:
        found.append(f"measure: {query.statistic} takes no measure")
    if form.measure is Measure.NEEDED and query.measure is None:
        found.append(f"measure: {query.statistic} needs a measure, a column or an expression")
    if len({name.lower() for name in query.by}) != len(query.by):
        found.append("by: names a dimension twice")
    found += [*_option_complaints(query), *_dimension_complaints(query)]
    if query.margins and not query.by:
        found.append("margins: a table without dimensions has no margins")
    if query.chart is not None:
        unfit = chart_complaint(query.chart.kind, query.statistic, len(query.by))
        found += [] if unfit is None else [unfit]
    return found + protection_complaints(query)


def _option_complaints(query: Query) -> list[str]:
    form, options = FORMS[query.statistic], query.options
    given = {name for name in Options.model_fields if getattr(options, name) is not None}
    found = [f"options.{name}: does not belong to {query.statistic}" for name in sorted(given - form.options)]
    found += [f"options.{name}: {query.statistic} needs it" for name in form.needs if name not in given]
    for name in _RISING:
        values = getattr(options, name)
        if isinstance(values, tuple) and list(values) != sorted(set(values)):
            found.append(f"options.{name}: must rise from one to the next")
    return found + _combined_complaints(query)


def _combined_complaints(query: Query) -> list[str]:
    options, found = query.options, []
    if (options.cluster is not None) != (options.errors == "clustered"):
        found.append("options.cluster: names the clusters of clustered errors; give both or neither")
    if query.statistic is Statistic.REGRESSION and (options.event is not None) != (options.family == "cox"):
        found.append("options.event: the Cox model needs it, and no other family takes it")
    if options.family == "wls" and query.weight is None:
        found.append("weight: wls needs a weight")
    if query.weight is not None and (
        options.family == "cox" or query.statistic is Statistic.TEST or options.method == "spearman"
    ):
        found.append("weight: hypothesis tests, rank correlations and the Cox model take no weight")
    if options.estimator == "life_table" and options.intervals is None:
        found.append("options.intervals: a life table needs the bounds of its intervals")
    if query.statistic is Statistic.HEXBIN and isinstance(options.bins, tuple):
        found.append("options.bins: hexbin takes a number of hexagons, not edges")
    if query.statistic in {Statistic.CORRELATION, Statistic.COVARIANCE}:
        columns = (*(options.columns or ()), *([query.measure] if query.measure else []))
        if len(columns) < 2 or len(set(columns)) != len(columns):
            found.append(f"options.columns: {query.statistic} needs at least two different columns")
    if query.statistic is Statistic.TEST and options.test is not None:
        counted = options.test == "chi_square"
        if counted != (query.measure is None) or len(query.by) != (2 if counted else 1):
            shape = "two dimensions and no measure" if counted else "a measure and one dimension"
            found.append(f"options.test: {options.test} takes {shape}")
    return found


def _dimension_complaints(query: Query) -> list[str]:
    form = FORMS[query.statistic]
    least, most = form.dimensions
    if query.statistic is Statistic.REGRESSION and (query.by or query.margins):
        return ["by: a regression takes no dimensions; put C(column) into the formula"]
    if not least <= len(query.by) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        return [f"by: {query.statistic} takes {wanted} dimensions"]
    if query.margins and not form.margins:
        return [f"margins: {query.statistic} has none"]
    return []


def parse_query(document: Mapping[str, Any]) -> Query:
    """Return the query that `document` declares.

    Raises
    ------
    BadInputError
        Naming the key and the allowed values; texts of the document are not repeated.
    """
    given: Any = document
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        raise BadInputError(f"a query must be a mapping of keys to values; the keys are {', '.join(_keys(Query))}")
    prepared = {key: tuple(v) if isinstance(v, list) else v for key, v in given.items()}
    for name in ("options", "protect"):
        block = prepared.get(name)
        if isinstance(block, Mapping):
            prepared[name] = {key: _with_tuples(value) for key, value in block.items()}
    try:
        return Query.model_validate(prepared)
    except ValidationError as error:
        raise BadInputError("query: " + _sentence(error)) from None
    except RecursionError:
        raise BadInputError("query: is nested too deeply") from None


def _with_tuples(value: Any) -> Any:
    """Return lists as tuples, and those in a mapping as well."""
    if isinstance(value, Mapping):
        return {key: tuple(v) if isinstance(v, list) else v for key, v in value.items()}
    return tuple(value) if isinstance(value, list) else value


def read_query(text: str, where: str) -> Query:
    """Return the query written in `text` (YAML or JSON); `where` names the file in messages."""
    document = read_document(text, where).value
    try:
        return parse_query(document)
    except BadInputError as error:
        raise BadInputError(f"{where}: {error.message}") from None


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


_FORMS: dict[tuple[str, ...], str] = {
    ("protect", "keys"): "must be catalogue, private, or codes per dimension, as {sex: [f, m]}",
    ("protect", "candidates"): "must be {from: 0, to: 100000, step: 1000}, or 2 to 1000 finite numbers that rise",
    ("protect", "bounds"): "must be two finite numbers, the lower one first, as [0, 100000]",
}
"""What the keys with several forms may be; of each form's own complaint nobody could tell which form was meant."""


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    form = _FORMS.get(tuple(str(part) for part in first["loc"][:2]))
    if form is not None:
        return f"{first['loc'][0]}.{first['loc'][1]}: {form}"
    # Which of the types of a number was tried says nothing.
    loc = first["loc"][:-1] if first["loc"] and first["loc"][-1] in {"float", "int"} else first["loc"]
    place = ".".join(_shown(part) for part in loc)
    if first["type"] == "extra_forbidden":
        models: dict[str, type[BaseModel]] = {"options": Options, "protect": Protect, "chart": Chart}
        model = models.get(str(first["loc"][0]), Query) if len(first["loc"]) > 1 else Query
        return f"{place}: no such key; the keys are {', '.join(_keys(model))}"
    message = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    message = message.replace("a valid tuple", "a list").replace("a valid dictionary", "a mapping")
    message = message.replace("a valid string", "text").replace("a valid boolean", "true or false")
    return f"{place}: {message}" if place else message


def _shown(part: int | str) -> str:
    if isinstance(part, int):
        return str(part)
    return part if NAME.fullmatch(part) else "(a key that is not a name)"
