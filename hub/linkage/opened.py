"""A zone as its own process sees it: its folder, its secret, and what everybody knows of the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saferoom.errors import IntegrityError
from saferoom.hub.linkage.messages import Tell, silent
from saferoom.hub.linkage.zone_keys import ZonePublic, ZoneSecret

if TYPE_CHECKING:  # pyarrow takes longer than a process that tells its public keys
    import pyarrow as pa

    from saferoom.hub.linkage.sealed import Batches, Stamp

INSIDE = Path("/zone")
"""Where a zone's folder is in the sandboxes of its processes."""


@dataclass(frozen=True)
class OpenZone:
    """What a process of a zone works with.

    Attributes
    ----------
    zone : str
        ``linker``, ``provisioner``, or ``splitter``, which has neither secret nor folder.
    publics : mapping
        Of zone to its public keys.
    coming : ZoneSecret or None
        The secret that is about to take the place of the zone's own.
    progress : callable
        Tells the hub how far it is.
    """

    zone: str
    folder: Path
    publics: Mapping[str, ZonePublic]
    _secret: ZoneSecret | None = field(repr=False)
    progress: Tell = silent
    coming: ZoneSecret | None = field(default=None, repr=False)

    @property
    def secret(self) -> ZoneSecret:
        """The zone's own secret."""
        if self._secret is None:
            raise IntegrityError(f"a process of the {self.zone} has no key")
        return self._secret

    def write(self, place: str, data: Batches, about: Mapping[str, Any]) -> Stamp:
        """Write a table for the zone itself at `place`, a path below its folder without an ending."""
        from saferoom.hub.linkage import sealed

        target = self.folder / place
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return sealed.write(target, data, _own(self.zone, about), self.secret.public)

    def read(self, place: str, about: Mapping[str, Any], stamp: Stamp | None = None) -> pa.RecordBatchReader:
        """Read a table that was sealed for this zone; see `sealed.read`."""
        from saferoom.hub.linkage import sealed

        return sealed.read(self.folder / place, _own(self.zone, about), self.secret, stamp=stamp)

    def write_document(self, place: str, document: Any, about: Mapping[str, Any]) -> Stamp:
        """Write a JSON document for the zone itself."""
        from saferoom.hub.linkage import sealed

        target = self.folder / place
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return sealed.write_document(target, document, _own(self.zone, about), self.secret.public)

    def read_document(self, place: str, about: Mapping[str, Any], stamp: Stamp | None = None) -> Any:
        """Read what `write_document` wrote."""
        from saferoom.hub.linkage import sealed

        return sealed.read_document(self.folder / place, _own(self.zone, about), self.secret, stamp=stamp)

    def write_for(self, zone: str, place: str, data: Batches, about: Mapping[str, Any]) -> Stamp:
        """Write a table that `zone` alone can read, as this zone's word."""
        from saferoom.hub.linkage import sealed

        target = self.folder / place
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return sealed.write(target, data, _own(zone, about), self.publics[zone], self.secret.signing_key)

    def read_from(self, zone: str, place: str, about: Mapping[str, Any], stamp: Stamp) -> pa.RecordBatchReader:
        """Read a table that `zone` wrote for this one with `write_for`."""
        from saferoom.hub.linkage import sealed

        signer = self.publics[zone].verifying_key
        where = self.folder / place
        return sealed.read(where, _own(self.zone, about), self.secret, stamp=stamp, signed_by=signer)


def about_zone(zone: str, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file for `zone` is about, as it is bound to it."""
    return {"purpose": "saferoom/zone-file/1", "zone": zone, **about}


_own = about_zone
