"""Local suppression: hiding single values until k records share every key, with the reason of each."""

from saferoom.disclosure.microdata.protection.suppression.reasons import Reason
from saferoom.disclosure.microdata.protection.suppression.suppress import (
    Guarantee,
    Part,
    Suppression,
    Wanted,
    still_below,
    subsets,
    suppress,
)

__all__ = ["Guarantee", "Part", "Reason", "Suppression", "Wanted", "still_below", "subsets", "suppress"]
