"""What stands above an error, and what is said of a page that nobody made."""

from __future__ import annotations

HEADINGS = {
    401: "Sign in again",
    403: "You may not do this",
    404: "Not found",
    405: "Not possible",
    409: "Not possible any more",
    413: "Too large",
    422: "Not understood",
    429: "Too many at once",
    503: "Not available just now",
}
DEFECT = "Something went wrong"
SENTENCES = {404: "there is no such page", 405: "this cannot be done that way"}
NOT_POSSIBLE = "not possible"
