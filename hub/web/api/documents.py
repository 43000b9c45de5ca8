"""What calls answer: typed documents, made of what the domain showed this caller and of nothing else."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from saferoom.projects.airlock import lists
from saferoom.projects.paging import Paged

Item = TypeVar("Item")


class Document(BaseModel):
    """Base of every answer; read from the domain's records, field by field of the same name."""

    model_config = ConfigDict(from_attributes=True, frozen=True, use_attribute_docstrings=True)


class Listed(Document, Generic[Item]):
    """One page of a list."""

    # For each kind of item pydantic would look for these docstrings anew, through all that is being imported.
    model_config = ConfigDict(use_attribute_docstrings=False)

    items: list[Item]
    page: int
    pages: int
    total: int
    next: int | None = Field(description="The number of the next page; null on the last one.")


_Made = TypeVar("_Made", bound=Document)


def listed(found: Paged[Any] | lists.Page[Any], kind: type[_Made]) -> Listed[_Made]:
    """Return a page of a list, each item as a `kind`."""
    page = found.number if isinstance(found, Paged) else found.paging.page
    items = [kind.model_validate(item) for item in found.items]
    following = page + 1 if page < found.pages else None
    return Listed[kind](items=items, page=page, pages=found.pages, total=found.total, next=following)  # type: ignore[valid-type]
