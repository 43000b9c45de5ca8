"""Deterministic passes: keys so telling that sharing one links two records, where nobody else in a dataset has it."""

# ruff: noqa: S608 - SQL is put together from names of our own and quoted ones
from __future__ import annotations

from saferoom.projects.linkage.blocking import BlockingRule, rule_of
from saferoom.projects.linkage.plan import FieldKind, LinkPlan, LinkType


def passes_of(plan: LinkPlan) -> tuple[BlockingRule, ...]:
    """Return the plan's passes, or those that its fields allow by default, the strictest first."""
    if plan.passes is not None:
        return tuple(rule_of(parts) for parts in plan.passes)

    def first(kind: FieldKind) -> list[str]:
        return list(plan.of_kind(kind)[:1])

    given, surname, date = first(FieldKind.GIVEN_NAME), first(FieldKind.SURNAME), first(FieldKind.DATE)
    place = first(FieldKind.POSTCODE) or first(FieldKind.ADDRESS)
    made = [given + surname + date + place] if given and surname and date and place else []
    for identifier in plan.of_kind(FieldKind.ID):
        # An id alone can be typed wrong, or be somebody else's; with a name or date it is not by chance.
        others = [[identifier, *other] for other in (date, surname, given) if other]
        made += others or [[identifier]]
    return tuple(rule_of(parts) for parts in made)


def label(number: int, rule: BlockingRule) -> str:
    """Return what `match_pass` says of pairs of the pass `number`, counted from 0."""
    return f"key {number + 1}: {rule.label}"


def alone(plan: LinkPlan, keys: str, number: int) -> str:
    """Return the SQL condition on `l` that no other record of a dataset shares the key `number`."""
    if plan.link_type is LinkType.DEDUPE:
        return "true"
    return (
        f"l.k{number} not in (select k{number} from {keys} where k{number} is not null "
        f"group by src, k{number} having count(*) > 1)"
    )
