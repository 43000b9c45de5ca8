"""What pages of privacy budgets say, in English."""

from __future__ import annotations

from saferoom.hub.web.shell.labels import Label
from saferoom.hub.web.texts.common import Sign
from saferoom.projects.ledger.limits import Allows
from saferoom.projects.ledger.model import AccountKind, ChargeState

NEWS = {"limit-set": "The limit is set. It counts from the next release on."}
KINDS = {
    AccountKind.LINEAGE: "Datasets",
    AccountKind.OWNER: "Data owners",
    AccountKind.PROJECT: "Projects",
    AccountKind.APPROVAL: "Datasets in projects",
}
MEANS = {
    AccountKind.LINEAGE: "Everything that was released with noise from this dataset, by all projects, from all its "
    "versions and from data that were linked from it.",
    AccountKind.OWNER: "Everything that was released with noise from the data of this owner.",
    AccountKind.PROJECT: "Everything that this project released with noise.",
    AccountKind.APPROVAL: "What this project released with noise from this dataset, and what its approval allows.",
}
CLOSED = Sign("none", "–", "no budget")
UNLIMITED = Sign("none", "–", "no limit of its own")
NEEDS_LIMIT = "Nothing can be released with noise until a limit is set."
USED_UP = "used up"
SPENT = "{share} % spent"
STATES = {
    ChargeState.CHARGED: Sign("wait", "→", "being drawn"),
    ChargeState.COMPUTED: Sign("wait", "→", "drawn, still inside"),
    ChargeState.RELEASED: Sign("pass", "✓", "released"),
    ChargeState.WITHHELD: Sign("none", "–", "withheld"),
    ChargeState.FAILED: Sign("fail", "✕", "failed"),
}
NOTHING_LATELY = "Nothing was spent in the last four weeks."
WEEKLY = "About rho {rho} a week, on average of the last four weeks."
ENDS = "Going on like this, nothing is left on {day}."
ENDED = "Nothing is left."
LASTS = "Going on like this, it lasts more than ten years."
ALLOWS = {
    Allows.UP_TO: "Up to an epsilon and a delta",
    Allows.NOTHING_MORE: "Nothing more than is spent: closed",
    Allows.NO_LIMIT: "No limit of its own: other budgets still count",
}
SAID = {
    Allows.UP_TO: "up to epsilon {epsilon} and delta {delta}",
    Allows.NOTHING_MORE: "nothing more than was spent",
    Allows.NO_LIMIT: "no limit of its own",
}
LABELS = {
    "allows": Label("What may be lost"),
    "epsilon": Label(
        "Epsilon", "The most that all releases together may tell about anybody. 1 is strict, 10 is loose."
    ),
    "delta": Label("Delta", "The chance with which that may fail; far below one in the number of people, as 0.000001."),
    "version": Label("Version"),
}
UNKNOWN = (
    "Of {count} this is not known what they consist of, so the tighter number cannot be told. What the ledger adds up "
    "counts in any case."
)
