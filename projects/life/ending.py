"""The end of a project: its workspace sealed, kept as long as it must be, then destroyed with a certificate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from saferoom.errors import IntegrityError, NotFoundError, SaferoomError, WrongStateError
from saferoom.ids import ProjectSlug
from saferoom.projects.life import permissions, sealing
from saferoom.projects.life.model import Life, Seal
from saferoom.projects.life.parts import NO_PROJECT, SYSTEM, Actor, Parts, reason_of
from saferoom.projects.life.states import Action, State
from saferoom.projects.life.store import Line, Selection
from saferoom.projects.paging import Cut

ROOMS_END_WITHIN = timedelta(seconds=60)


class Ending(Parts):
    """Closed projects."""

    def seal(self, actor: Actor, slug: ProjectSlug) -> Life:
        """Pack the workspace of a closed project, encrypted and read-only, and remove the open one."""
        life = self._closed(actor, slug)
        packed = self.keeper.pack(slug)
        with self.deed(actor, slug, Action.SEAL, life.version) as deed:
            kept = deed.tx.registry.platform().retention_days
            until = deed.at.astimezone(UTC).date() + timedelta(days=kept)
            sealed = sealing.seal_statement(self.signing_key, slug, packed, (life.since, deed.at, until))
            payload = {"statement": sealing.digest_of(sealed.statement), "archive": packed.model_dump(mode="json")}
            payload |= {"retain_until": until.isoformat()}
            life = deed.take(payload, seal=Seal(deed.at, until, sealed.envelope))
        self.keeper.clear(slug)
        return life

    def delete(self, actor: Actor, slug: ProjectSlug, version: int | None = None) -> Life:
        """Destroy the sealed workspace after its retention, and sign the certificate of it; not to be undone."""
        with self.deed(actor, slug, Action.DELETE, version) as deed:
            statement, seal = self._statement(deed.life), deed.life.seal
            if seal is None or deed.at.astimezone(UTC).date() <= seal.retain_until:
                raise WrongStateError(
                    f"the sealed workspace is kept until {statement.retain_until}, not deleted before"
                )
            # Destroyed first: a certificate must never stand beside what it says is gone. Again after a crash is safe.
            self.keeper.clear(slug)
            self.keeper.destroy(slug)
            certificate = sealing.certify(self.signing_key, statement, actor.name, deed.at)
            after = replace(seal, deleted_at=deed.at, certificate=certificate)
            return deed.take(
                {"statement": sealing.digest_of(statement), "parts": len(statement.archive.parts)}, seal=after
            )

    def read_archive(self, actor: Actor, slug: ProjectSlug, reason: str) -> Iterator[bytes]:
        """Return the archive of a sealed workspace, for a lawful reason that the data owners are told of."""
        with self.deed(actor, slug, Action.READ_ARCHIVE) as deed:
            statement = self._statement(deed.life)
            deed.take({"reason": reason_of(reason), "statement": sealing.digest_of(statement)})
        return self.keeper.open(slug, statement)

    def _statement(self, life: Life) -> sealing.Statement:
        if life.seal is None:
            raise IntegrityError(f"project {life.slug} is sealed, but the statement of what was sealed is missing")
        return sealing.open_statement(life.seal.statement, self.signing_key.verifying_key, life.slug)

    def tidy(self) -> tuple[ProjectSlug, ...]:
        """Seal every closed project whose rooms have ended, and finish what a crash interrupted; return the sealed.

        One that cannot be sealed now is left for the next time; it stays closed, and nothing of it is lost.
        """
        done: list[ProjectSlug] = []
        # Those that wait to be sealed come first: the sealed ones only grow in number.
        ended = [line for state in (State.CLOSED, State.SEALED) for line in self._newest(state)]
        for line in ended:
            with suppress(SaferoomError):
                if line.state is State.SEALED:
                    self.keeper.clear(line.slug)
                elif self._rooms_ended(line.slug, line.since):
                    self.seal(SYSTEM, line.slug)
                    done.append(line.slug)
        return tuple(done)

    def _newest(self, state: State) -> tuple[Line, ...]:
        with self.store.reading() as tx:
            return tx.listing(Selection(states=frozenset({state})), Cut()).items

    def _rooms_ended(self, slug: ProjectSlug, closed: datetime) -> bool:
        return self.clock.now() >= closed + ROOMS_END_WITHIN and not self.keeper.rooms_running(slug)

    def _closed(self, actor: Actor, slug: ProjectSlug) -> Life:
        """Return a project whose workspace can be sealed now; no room may write while it is packed."""
        with self.store.reading() as tx:
            life = tx.life(slug)
            if life is None:
                raise NotFoundError(NO_PROJECT)
            standing = self.standing(actor, life, tx.registry)
        permissions.decide(standing, Action.SEAL, life.state).enforce()
        if not self._rooms_ended(slug, life.since):
            raise WrongStateError("rooms of this project may still be ending; seal it a minute after it was closed")
        return life
