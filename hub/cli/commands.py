"""What commands that do a deed share: a typed command from options, and JSON of what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from saferoom.clock import isoformat
from saferoom.errors import BadInputError

Command = TypeVar("Command", bound=BaseModel)


def command(model: type[Command], values: Mapping[str, Any]) -> Command:
    """Return the command that the options `values` ask for; what was left out (None) takes the model's own default.

    Raises
    ------
    BadInputError
        One line for each option that is wrong.
    """
    from saferoom.hub.web.shell.refusals import refusals

    given = {name: value for name, value in values.items() if value is not None}
    try:
        return model.model_validate(given, strict=False)
    except ValidationError as error:
        errors, notes = refusals(model, error, {})
        lines = [f"--{name.replace('_', '-')}: {said}" for name, said in errors.items()]
        raise BadInputError("\n".join([*lines, *notes])) from None


def print_json(found: Any) -> None:
    """Print one JSON document: records field by field, times in RFC 3339, sets in order."""
    print(json.dumps(plain(found)))


def plain(value: Any) -> Any:
    """Return `value` as JSON holds it."""
    if isinstance(value, BaseModel):
        return plain(value.model_dump())
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return isoformat(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(one) for key, one in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(plain(one) for one in value)
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [plain(one) for one in value]
    return value
