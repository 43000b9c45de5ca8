"""What stands above an error, and what is said of a page that nobody made."""

from __future__ import annotations

HEADINGS = {
    401: "Sign in again",
    403: "You may not do this",
    404: "Not found",
    405: "Not possible",
    408: "Too slow",
    409: "Not possible any more",
    413: "Too large",
    422: "Not understood",
    429: "Too many at once",
    503: "Not available just now",
}
NO_ROOM = (
    "a disk of the service is full or cannot be written; nothing was kept or released. Try again, and if that does not "
    "help, tell an administrator"
)
DEFECT = "Something went wrong"
SENTENCES = {404: "there is no such page", 405: "this cannot be done that way"}
NOT_POSSIBLE = "not possible"
API_SENTENCES = {404: "there is no such call", 405: "this address does not take that method"}
API_DEFECT = "something went wrong here; nothing was released. The administrator finds the error in the service's log"
CODES = {
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "not-allowed",
    408: "too-slow",
    409: "wrong-state",
    413: "too-large",
    422: "bad-input",
    429: "too-many",
    503: "unavailable",
}
"""The stable word of each status, for programs."""
