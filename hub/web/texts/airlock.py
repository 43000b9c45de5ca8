"""How the airlock's pages say things: verdicts, states, risks and what was just done, in plain words."""

from __future__ import annotations

from saferoom.disclosure.verdict import Risk, Verdict
from saferoom.hub.web.shell.labels import Label
from saferoom.hub.web.texts.common import Sign
from saferoom.projects.airlock.lists import Order
from saferoom.projects.airlock.model import AuditFinding, Cause, Choice, Lane
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
    State.RETURNED: "Something has to be changed before it is submitted again; the comments say what.",
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
    "submitted": "Your request is submitted. It waits for an output checker.",
    "withdrawn": "Your request is withdrawn. Nothing has left.",
    "claimed": "Others see that you are looking at this request.",
    "unclaimed": "Others see that you are not looking at this request any more.",
    "commented": "Your comment is recorded.",
    "signed": "Your signature is recorded.",
    "not-signed": "The request went back to its author with your comment.",
    "audited": "What you found is recorded.",
    "release-withdrawn": "The release is withdrawn by a signed statement. Everybody who took it is told.",
    "drafted": "Here is your draft. Nobody else sees it.",
    "saved": "Your draft is saved. Nobody else sees it.",
    "added": "Added to your draft.",
    "discarded": "Your draft is discarded.",
    "put-back": "What you had changed is discarded; the request is as you submitted it.",
}
"""What a page says after an action; only these words can be shown, whatever the address bar says."""

PRIVATE = Sign("pass", "✓", "differentially private")
NOISE_INFUSED = Sign("review", "?", "noise-infused, not differentially private")
LANES = {
    Lane.DECLARED: "computed here",
    Lane.PRIVACY: "differentially private",
    Lane.LIFTED: "a file whose numbers were computed again",
    Lane.FILE: "a file",
    Lane.RECORDS: "records protected by the data owner's plan",
}
CHOICES = {
    Choice.APPROVED: "approved",
    Choice.CHANGES_REQUESTED: "changes requested",
    Choice.UNDECIDED: "undecided",
}
CAUSES = {
    Cause.DISCLOSURE_CONTROL: "it may disclose something about people",
    Cause.WRONG_NUMBERS: "its numbers are wrong",
    Cause.DATA_WITHDRAWN: "the data behind it were withdrawn",
    Cause.OTHER: "another reason",
}
FINDINGS = {
    AuditFinding.FINE: "It was right that it left by itself",
    AuditFinding.SHOULD_NOT_HAVE_LEFT: "It should not have left: withdraw it",
}
PARTIES = {
    Party.AUTHOR: "the author",
    Party.CHECKERS: "output checkers",
    Party.OWNERS: "a data owner",
    Party.SYSTEM: "the airlock itself",
}
"""Who acts, without the help that `WAITING_FOR` gives."""
YOU = "you"
"""Who acts, where the author reads it."""
ORDERS = {
    Order.LONGEST_WAITING: "longest waiting first",
    Order.RISKIEST: "riskiest first",
    Order.NEWEST: "newest first",
}
AGES = {"1": "more than an hour", "24": "more than a day", "72": "more than three days"}
"""How long a request waits at least, by hours."""

COMMENT = {
    "round": Label("Submission"),
    "choice": Label("Your vote"),
    "comment": Label("Comment"),
    "advise": Label("Return with these safe variants", "The author can accept them as they stand."),
    "body": Label("Comment"),
    "about": Label("About"),
    "audience": Label("Who reads it"),
    "cause": Label("Why", "This is told to everybody."),
    "explanation": Label("What is wrong", "For those who hold the numbers. Name no number and no person."),
    "finding": Label("What you found"),
}
"""The labels of everything that is done to a request that was submitted."""
AUDIENCES = {
    "own_side": "your own side only",
    "both_sides": "both sides: the author reads it when the output checkers' turn has ended",
}
DRAFT = {
    "version": Label("Version"),
    "project": Label("Project"),
    "title": Label("Title"),
    "groups": Label(
        "Groups",
        "Outputs that belong together make a group. One group needs no name; where there are several, each does.",
    ),
    "groups.number": Label("Number"),
    "groups.name": Label("Name of the group"),
    "groups.context": Label("Context", "What the numbers are and what they are for. Needed when you submit."),
    "groups.controls": Label("Controls", "What was done to protect the people in them. Needed when you submit."),
    "outputs": Label("Outputs and supporting files"),
    "outputs.evaluation": Label("Output"),
    "outputs.group": Label("Group"),
    "outputs.part": Label("What happens to it"),
    "evaluation": Label("What to add"),
    "group": Label("Group"),
    "supporting": Label("It only supports: output checkers see it, and it never leaves"),
}
PARTS = {
    "leaves": "it would leave",
    "supports": "it supports, and stays",
    "out": "take it out",
}
SHORTCUTS = (
    ("?", "show or hide this list"),
    ("j", "next request or output"),
    ("k", "the one before"),
    ("a", "to the button that approves this output"),
    ("x", "to the button that asks for changes to it"),
    ("c", "write a comment on it"),
    ("r", "write the comment for a return to the author"),
    ("q", "back to the queue"),
)
"""Keys of the checking pages. They move the focus and press nothing."""
FRAME_REFUSED = "this part of a page opens inside its own page only; reload that page"

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
