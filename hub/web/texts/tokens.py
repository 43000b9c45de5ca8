"""What the page of API tokens says, in English."""

from __future__ import annotations

from saferoom.hub.web.shell.labels import Label
from saferoom.hub.web.texts.common import Sign
from saferoom.projects.tokens.model import Ending, Scope

NEWS = {
    "token-ended": "The token has ended. Whoever shows it is refused from now on.",
}
SCOPES = {
    Scope.READ: "Reading only",
    Scope.ACT: "Reading, and everything I may do",
}
SHORT_SCOPES = {Scope.READ: "reading only", Scope.ACT: "reading and acting"}
HOLDS = Sign("pass", "✓", "holds")
ENDINGS = {
    Ending.EXPIRED: Sign("none", "–", "expired"),
    Ending.ENDED: Sign("none", "–", "ended"),
    Ending.STANDING: Sign("none", "–", "ended: the account could not be used"),
    Ending.PASSWORD: Sign("none", "–", "ended: a new password was set"),
}
LABELS = {
    "name": Label("Name", "What it is for, so that you know it again: a script's name, a machine's."),
    "scope": Label("What it is good for"),
    "days": Label("For how many days", "From 1 to {most}. It ends by itself."),
    "password": Label("Your password", "A token opens what you may do, so it takes you to make one."),
    "code": Label("Code from your authenticator", "A code counts once. Wait for the next one if it was just used."),
}
