"""The page of ``saferoom anonymise --report``: the plan, what its steps did, risk and utility before and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from saferoom.hub.records import risk_plots, utility
from saferoom.hub.records.before_after import sensitive_rows
from saferoom.hub.records.page import bullets, figure, number, page, paragraph, section, share, table

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.plans.runner import Anonymised

_MOST_LETTERS = 400


def protection_page(result: Anonymised, name: str) -> str:
    """Return the whole page; `name` is the file's that was protected."""
    return page(f"How {name} was protected", _parts(result))


def _parts(result: Anonymised) -> Iterator[str]:
    document = result.document()
    yield section("In short", *_short(result, document))
    yield section("The plan", *_plan(result, document))
    yield section("Risk", *_risk(result, document))
    yield section("Utility in numbers", utility.facts(result.utility))
    yield from utility.sections(result.utility)
    yield section("What the risk does not say", bullets(_limits(document)))


def _short(result: Anonymised, document: Mapping[str, Any]) -> Iterator[str]:
    before, after = document["risk"]["before"], document["risk"]["after"]
    told = before["expected_reidentifications"]
    said = f"{document['records']:,} records were protected in {len(document['steps'])} steps. "
    if after is None:
        said += "No key variable tells anything any more."
    else:
        left = after["expected_reidentifications"]
        said += (
            f"Of {told:,.4g} records that somebody would be expected to re-identify, {left:,.4g} are left; the largest "
            f"risk of a record was {share(before['max_risk'])} and is {share(after['max_risk'])}."
        )
    yield paragraph(said, "verdict")
    yield paragraph(result.utility.verdict, "verdict")
    if result.said:
        yield bullets(result.said)


def _plan(result: Anonymised, document: Mapping[str, Any]) -> Iterator[str]:
    plan = document["plan"]
    yield paragraph(f"Somebody outside may know: {', '.join(plan['keys'])}. Risk is measured on these.")
    roles = [(role, plan[role]) for role in ("weight", "household") if role in plan]
    said = [f"{role}: {name}" for role, name in roles]
    said += [f"sensitive: {', '.join(plan['sensitive'])}"] if plan.get("sensitive") else []
    said += [f"limit that had to hold: {name} {value}" for name, value in plan.get("limits", {}).items()]
    if said:
        yield bullets(said)
    rows = []
    for step, asked in zip(document["steps"], result.plan.steps, strict=True):
        own = asked.model_dump(mode="json", include=(asked.model_fields_set | {"k"}) - {"method"})
        settings = "; ".join(f"{name.replace('_', ' ')}: {_words(value)}" for name, value in own.items())
        changed = ", ".join(f"{name} {count:,}" for name, count in step["changed"].items())
        rows.append([str(step["step"]), step["method"].replace("_", " "), settings, step["note"], changed or "-"])
    heads = ("step", "method", "settings", "what it did", "values changed")
    yield table("The steps, in order", heads, rows, words=(1, 2, 3, 4))
    if document["draws"]:
        yield paragraph(f"Commitment to the seed of all random numbers (SHA-256): {document['seed_commitment']}")


def _words(value: Any) -> str:
    if isinstance(value, list):
        said = ", ".join(_words(one) for one in value)
    elif isinstance(value, dict):
        said = ", ".join(f"{name}: {_words(one)}" for name, one in value.items())
    elif isinstance(value, bool):
        said = "yes" if value else "no"
    else:
        said = f"{value:,.10g}" if isinstance(value, int | float) else str(value)
    return said if len(said) <= _MOST_LETTERS else said[:_MOST_LETTERS] + "…"


def _risk(result: Anonymised, document: Mapping[str, Any]) -> Iterator[str]:
    before, after = document["risk"]["before"], document["risk"]["after"]
    nothing: dict[str, Any] = {
        **dict.fromkeys(before, 0),
        "below_k": dict.fromkeys(before["below_k"], 0),
        "suda": {"records": 0, "max": 0},
    }
    now: Mapping[str, Any] = nothing if after is None else after
    rows = [
        [_below(int(k)), f"{before['below_k'][k]:,}", f"{now['below_k'].get(k, 0):,}"]
        for k in before["below_k"]
    ]  # fmt: skip
    rows.append(["records expected to be re-identified", *_both(before, now, "expected_reidentifications")])
    if before["household_expected_reidentifications"] is not None:
        rows.append(["the same, by households", *_both(before, now, "household_expected_reidentifications")])
    rows.append(["largest risk of a record", share(before["max_risk"], 2), share(now["max_risk"], 2)])
    if before["max_household_risk"] is not None:
        rows.append(["largest risk of a household", *(share(one["max_household_risk"], 2) for one in (before, now))])
    if result.after is not None and result.after.perturbed is not None:
        linked = result.after.perturbed.linked
        rows.append(["perturbed numbers linked to the right record", "-", share(linked, 2)])
    rows += [list(row) for row in sensitive_rows(before, after)]
    rows.append(["special uniques (SUDA)", *(f"{one['suda']['records']:,}" for one in (before, now))])
    yield table("Risk before and after", ("measure", "before", "after"), rows)
    caption = (
        "Left: the risk of a record, at most so much; small bars at the right are the few who are easily found. "
        "Right: how many records share a key; 1 is unique in the file."
    )
    yield figure(risk_plots.risks(result.before, result.after), caption)
    if result.before.basis == "records":
        yield paragraph(
            "No weight was named, so the file is taken to be the whole population: risks are as high as can be."
        )


def _below(k: int) -> str:
    others = "nobody else" if k == 2 else f"fewer than {k - 1} others"
    return f"records that share their key with {others} (k = {k})"


def _both(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> tuple[str, str]:
    return number(before[name]), number(after[name])


def _limits(document: Mapping[str, Any]) -> Iterator[str]:
    yield (
        "Risk is that of somebody who knows the key variables. Who knows something else of a person (a rare "
        "diagnosis, an exact sum) may find them by it."
    )
    if "sensitive" not in document["plan"]:
        yield "People who share a key may share what is sensitive too; name sensitive columns to have it measured."
    if document["draws"] or any(step["method"] == "microaggregation" for step in document["steps"]):
        yield (
            "Values were perturbed, and counts of keys say nothing about that; saferoom risk --original compares the "
            "files number by number. Never release the same records twice with another seed."
        )
