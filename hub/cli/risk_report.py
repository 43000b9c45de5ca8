"""What ``saferoom risk`` prints for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from saferoom.hub.cli.text import table

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.risk.report import RiskReport

_BASES = {
    "weights": "population frequencies estimated by the weights",
    "population counts": "population frequencies counted",
    "records": "no weights and no population counts: the file is taken to be the population",
}
_MOST_LEVELS = 5


def lines(report: RiskReport) -> Iterator[str]:
    """Yield the report, line by line."""
    document = report.document()
    yield from _keys(document)
    yield ""
    yield from _special(document)
    for part in (_sensitive, _model, _perturbed, _explained):
        said = list(part(document))
        if said:
            yield ""
            yield from said


def _keys(document: dict[str, Any]) -> Iterator[str]:
    records = document["records"]
    yield f"{records:,} records, {document['distinct_keys']:,} different keys ({', '.join(document['keys'])})"
    uniques = document["sample_uniques"]
    yield f"{uniques:,} sample uniques ({uniques / records:.2%})"
    for k, below in document["below_k"].items():
        yield f"{below:,} records share their key with fewer than {int(k) - 1} other{'s' if k != '2' else ''} (k = {k})"
    for one in document["subsets"]:
        below = ", ".join(f"{count:,} below k = {k}" for k, count in one["below_k"].items())
        yield f"on {', '.join(one['keys'])} alone: {below}"
    yield (
        f"{document['expected_reidentifications']:,.6g} expected re-identifications "
        f"({document['global_risk_percent']:.4g} %), highest risk of a record {document['max_risk']:.4g}; "
        f"{_BASES[document['basis']]}"
    )
    if document["household_expected_reidentifications"] is not None:
        yield (
            f"{document['household_expected_reidentifications']:,.6g} when who is found finds the household "
            f"({document['household_global_risk_percent']:.4g} %)"
        )


def _special(document: dict[str, Any]) -> Iterator[str]:
    found = document["suda"]
    yield (
        f"SUDA: {found['records']:,} special uniques, scores add up to {found['sum']:,.6g}, "
        f"highest {found['max']:,.6g}; DIS adds up to {found['dis_sum']:,.6g} (fraction {found['dis_fraction']:g})"
    )
    if found["largest_set"] < len(document["keys"]):
        yield f"Sets of more than {found['largest_set']} variables were not tried (--largest)."
    if not found["records"]:
        return
    shares = sorted(found["contribution_percent"].items(), key=lambda one: -one[1])
    rows = []
    for name, share in shares:
        levels = sorted(found["level_contribution_percent"][name].items(), key=lambda one: -one[1])[:_MOST_LEVELS]
        rows.append([name, f"{share:.2f} %", ", ".join(f"{level} ({part:.1f} %)" for level, part in levels)])
    yield table(["variable", "contributes", "most by"], rows)


def _sensitive(document: dict[str, Any]) -> Iterator[str]:
    found = document["sensitive"]
    if found:
        rows = [
            [name, f"{one['distinct']:,}", f"{one['entropy']:.4g}", f"{one['recursive']:,}", f"{one['closeness']:.4g}",
             f"{one['disclosed']:,}"]
            for name, one in found.items()
        ]  # fmt: skip
        yield table(["sensitive", "least l", "by entropy", "recursive", "largest t", "records all told"], rows)


def _model(document: dict[str, Any]) -> Iterator[str]:
    found = document["model"]
    if found:
        yield f"Model {found['terms']}, sampling fraction {found['sampling_fraction']:.4g}:"
        yield f"  {found['population_uniques']:,.4g} of {found['uniques']:,} sample uniques are population uniques"
        yield f"  {found['expected_matches']:,.4g} right matches of sample uniques"
        low, high = sorted(found["fit"])
        said = "too simple, so the risk is overestimated" if high > 2 else "good"
        said = "too close to chance, so the risk is underestimated" if low < -2 and high <= 2 else said
        yield f"  fit {found['fit'][0]:.2f} and {found['fit'][1]:.2f} ({said})"
        if found["left_out"]:
            yield f"  {found['left_out']:,} records with missing values are left out"


def _perturbed(document: dict[str, Any]) -> Iterator[str]:
    found = document["perturbed"]
    if found:
        yield f"Perturbed numbers of {found['records']:,} records beside the original:"
        for name, said in (
            ("interval", "near enough to give the originals away, by spread"),
            ("rank_interval", "the same by rank"),
            ("outlying", "the same with wider intervals for outliers"),
            ("outlying_alone", "of these nobody else is near"),
            ("outlying_weighted", "weighted by how far out they are"),
            ("linked_by_distance", "linked to the right record by similarity"),
            ("linked_by_rank", "linked by ranks"),
        ):
            yield f"  {found[name]:8.2%}  {said}"
        if found["left_out"]:
            yield f"  {found['left_out']:,} records with missing numbers are left out"


def _explained(document: dict[str, Any]) -> Iterator[str]:
    for one in document["special_uniques"]:
        who = "a record" if one["record"] is None else f"record {one['record']:,}"
        yield f"{who}: {one['sentence']} (score {one['score']:,.6g}, DIS {one['dis']:.4g}, risk {one['risk']:.4g})"
