"""What the pages about projects say, in English."""

from __future__ import annotations

from saferoom.hub.web.shell.labels import Label
from saferoom.hub.web.texts.common import Sign
from saferoom.projects.life.model import ADMINISTRATORS, AmendmentState, Choice
from saferoom.projects.life.states import State

NEWS = {
    "drafted": "The draft is kept. Nobody else sees it until you submit it.",
    "saved": "The proposal is saved.",
    "submitted": "The proposal is submitted. Its data owners decide now.",
    "withdrawn": "The proposal is withdrawn.",
    "approved": "Your decision is recorded.",
    "declined": "Your decision is recorded, with its reason.",
    "returned": "The proposal went back to its lead with your words.",
    "confirmed": "The project runs. Its extracts are made within a minute.",
    "amended": "The change is made, or asked for where others have to agree.",
    "agreed": "Your decision on the amendment is recorded.",
    "amendment-withdrawn": "The amendment is withdrawn.",
    "revised": "The terms hold from now on. Where they are narrower, the old extract is replaced within a minute.",
    "ended": "The approval has ended. Its extract is withdrawn within a minute.",
    "refreshed": "The change is confirmed. The new extract is made within a minute.",
    "handed-over": "The project has another lead.",
    "paused": "The project pauses. Its rooms end within a minute.",
    "lifted": "Your hold is lifted.",
    "closed": "The project is closed. Its rooms end within a minute; then its workspace is sealed.",
    "sealed": "The workspace is sealed.",
    "deleted": "The sealed workspace is destroyed. The certificate of it is signed.",
}

STATES = {
    State.DRAFT: Sign("none", "…", "draft"),
    State.SUBMITTED: Sign("wait", "→", "waiting for its data owners"),
    State.RETURNED: Sign("review", "↩", "returned for changes"),
    State.DECIDED: Sign("wait", "→", "waiting for an administrator"),
    State.ACTIVE: Sign("pass", "✓", "running"),
    State.PAUSED: Sign("review", "‖", "paused"),
    State.CLOSED: Sign("wait", "…", "closed, being sealed"),
    State.SEALED: Sign("none", "–", "closed and sealed"),
    State.DELETED: Sign("none", "–", "closed, workspace deleted"),
    State.DECLINED: Sign("fail", "✕", "declined"),
    State.WITHDRAWN: Sign("none", "–", "withdrawn"),
}

MEANS = {
    State.DRAFT: "Only its lead sees it. It can be submitted once nothing is missing.",
    State.SUBMITTED: "Each data owner decides about their own dataset. Nothing can be changed meanwhile.",
    State.RETURNED: "Something has to change; the reason says what. Submitted again, it is decided anew by everybody.",
    State.DECIDED: "Every dataset is decided and at least one is approved. An administrator confirms the people.",
    State.ACTIVE: "Its people may open rooms and work with the approved data.",
    State.PAUSED: "Nobody may enter. Data and workspace stay where they are until it is resumed.",
    State.CLOSED: "Approvals have ended and extracts are withdrawn. The workspace is sealed once all rooms have ended.",
    State.SEALED: "The workspace is packed, encrypted and read-only until its retention is over.",
    State.DELETED: "The sealed workspace was destroyed after its retention. What was released stays released.",
    State.DECLINED: "It will not run. Another proposal may be made.",
    State.WITHDRAWN: "Its lead took it back before it ran.",
}

LIFE = (State.DRAFT, State.SUBMITTED, State.DECIDED, State.ACTIVE, State.CLOSED, State.SEALED, State.DELETED)
"""The stations of a life that goes as planned."""
STATIONS = {
    State.DRAFT: "Draft",
    State.SUBMITTED: "Data owners decide",
    State.DECIDED: "People confirmed",
    State.ACTIVE: "Running",
    State.CLOSED: "Closed",
    State.SEALED: "Sealed",
    State.DELETED: "Deleted",
}

CHOICES = {
    Choice.APPROVED: Sign("pass", "✓", "approved"),
    Choice.CHANGES: Sign("review", "↩", "changes asked"),
    Choice.DECLINED: Sign("fail", "✕", "declined"),
}
UNDECIDED = Sign("wait", "→", "not decided yet")
ENDED = Sign("none", "–", "ended")
HELD = Sign("review", "!", "waits for its owner to confirm a change")

AMENDMENTS = {
    AmendmentState.OPEN: Sign("wait", "→", "waiting for data owners"),
    AmendmentState.CONFIRMING: Sign("wait", "→", "waiting for an administrator"),
    AmendmentState.APPLIED: Sign("pass", "✓", "made"),
    AmendmentState.DECLINED: Sign("fail", "✕", "declined"),
    AmendmentState.WITHDRAWN: Sign("none", "–", "withdrawn"),
}

WHO = {ADMINISTRATORS: "an administrator", "the system": "the system itself", "the lead": "its lead"}

_ROWS = "A condition such as age >= 16 and region = 'south'; empty means all rows."
_VERSION = Label("Version")
PROPOSAL = {
    "slug": Label(
        "Short name",
        "Lower-case letters, digits and single hyphens, 30 at most. It names rooms and releases and is never changed.",
    ),
    "title": Label("Title", "The public register shows it once the project runs."),
    "question": Label("What do you want to find out?"),
    "benefit": Label("What does the public gain?"),
    "gateway": Label("Legal gateway", "The law that allows it, and its section."),
    "purposes": Label(
        "What is it about?", "Tick all that fit. The law that lets a dataset be shared may exclude some of them."
    ),
    "assessment": Label("Assessments", "Where the data-protection impact assessment and the ethics approval are kept."),
    "outputs": Label("What do you expect to release?", "Tables, models, figures: it helps output checkers later."),
    "members": Label("People besides you", "Their user names; each must be an accredited researcher."),
    "members.username": Label("User name"),
    "ends": Label("Last day"),
    "datasets": Label("Datasets", "Choose a dataset, then “Add another dataset” to see its variables."),
    "datasets.dataset": Label("Dataset"),
    "datasets.variables": Label("Variables you need", "Unit ids are always part of an extract, as pseudonyms."),
    "datasets.rows": Label("Which rows?", _ROWS),
    "version": _VERSION,
}
TERMS = {
    "until": Label("Until", "Last day of the approval, for this version of the dataset and for future ones."),
    "variables": Label("Variables that may be used"),
    "rows": Label("Rows that may be used", "A condition such as age >= 16; empty means all rows that were asked for."),
    "automatic": Label("Outputs proven safe may leave without a person"),
    "sign_off": Label("I want to sign off each output before it leaves"),
    "checkers": Label(
        "Fewest output checkers for each output",
        "1 to 3; empty leaves it to the dataset's own rule. Files always need two.",
    ),
    "appetite": Label(
        "Stricter limits for this project", "The strictest of these, the dataset's and the platform's counts."
    ),
    "epsilon": Label("Privacy budget: epsilon", "What the project may spend on noisy statistics; empty allows none."),
    "delta": Label("Privacy budget: delta"),
    "version": _VERSION,
}
REASON = {"reason": Label("Reason", "Everybody concerned can read it."), "version": _VERSION}
LEAD = {"lead": Label("New lead", "One of the project's people."), "version": _VERSION}
AMEND = {
    "add": Label("People to add", "Every data owner of the project has to agree, and an administrator confirms them."),
    "add.username": Label("User name"),
    "remove": Label("People to remove", "Works at once."),
    "ends": Label("Another last day", "An earlier one works at once; a later one needs every data owner."),
    "purposes": Label("What is it about?", "Fewer work at once; others need every data owner."),
    "datasets": Label("Datasets", "What is wanted of each now; less works at once, more needs its data owner."),
    "datasets.dataset": Label("Dataset"),
    "datasets.variables": Label("Variables"),
    "datasets.rows": Label("Which rows?", _ROWS),
    "drop": Label("Datasets to give up", "Works at once."),
    "why": Label("Why?", "Needed where somebody has to agree."),
    "version": _VERSION,
}
