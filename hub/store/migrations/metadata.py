"""Every table of the store: importing the modules that define them puts them into one `MetaData`."""

from __future__ import annotations

from saferoom.hub.store import (  # noqa: F401 - imported for their tables
    airlock,
    attempts,
    audit_log,
    credentials,
    extracts_tables,
    inputs_tables,
    ledger_tables,
    life_tables,
    linkage_tables,
    notices_tables,
    packages_tables,
    security_key_tables,
    sign_in_tables,
    tables,
    tokens_tables,
    zones_tables,
)
from saferoom.hub.store.base import Base

METADATA = Base.metadata
