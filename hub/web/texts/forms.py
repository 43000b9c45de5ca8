"""What forms say: beside a field, above all of them, and when somebody else was faster."""

from __future__ import annotations

NOT_OURS = "the form was not understood; reload the page and send it again"
MISSING = "Fill this in."
TOO_LONG = "Use at most {max_length:,} characters."
TOO_SHORT = "Use at least {min_length:,} characters."
TOO_FEW = "Choose at least {min_length:,}."
TOO_MANY = "Choose at most {max_length:,}."
NOT_A_DATE = "Write the date as year-month-day, like 2027-03-31."
MUST_BE = "This must be {allowed}."
NOT_USABLE = "This cannot be used as it is."
STALE = (
    "Somebody else changed this while you were writing. Nothing was overwritten: what you wrote is still here, and "
    "where it differs, what it says now stands beside it. Send the form again to put yours in its place."
)
