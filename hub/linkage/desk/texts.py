"""What the desk says, in English."""

from __future__ import annotations

NEWS = {
    "match": "Noted: a match.",
    "no-match": "Noted: no match.",
    "unsure": "Noted: unsure.",
    "undone": "Taken back. The pair comes again.",
    "settled": "That pair needs no decision any more. Here is the next one.",
    "stays": "Your last decision stays; somebody else has decided that pair, too.",
}
NOT_OURS = "this form is not one of these pages' forms"
NOT_GIVEN = "not given"
SAME = "same"
DIFFERENT = "differs"
ONE_MISSING = "one is missing"
