"""Everybody signs in again: another secret for the hub's cookies, and no token of a session or a room is left.

What the proxy, the hub's services and the airlock show each other is drawn anew at each start, and the airlock keeps
its sessions in memory: both are gone because the hub is stopped.
"""

from __future__ import annotations

import secrets

from saferoom.audit import Event
from saferoom.errors import BadInputError
from saferoom.hub import keys
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.wiring import Instance

ROTATED = "cookies.rotated"
_SECRET_BYTES = 32


def rotate(instance: Instance, actor: str, reason: str) -> int:
    """Change the secret, and end every token; return how many there were. The caller has stopped the hub.

    Killed before its end, it is run again.

    Raises
    ------
    BadInputError
        No hub of this home has ever been started; nothing was changed.
    """
    secret, tokens = instance.home.hub / "cookie_secret", instance.home.hub / "jupyterhub.sqlite"
    if not secret.is_file() or not tokens.is_file():
        raise BadInputError(
            f"there is no secret for cookies in {instance.home.hub}: no hub was started here, or it has its secret "
            "from elsewhere (in a cluster from the chart's own Secret); nothing was changed"
        )
    with instance.database.transaction() as session:
        log = AuditLog(session, instance.clock, instance.signing_key)
        log.record(Event(actor, ROTATED, "hub", {"reason": reason}))
    keys.put_in_place(secret, secrets.token_hex(_SECRET_BYTES).encode(), 0o600)
    return _end_tokens(f"sqlite:///{tokens}")


def _end_tokens(url: str) -> int:
    """Delete what the hub knows of tokens, and of codes that become tokens."""
    from jupyterhub import orm

    session = orm.new_session_factory(url)()
    try:
        found = session.query(orm.APIToken).all()
        for one in (*found, *session.query(orm.OAuthCode).all()):
            session.delete(one)
        session.commit()
        return len(found)
    finally:
        session.close()
