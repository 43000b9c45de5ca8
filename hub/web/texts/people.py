"""What the pages about people say, in English."""

from __future__ import annotations

from saferoom.hub.web.shell.labels import Label
from saferoom.hub.web.texts.common import Sign
from saferoom.projects.people.emergencies import LONGEST_HOURS, Judgement, State
from saferoom.projects.people.model import Power, Role, Training
from saferoom.projects.people.records import Accreditation, Ending
from saferoom.projects.people.reminders import Ends
from saferoom.projects.people.store import SOON_DAYS, Only

NEWS = {
    "person-added": "The person is registered. Record the accreditation and the training, then set a password.",
    "person-changed": "The change is saved.",
    "accredited": "The accreditation is recorded.",
    "trained": "The training is recorded.",
    "record-ended": "The record has ended. Whoever needs it is out within a minute, everywhere.",
    "account-closed": "The account is closed. Sessions, rooms and tokens of it end within a minute.",
    "account-reopened": "The account is open again.",
    "tokens-ended": "All API tokens of this account have ended.",
    "deputy-named": "The deputy is named.",
    "deputy-ended": "The naming has ended.",
    "glass-broken": "The power counts from now on. All administrators and data owners are told.",
    "emergency-ended": "The power has ended. A second administrator reviews it now.",
    "emergency-reviewed": "The review is recorded.",
}

ROLES = {
    Role.RESEARCHER: "Researcher",
    Role.OUTPUT_CHECKER: "Output checker",
    Role.DATA_OWNER: "Data owner",
    Role.ADMINISTRATOR: "Administrator (no other role)",
    Role.CLERICAL_REVIEWER: "Clerical reviewer (no other role)",
}
ONLY = {
    Only.LAPSED: "Lapsed or missing",
    Only.SOON: f"Ends within {SOON_DAYS} days",
    Only.CLOSED: "Closed accounts",
}
LEVELS = {Accreditation.FULL: "Full", Accreditation.PROVISIONAL: "Provisional"}
COURSES = {Training.SAFE_RESEARCHER: "Safe researcher training", Training.OUTPUT_CHECKER: "Output checker training"}
ENDINGS = {
    Ending.WITHDRAWN: "It was withdrawn, or given up",
    Ending.MISTAKE: "It was recorded by mistake",
    Ending.REPLACED: "Another record replaces it",
}
POWERS = {
    Power.OUTPUT_CHECKER: "Output checker, for somebody trained as one",
    Power.REINSTATEMENT: "Reinstatement of somebody whose accreditation or training lapsed a short while ago",
}
SHORT_POWERS = {Power.OUTPUT_CHECKER: "output checker", Power.REINSTATEMENT: "reinstatement"}
JUDGEMENTS = {Judgement.JUSTIFIED: "Justified", Judgement.NOT_JUSTIFIED: "Not justified"}
STATES = {
    State.OPEN: Sign("fail", "!", "in force"),
    State.ENDED: Sign("review", "?", "waits for review"),
    State.REVIEWED: Sign("none", "✓", "reviewed"),
}
RECORD_STATES = {
    "holds": Sign("pass", "✓", "holds"),
    "lapsed": Sign("fail", "✕", "lapsed"),
    "ended": Sign("none", "–", "ended early"),
}
ENDS = {
    Ends.ACCREDITATION: "Accreditation",
    Ends.TRAINING: "Training",
    Ends.PROJECT: "Project",
    Ends.APPROVAL: "Approval of data",
}
ACTIONS = {
    "person.added": "registered",
    "person.changed": "changed",
    "person.ended": "closed",
    "person.closed": "closed",
    "person.reopened": "opened again",
    "accreditation.recorded": "accreditation recorded",
    "accreditation.ended": "accreditation ended",
    "training.recorded": "training recorded",
    "training.ended": "training ended",
    "deputy.named": "named as a deputy for emergencies",
    "deputy.ended": "no deputy any more",
    "break-glass.opened": "glass broken",
    "break-glass.ended": "break-glass ended early",
    "break-glass.lapsed": "break-glass ended by time",
    "break-glass.reviewed": "break-glass reviewed",
    "credentials.set": "password and second factor set",
    "security-key.added": "security key added",
    "security-key.removed": "security key removed",
    "security-key.doubted": "security key refused: its counter went back",
    "codes.on": "one-time codes count again",
    "codes.off": "one-time codes count no more, only security keys",
    "sign-in-link.made": "linked to an account at the identity provider",
    "sign-in-link.ended": "link to the identity provider ended",
    "sign-in-invitation.made": "invited to link an account at the identity provider",
    "sign-in-invitation.ended": "invitation withdrawn",
    "token.made": "API token made",
    "token.ended": "API token ended",
}

_LAST_DAY = "The last day on which it counts (UTC)."
_EVIDENCE = "Where the proof is: a certificate's number, a file's name, a letter's date."
_USERNAME = "Lower-case letters, digits and single hyphens, 30 at most. It cannot be changed later."

PERSON = {
    "username": Label("User name", _USERNAME),
    "display_name": Label("Name"),
    "email": Label("E-mail address", "For reminders and notices. It never gets contents of outputs."),
    "roles": Label("Roles", "One person may hold several, but an administrator no other."),
    "version": Label("Version"),
}
ACCREDITATION = {
    "level": Label("Kind"),
    "body": Label("Scheme or body", "Who accredited, under which scheme."),
    "granted": Label("Granted"),
    "expires": Label("Expires", _LAST_DAY),
    "evidence": Label("Evidence", _EVIDENCE),
}
TRAINING = {
    "course": Label("Training"),
    "body": Label("Trainer or scheme"),
    "granted": Label("Passed"),
    "expires": Label("Expires", _LAST_DAY),
    "evidence": Label("Evidence", _EVIDENCE),
}
ENDING = {"ending": Label("Why it ends"), "reason": Label("What happened", "Kept with the record.")}
ACCOUNT = {"reason": Label("Reason", "Kept in the audit trail."), "version": Label("Version")}
DEPUTY = {"username": Label("User name"), "until": Label("Until", "The last day (UTC), a year from now at most.")}
EMERGENCY = {
    "username": Label("For whom", "The user name. Nobody breaks the glass for themselves."),
    "power": Label("Power"),
    "hours": Label("For how many hours", f"From 1 to {LONGEST_HOURS}. It ends by itself."),
    "reason": Label(
        "Reason", "What happened, and why it cannot wait. Administrators, deputies and data owners read it."
    ),
}
REVIEW = {"judgement": Label("Was it justified?"), "findings": Label("Findings", "What was done with the power.")}
