"""How the airlock's pages say things: verdicts, states, risks and what was just done, in plain words."""

from __future__ import annotations

from saferoom.disclosure.verdict import Risk, Verdict
from saferoom.hub.web.texts.common import Sign
from saferoom.projects.airlock.states import Party, State

VERDICTS = {
    Verdict.PASS: Sign("pass", "✓", "proven safe"),
    Verdict.REVIEW: Sign("review", "?", "needs a person"),
    Verdict.FAIL: Sign("fail", "✕", "not safe as it is"),
}

STATES = {
    State.DRAFT: Sign("none", "…", "draft"),
    State.SUBMITTED: Sign("wait", "→", "waiting for an output checker"),
    State.PARTLY_REVIEWED: Sign("wait", "→", "partly checked"),
    State.REVIEWED: Sign("wait", "→", "checked, not yet agreed"),
    State.AWAITING_SIGN_OFF: Sign("wait", "→", "waiting for the data owner"),
    State.RETURNED: Sign("review", "↩", "returned to the author"),
    State.APPROVED: Sign("wait", "…", "approved, being released"),
    State.RELEASED: Sign("pass", "✓", "released"),
    State.REJECTED: Sign("fail", "✕", "rejected"),
    State.WITHDRAWN: Sign("none", "–", "withdrawn"),
}

MEANS = {
    State.DRAFT: "It was not submitted yet, so nobody else looks at it.",
    State.SUBMITTED: "An output checker has to look at it. There is nothing for the author to do.",
    State.PARTLY_REVIEWED: "One output checker has looked at every output; another one has to.",
    State.REVIEWED: "The output checkers have voted, but not every output is approved. They decide what happens next.",
    State.AWAITING_SIGN_OFF: "The output checkers approve it. The data owner has to sign what leaves.",
    State.RETURNED: "The author has to change something and submit again; the comments say what.",
    State.APPROVED: "Every output is approved. The bundle is being made and signed.",
    State.RELEASED: "The outputs have left in a signed bundle.",
    State.REJECTED: "An output checker has refused the release. It cannot be submitted again.",
    State.WITHDRAWN: "The author has taken the request back. Nothing has left.",
}

WAITING_FOR = {
    Party.AUTHOR: "the author",
    Party.CHECKERS: "an output checker",
    Party.OWNERS: "the data owner",
    Party.SYSTEM: "the airlock itself; it goes on by itself",
}

NEWS = {
    "voted": "Your vote is recorded.",
    "released": "Released: the signed bundle is ready.",
    "returned": "The request went back to its author with your comment.",
    "rejected": "The request is rejected.",
    "submitted": "Your request is submitted again. It waits for an output checker.",
    "withdrawn": "Your request is withdrawn. Nothing has left.",
}
"""What a page says after an action; only these words can be shown, whatever the address bar says."""

RISKS = {
    Risk.LOW_COUNT: "few people stand behind a cell",
    Risk.CLASS_DISCLOSURE: "a whole group shares a property",
    Risk.DOMINANCE: "one contributor dominates a total",
    Risk.DIFFERENCING: "the difference to something released before shows a few people",
    Risk.LOW_DEGREES_OF_FREEDOM: "a model fits its data too closely",
    Risk.IMPLICIT_TABLE: "another table can be worked out",
    Risk.AUXILIARY_INFORMATION: "knowledge from elsewhere could be added",
    Risk.FREE_TEXT: "words a researcher chose",
    Risk.UNPROVEN: "safety could not be proven",
}
