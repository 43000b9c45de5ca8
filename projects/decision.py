"""A decision about who may do what, with its reason: what the page shows and the audit trail keeps."""

from __future__ import annotations

from dataclasses import dataclass

from saferoom.errors import ForbiddenError, NotFoundError, SaferoomError, WrongStateError


@dataclass(frozen=True)
class Decision:
    """Whether something is allowed, and why not.

    Attributes
    ----------
    code : str
        A stable word for the reason, e.g. ``accreditation-expired``; ``ok`` when allowed.
    reason : str
        One sentence for the person concerned; empty when allowed.
    rule : str
        The rule that decided, e.g. ``people.accreditation``.
    error : type
        What `enforce` raises.
    """

    allowed: bool
    code: str = "ok"
    reason: str = ""
    rule: str = ""
    error: type[SaferoomError] = ForbiddenError

    def __bool__(self) -> bool:
        return self.allowed

    def enforce(self) -> None:
        """Raise the decision's error, with its reason, unless it allows."""
        if not self.allowed:
            raise self.error(self.reason)


ALLOWED = Decision(allowed=True)


def forbidden(code: str, reason: str, rule: str) -> Decision:
    """Return a refusal because of who is asking (HTTP 403)."""
    return Decision(allowed=False, code=code, reason=reason, rule=rule)


def wrong_state(code: str, reason: str, rule: str) -> Decision:
    """Return a refusal because of the state the thing is in (HTTP 409)."""
    return Decision(allowed=False, code=code, reason=reason, rule=rule, error=WrongStateError)


def unknown(code: str, reason: str, rule: str) -> Decision:
    """Return a refusal that does not tell whether the thing exists (HTTP 404)."""
    return Decision(allowed=False, code=code, reason=reason, rule=rule, error=NotFoundError)
