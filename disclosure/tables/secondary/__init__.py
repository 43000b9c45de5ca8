"""Secondary suppression (`suppress`): which further cells to hide so that no cell a rule names can be worked out."""

from saferoom.disclosure.tables.secondary.choose import suppress
from saferoom.disclosure.tables.secondary.problem import Unprotectable

__all__ = ["Unprotectable", "suppress"]
