"""What notices say, in the app and by e-mail, in English. No word of anybody's is put in: only ids, names and days.

Each kind has a title and a sentence; ``{id}`` is the request or project, ``{project}`` its project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from saferoom.hub.web.shell.labels import Label
from saferoom.hub.web.texts.common import Sign, several
from saferoom.projects.notices.model import Category, How, LetterState, Notice, Subject


@dataclass(frozen=True)
class Said:
    """A title, a sentence, and what to do, which only a letter has to say: on the page there is a button."""

    title: str
    body: str
    ask: str = ""


_REQUEST = "request {id} in project {project}"
_NOT_YOU = "Was it not you? Sign in, look at your second factor, and ask an administrator for a new password."
_TO_READ = "Sign in to read why."
_TO_ACT = "Sign in to look at it."

KINDS: Mapping[str, Said] = {
    "request.submitted": Said(
        "Request {id} in project {project} waits for you", f"An output checker has to look at {_REQUEST}.", _TO_ACT
    ),
    "request.resubmitted": Said(
        "Request {id} in project {project} was submitted again",
        f"An output checker has to look at {_REQUEST} once more.",
        _TO_ACT,
    ),
    "request.partly_reviewed": Said(
        "Request {id} in project {project} needs a second output checker",
        f"One output checker has looked at {_REQUEST}; another one has to.",
        _TO_ACT,
    ),
    "request.reviewed": Said(
        "Request {id} in project {project} has to be decided",
        f"Enough output checkers have looked at {_REQUEST}, and do not all approve.",
        _TO_ACT,
    ),
    "request.third_checker_asked": Said(
        "Request {id} in project {project} needs one more output checker",
        f"Those who looked at {_REQUEST} disagree.",
        _TO_ACT,
    ),
    "request.review_reopened": Said(
        "Request {id} in project {project} has to be looked at again",
        f"Something changed while {_REQUEST} was being decided.",
        _TO_ACT,
    ),
    "request.sign_off_asked": Said(
        "Request {id} in project {project} waits for your signature",
        f"The output checkers are done with {_REQUEST}; the data owner has to sign.",
        _TO_ACT,
    ),
    "request.sign_off_refused": Said(
        "Request {id} in project {project} was returned", f"A data owner has returned {_REQUEST}.", _TO_READ
    ),
    "request.returned": Said(
        "Request {id} in project {project} was returned", f"An output checker has returned {_REQUEST}.", _TO_READ
    ),
    "request.rejected": Said(
        "Request {id} in project {project} was rejected", f"An output checker has rejected {_REQUEST}.", _TO_READ
    ),
    "request.blocked": Said(
        "Request {id} in project {project} cannot go on", f"Something holds up {_REQUEST}.", _TO_READ
    ),
    "request.released": Said(
        "Request {id} in project {project} is released",
        "What you asked for in request {id} of project {project} has left.",
        "Sign in to download the signed bundle.",
    ),
    "release.withdrawn": Said(
        "The release of request {id} in project {project} is withdrawn",
        "Please do not use the numbers of request {id} in project {project} any more, wherever you have them.",
        "Sign in, or ask the administrators, to learn why.",
    ),
    "project.submitted": Said(
        "Project {id} asks for your data",
        "The proposal of project {id} waits for your decision.",
        "Sign in to read it.",
    ),
    "project.dataset_approved": Said(
        "A dataset was approved for project {id}",
        "A data owner has approved a dataset for project {id}.",
        "Sign in to see the terms.",
    ),
    "project.dataset_declined": Said(
        "A dataset was declined for project {id}", "A data owner has declined a dataset for project {id}.", _TO_READ
    ),
    "project.returned": Said(
        "The proposal of project {id} was given back", "Somebody asks for changes of project {id}.", _TO_READ
    ),
    "project.decided": Said(
        "Project {id} waits for its people to be confirmed",
        "The data owners have decided about project {id}.",
        "Sign in to confirm its people.",
    ),
    "project.declined": Said("Project {id} was declined", "Project {id} will not begin.", _TO_READ),
    "project.confirmed": Said("Project {id} is registered", "Project {id} runs.", "Sign in to open a room."),
    "project.amendment_asked": Said(
        "Project {id} asks for a change", "A change of project {id} concerns your data.", "Sign in to decide."
    ),
    "project.amendment_waits": Said(
        "A change of project {id} waits for an administrator",
        "The data owners agree to a change of project {id}.",
        "Sign in to confirm its people.",
    ),
    "project.amendment_approved": Said(
        "A change of project {id} was approved",
        "A data owner agrees to a change of project {id}.",
        "Sign in to see it.",
    ),
    "project.amendment_declined": Said(
        "A change of project {id} was declined", "Somebody does not agree to a change of project {id}.", _TO_READ
    ),
    "project.amendment_applied": Said(
        "A change of project {id} is decided",
        "Everybody has decided about a change of project {id}.",
        "Sign in to see what came of it.",
    ),
    "project.terms_revised": Said(
        "The terms of project {id} have changed",
        "A data owner has changed the terms for project {id}.",
        "Sign in to see them.",
    ),
    "project.approval_ended": Said(
        "An approval of project {id} has ended",
        "The approval of a dataset for project {id} was ended; it cannot be used any more.",
        _TO_READ,
    ),
    "project.refresh_waits": Said(
        "Your dataset has changed for project {id}",
        "A new version of your dataset changes what project {id} was approved for. It keeps the old extract until you "
        "confirm the difference.",
        "Sign in to see it.",
    ),
    "project.refresh_confirmed": Said(
        "A refreshed dataset is confirmed for project {id}",
        "A data owner has confirmed a new version of a dataset for project {id}.",
        "Sign in to see what changed.",
    ),
    "project.extract_refreshed": Said(
        "Project {id} has a new version of a dataset",
        "Project {id} has the extract of a dataset's new version, or of its records as they are linked now; other "
        "versions stay beside it for a while.",
        "Sign in to see what changed.",
    ),
    "project.ids_changed": Said(
        "The ids in the data of project {id} have changed",
        "Every unit in the extracts of project {id} has a new id. Tables with old ids can be carried over with "
        "saferoom.new_ids().",
        "Sign in and open a room.",
    ),
    "project.handed_over": Said(
        "Project {id} has another lead", "Project {id} was handed over; its page says who leads it now."
    ),
    "project.paused": Said("Project {id} is paused", "Rooms of project {id} have ended; its data stay.", _TO_READ),
    "project.hold_lifted": Said(
        "A hold on project {id} was lifted", "Another one may still hold project {id}.", "Sign in to see."
    ),
    "project.resumed": Said("Project {id} runs again", "Rooms of project {id} can be opened again."),
    "project.closed": Said("Project {id} is closed", "Rooms of project {id} have ended; its workspace will be sealed."),
    "project.sealed": Said(
        "The workspace of project {id} is sealed",
        "The workspace of project {id} is kept sealed for its retention time.",
        "Sign in to see until when.",
    ),
    "project.archive_read": Said(
        "The sealed archive of project {id} was opened",
        "An administrator has read the archive of project {id}.",
        _TO_READ,
    ),
    "project.deleted": Said(
        "The archive of project {id} is deleted",
        "Nothing of the sealed workspace of project {id} is left.",
        "Sign in to read the certificate.",
    ),
    "break-glass.opened": Said(
        "Break-glass: {power} for {who}",
        "{by} gave {who} the power '{power}' until {until}.",
        "Sign in to read the reason.",
    ),
    "break-glass.ended": Said(
        "Break-glass ended: {power} for {who}",
        "The power '{power}' of {who} has ended. A second administrator reviews it now.",
    ),
    "break-glass.reviewed": Said(
        "Break-glass reviewed: {power} for {who}",
        "A second administrator has reviewed the power '{power}' of {who}.",
        "Sign in to read the findings.",
    ),
    "token.made": Said(
        "An API token was made in your name",
        "Somebody signed in as you has made an API token: scope '{scope}', until {until}.",
        "Was it not you? Sign in, end it, and ask an administrator for a new password.",
    ),
    "token.ended": Said(
        "API tokens of yours were ended", "An administrator has ended API tokens of yours.", "Sign in to see which."
    ),
    "security-key.added": Said(
        "A security key was added to your account",
        "Somebody signed in as you has added a security key.",
        _NOT_YOU,
    ),
    "security-key.removed": Said(
        "A security key of yours was removed",
        "It opens nothing here any more.",
        _NOT_YOU,
    ),
    "security-key.doubted": Said(
        "A security key of yours was refused",
        "It counted its signatures backwards, as a copy of it would. Nobody was signed in.",
        "Sign in with another factor and remove that key, or ask an administrator to.",
    ),
    "codes.on": Said(
        "One-time codes let you in again", "Beside your security keys, one-time codes count again.", _NOT_YOU
    ),
    "codes.off": Said(
        "One-time codes do not let you in any more", "From now on only your security keys count.", _NOT_YOU
    ),
    "budget.used": Said(
        "Privacy budget: {share} of that for {budget} is spent",
        "Of the privacy budget for {budget}, {share} or more is spent. What is spent cannot be given back.",
        "Sign in to see how long it will last.",
    ),
    "reminder": Said("{title}", "{body}"),
}

PATHS: Mapping[Subject, str] = {
    Subject.REQUEST: "requests/{id}",
    Subject.PROJECT: "projects/{id}",
    Subject.EMERGENCY: "break-glass/{id}",
    Subject.PERSON: "people/{id}",
    Subject.STANDING: "standing",
    Subject.TOKENS: "tokens",
    Subject.BUDGET: "budgets/{id}",
}

CATEGORIES = {
    Category.REQUESTS: Label("My requests", "Returned, rejected, held up, released."),
    Category.WORK: Label("What waits for me", "Requests to check, or to sign as their data owner."),
    Category.PROJECTS: Label("Projects", "Proposals, decisions, changes, pauses, the end; privacy budgets."),
    Category.ENDS: Label("Reminders", "An accreditation, a training, a project or an approval ends soon."),
    Category.SECURITY: Label(
        "Security", "Break-glass, withdrawn releases, opened archives, API tokens, second factors."
    ),
}
SETTLED = "Always at once. This cannot be switched off."
HOWS = {How.AT_ONCE: "At once", How.DAILY: "Once a day, together", How.OFF: "Not by e-mail"}
STATES = {
    LetterState.WAITING: Sign("wait", "→", "waiting"),
    LetterState.SENT: Sign("pass", "✓", "sent"),
    LetterState.DROPPED: Sign("none", "–", "not sent"),
    LetterState.GIVEN_UP: Sign("fail", "✕", "given up"),
}
NEWS = {
    "notice-read": "The notice is marked as read.",
    "notices-read": "All notices are marked as read.",
    "notices-chosen": "Your choice is saved. It counts for what happens from now on.",
    "letter-retried": "The letter is tried again within a minute.",
}
WRONG = Sign("fail", "✕", "set up wrongly")
NOT_SET_UP = Sign("review", "?", "not set up")
READY = Sign("pass", "✓", "set up")
SECURED = {"none": "without encryption", "starttls": "encrypted (STARTTLS)", "tls": "encrypted (TLS)"}
SET_UP = "there is no mail.yaml in the instance's home. Letters wait three days, then they are given up."
ABOUT = {
    Category.REQUESTS: "own requests",
    Category.WORK: "what waits for them",
    Category.PROJECTS: "projects",
    Category.ENDS: "a reminder",
    Category.SECURITY: "security",
}
DIGEST = "a day's notices together"

_FOOT = (
    "This letter was written by Saferoom and holds nothing of any output. Answers to it reach nobody.\n"
    "Choose how you are told: {address}notices/choose\n"
)
TEST = Said(
    "A test from Saferoom",
    "This letter was sent to try whether e-mail works. It does.",
)


def said(notice: Notice) -> Said:
    """Return what a notice says."""
    facts = {name: _plain(str(value)) for name, value in notice.facts.items()}
    names = {**facts, "id": notice.about.id, "project": notice.about.project or ""}
    words = KINDS[notice.kind]
    return Said(words.title.format_map(names), words.body.format_map(names), words.ask)


def path(notice: Notice) -> str:
    """Return the page a notice leads to, below the service's prefix."""
    return PATHS[notice.about.subject].format(id=notice.about.id)


def letter(notices: tuple[Notice, ...], address: str) -> Said:
    """Return the subject and the text of a letter that tells `notices`.

    Parameters
    ----------
    address : str
        Where the pages are, with a slash at the end.
    """
    told = [(said(one), f"{address}{path(one)}") for one in notices]
    foot = f"-- \n{_FOOT.format(address=address)}"
    if len(told) == 1:
        (words, link), *_ = told
        return Said(words.title, f"{_whole(words)}\n\n{link}\n\n{foot}")
    items = [f"* {words.title}\n  {_whole(words)}\n  {link}\n" for words, link in told]
    return Said(f"{several(len(told), 'notice')} from Saferoom", "\n".join([*items, foot]))


def _whole(words: Said) -> str:
    return f"{words.body} {words.ask}".rstrip()


def _plain(text: str) -> str:
    """Return `text` as one line: no control character gets into a header or a page."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
