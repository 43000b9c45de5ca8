"""What the notebook client raises: one sentence, shown in a notebook without a traceback."""

from __future__ import annotations

from saferoom.errors import SaferoomError


class RoomError(SaferoomError):
    """The airlock refused, could not be reached, or was asked for something that cannot be.

    Attributes
    ----------
    status : int
        The airlock's HTTP status; 0 when the client itself noticed, or nothing answered.
    code : str
        The airlock's word for the reason, e.g. ``forbidden``; empty when there is none.
    """

    def __init__(self, message: str, *, status: int = 0, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def _render_traceback_(self) -> list[str]:
        # IPython asks an exception for its own rendering; the sentence says all there is to say.
        return [f"Saferoom: {self.message}"]
