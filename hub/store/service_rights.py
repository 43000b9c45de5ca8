"""What the services do with each table, and so what their role on PostgreSQL may: see `service_role`.

Everything can be read. Rows that say what was done, decided or heard are added and never changed; of what runs on,
the columns are named that do. A lock on a row needs the right to change one of its columns.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Rights:
    """What may be done with one table.

    Attributes
    ----------
    adds, deletes : bool
        Whether rows may be added, and deleted. Every table can be read.
    changes : frozenset of str
        The columns that may be changed.
    keeps : frozenset of str or None
        Instead of `changes`: the columns that may not be changed while all others may.
    """

    adds: bool = False
    deletes: bool = False
    changes: frozenset[str] = frozenset()
    keeps: frozenset[str] | None = None

    def changed(self, columns: Collection[str]) -> list[str]:
        """Return which of a table's `columns` may be changed."""
        if self.keeps is not None:
            return [name for name in columns if name not in self.keeps]
        return [name for name in columns if name in self.changes]


def _changing(columns: str, *, deletes: bool = False) -> Rights:
    return Rights(adds=True, deletes=deletes, changes=frozenset(columns.split()))


def _keeping(columns: str, *, deletes: bool = False) -> Rights:
    return Rights(adds=True, deletes=deletes, keeps=frozenset(columns.split()))


_READ = Rights()
_ADDED = Rights(adds=True)
_COME_AND_GO = Rights(adds=True, deletes=True)

_AIRLOCK = {
    "airlock_advice": _changing("taken_as"),
    "airlock_claims": _changing("until"),
    "airlock_comments": _ADDED,
    "airlock_downloads": _ADDED,
    "airlock_dropped": _ADDED,
    "airlock_evaluations": _ADDED,
    "airlock_locks": Rights(changes=frozenset({"name"})),
    "airlock_memory": _ADDED,
    "airlock_outputs": _ADDED,
    "airlock_releases": _ADDED,
    "airlock_requests": _keeping("id author project created_at"),
    "airlock_requests_datasets": _changing("signs", deletes=True),
    "airlock_rounds": _changing("decision decided_at seconds"),
    "airlock_samples": _changing("finding by comment at"),
    "airlock_sign_offs": _ADDED,
    "airlock_votes": _ADDED,
    "airlock_withdrawals": _ADDED,
}
_PEOPLE = {
    "people": _changing("display_name email active version"),
    "people_deputies": _changing("ended_at ended_by"),
    "people_emergencies": _changing("state ended_at ended_by reviewed_at reviewed_by justified findings version"),
    "people_records": _changing("ended_at ended_by ending end_reason"),
    "people_roles_held": _changing("ended_at ended_by"),
    "api_answers": _changing("status body", deletes=True),
    "api_tokens": _changing("used_at ended_at ended_by ending"),
    "credentials": _keeping("username"),
    "credentials_attempts": _COME_AND_GO,
    "security_keys": _changing("sign_count used_at", deletes=True),
    "sign_in_invitations": _changing("digest made_at made_by expires_at", deletes=True),
    "sign_in_links": _changing("signed_in_at", deletes=True),
}
_PROJECTS = {
    "approvals": _keeping("project dataset"),
    "lives": _keeping("slug created_at"),
    "lives_amendments": _changing("state since reason"),
    "lives_datasets": _changing("variables rows waits current", deletes=True),
    "lives_holds": _changing("lifted_at lifted_by"),
    "lives_people": _COME_AND_GO,
    "lives_rulings": _ADDED,
    "lives_seals": _changing("deleted_at certificate"),
    "platform": _keeping("id"),
    "projects": _keeping("slug"),
    "projects_members": _changing("since ended_at"),
    "record_plans": _keeping("dataset name"),
}
_DATA = {
    "catalogue_entries": _changing("document digest at", deletes=True),
    "catalogue_heads": _ADDED,
    "clerical_pairs": _changing("state version"),
    "clerical_reviews": _changing("closed"),
    "clerical_votes": _COME_AND_GO,
    "dataset_twins": _keeping("dataset"),
    "datasets": _keeping("name"),
    "datasets_ingested": _changing("linkage_model quality_pack report profile"),
    "datasets_variables": _keeping("dataset position", deletes=True),
    "datasets_versions": _ADDED,
    "deliveries": _changing("stamps", deletes=True),
    "extract_epochs": _ADDED,
    "extract_refreshes": _ADDED,
    "indexes": _changing("document at by"),
    "linkages": _changing("stamps"),
    "packages_allowed": _keeping("project name"),
    "packages_wheels": _keeping("sha256 file"),
}
_RECORDS = {
    "alembic_version": _READ,
    "audit_heads": _ADDED,
    "audit_links": _ADDED,
    "inputs": _COME_AND_GO,
    "inputs_chains": _changing("seq digest anchored gone"),
    "ledger_accounts": _changing("rho_limit delta_limit rho_spent delta_spent version"),
    "ledger_charges": _changing("state result reason"),
    "ledger_debits": _ADDED,
    "ledger_limits": _ADDED,
    "notices": _changing("read_at letter"),
    "notices_letters": _changing("state waits_since next_at tries reason ended_at"),
    "notices_preferences": _changing("how"),
}
RIGHTS = {**_AIRLOCK, **_PEOPLE, **_PROJECTS, **_DATA, **_RECORDS}
"""By table. One that is not named here is not for the services."""
APPEND_ONLY = frozenset(table for table, rights in RIGHTS.items() if rights == _ADDED)
"""Tables whose rows are never changed or dropped."""
