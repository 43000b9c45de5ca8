"""The methods that a plan may name: for each, the model of its step and the function that does it.

A function is ``apply(frame, step, random) -> Outcome``; `random` is the step's own generator. A method of another
package becomes a step by one line here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from saferoom.disclosure.microdata.plans import perturbed, perturbing, recoding, to_k
from saferoom.disclosure.microdata.plans.step import Outcome, Step


@dataclass(frozen=True)
class Method:
    """One method."""

    model: type[Step]
    apply: Callable[[Any, Any, Any], Outcome]


METHODS: dict[str, Method] = {
    "drop": Method(recoding.Drop, recoding.drop),
    "recode": Method(recoding.Recode, recoding.recode),
    "top_bottom_code": Method(recoding.TopBottomCode, recoding.top_bottom_code),
    "local_suppression": Method(to_k.LocalSuppression, to_k.local_suppression),
    "generalise": Method(to_k.Generalise, to_k.generalised),
    "mondrian": Method(to_k.Mondrian, to_k.boxed),
    "microaggregation": Method(perturbing.Microaggregate, perturbed.microaggregated),
    "pram": Method(perturbing.Pram, perturbed.randomised_categories),
    "rank_swapping": Method(perturbing.SwapRanks, perturbed.ranks_swapped),
    "record_swapping": Method(perturbing.SwapRecords, perturbed.records_swapped),
    "noise": Method(perturbing.AddNoise, perturbed.with_noise),
    "shuffling": Method(perturbing.Shuffle, perturbed.dealt_anew),
}
