"""How the public register says things."""

from __future__ import annotations

from saferoom.hub.web.texts.common import Sign
from saferoom.projects.airlock.model import Lane
from saferoom.projects.register.model import PublicState

STATES = {
    PublicState.ACTIVE: Sign("pass", "✓", "active"),
    PublicState.PAUSED: Sign("wait", "…", "paused"),
    PublicState.CLOSED: Sign("none", "–", "closed"),
}

LANES = {
    Lane.DECLARED.value: "statistics computed on the trusted side",
    Lane.PRIVACY.value: "statistics with differential privacy, paid for from a privacy budget",
    Lane.LIFTED.value: "files whose numbers were computed again, one by one",
    Lane.FILE.value: "files looked at by output checkers",
    Lane.RECORDS.value: "files of records, protected by a plan of their data owner, who signed them",
}

CAUSES = {
    "disclosure_control": "disclosure control should not have let it pass",
    "wrong_numbers": "numbers in it are wrong",
    "data_withdrawn": "data it was made from have been withdrawn",
    "other": "another reason",
}
"""Why a release was withdrawn; nothing more is told, because more could point at what is wrong with it."""
