"""Draws automatic releases for an output checker to look at afterwards.

Which releases are drawn is settled by the instance's key and the release's id: nobody without the key can tell
beforehand, nobody can change it by trying again, and whoever has the key can show later that it was drawn rightly. The
id is random and is drawn in the transaction that approves, when nothing can be taken back unseen any more.

Notes
-----
A signature by Ed25519 (RFC 8032, section 5.1.6) is a deterministic function of key and message that cannot be
foretold without the key. The digest of one over the release's id, modulo N, is the draw: 1 in N, off by less than
2**-50.
"""

from __future__ import annotations

import json

from saferoom.digests import canonical, sha256
from saferoom.ids import ReleaseId
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.records import Sample
from saferoom.projects.policies import effective
from saferoom.signing import SigningKey

SAMPLE_TYPE = "application/vnd.saferoom.audit-sample+json"


def draw(parts: Parts, request: Request, release: ReleaseId) -> Sample | None:
    """Return the sample that an automatic release belongs to, None when it is not drawn.

    The rarest that the policies in force allow counts: strictest wins.
    """
    names = [dataset.name for dataset in request.datasets]
    _, route = effective(parts.registry, request.project, names)
    one_in = route.policy.audit_one_in
    drawn, proof = drawn_by(parts.signing_key, release, one_in)
    if not drawn:
        return None
    return Sample(release, request.id, request.project, parts.clock.now(), one_in, proof)


def drawn_by(key: SigningKey, release: ReleaseId, one_in: int) -> tuple[bool, str]:
    """Return whether `release` is drawn when one in `one_in` is, and the proof for whoever has the key."""
    envelope = key.seal_json({"release": release}, SAMPLE_TYPE)
    proof = json.dumps(envelope, sort_keys=True)
    signature = canonical([one["sig"] for one in envelope["signatures"]])
    return int(sha256(signature)[:16], 16) % one_in == 0, proof
