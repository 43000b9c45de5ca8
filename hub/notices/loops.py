"""What the airlock service does by itself for notices: sends letters, gives reminders, makes digests.

Everything is in the store: a service that was killed goes on where it was, and one that was off catches up.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime, time, timedelta

import structlog

from saferoom.errors import SaferoomError
from saferoom.hub.notices.post import SmtpPost
from saferoom.hub.notices.settings import settings_of
from saferoom.hub.web.shell.logs import where
from saferoom.hub.wiring import Instance
from saferoom.ids import ProjectSlug, RequestId, Username
from saferoom.projects.airlock.permissions import Standing
from saferoom.projects.airlock.states import Party
from saferoom.projects.ledger.accounts import account_at
from saferoom.projects.life.parts import Actor as LifeActor
from saferoom.projects.notices.model import Letter, LetterState
from saferoom.projects.notices.reach import Reach
from saferoom.projects.notices.sending import Sender
from saferoom.projects.people.permissions import Action, Actor

_log = structlog.get_logger()
SEND_EVERY_SECONDS = 10.0
REMIND_EVERY_SECONDS = 30.0
# Between two letters the pages get the processor: fifty letters in a row would keep whoever waits for a page waiting.
BREATH_SECONDS = 0.02
_REMINDERS_EVERY = timedelta(hours=1)
_DIGEST_AT = time(7, 0)
_SIDES = {Standing.AUTHOR: Party.AUTHOR, Standing.CHECKER: Party.CHECKERS, Standing.DATA_OWNER: Party.OWNERS}


def sender_of(instance: Instance) -> Sender:
    """Return what sends the letters of an instance, to those who may still get them."""

    def sides(username: Username, id_: RequestId) -> set[Party]:
        request = instance.airlock.request(username, id_)
        found = {_SIDES[one] for one in instance.airlock.standing(username, request) if one in _SIDES}
        # Authors see what they asked for also after they left the project; it is not sent after them.
        inside = username in instance.registry.project(request.project).members
        return found if inside else found - {Party.AUTHOR}

    def see_project(username: Username, slug: ProjectSlug) -> object:
        return instance.lives.life(LifeActor.person(username), slug)

    def see_emergencies(username: Username) -> bool:
        return bool(instance.people.can(Actor.person(username), Action.VIEW_EMERGENCIES))

    def see_budget(username: Username, address: str) -> bool:
        return instance.budgets.can_see(username, account_at(*address.split("/", 1)))

    def report(letter: Letter, error: Exception) -> None:
        _log.error("letter could not be written", letter=letter.id, **where(error))

    reach = Reach(instance.registry, instance.clock, sides, see_project, see_emergencies, see_budget)
    return Sender(instance.notices.store, instance.clock, reach.refusal, report=report)


class Telling:
    """The two loops of one instance; what fails is logged and tried again the next time."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._stopped = threading.Event()
        self._reminded: datetime | None = None
        self._wrong = ""

    async def run(self) -> None:
        """Send and remind until cancelled; a letter under way is finished first."""
        try:
            await asyncio.gather(
                self._repeat("send letters", self.send, SEND_EVERY_SECONDS),
                self._repeat("remind", self.remind, REMIND_EVERY_SECONDS),
            )
        finally:
            self._stopped.set()

    async def _repeat(self, name: str, chore: Callable[[], object], every_seconds: float) -> None:
        while True:
            await asyncio.to_thread(self._tried, name, chore)
            await asyncio.sleep(every_seconds)

    def _tried(self, name: str, chore: Callable[[], object]) -> None:
        try:
            chore()
        except Exception as error:
            # Whatever it is: the next time must not be lost to it.
            _log.error("chore failed", chore=name, **where(error))

    def send(self) -> list[Letter]:
        """Send what is due, with the settings as they are now."""
        done = self._instance.sender.send_due(self._post(), lambda: not self._stopped.wait(BREATH_SECONDS))
        for letter in done:
            if letter.state is not LetterState.SENT and letter.reason:
                _log.warning("letter not sent", letter=letter.id, state=letter.state.value, reason=letter.reason)
        return done

    def _post(self) -> SmtpPost | None:
        try:
            found, wrong = SmtpPost.of(self._instance.home), ""
        except SaferoomError as error:
            found, wrong = None, error.message
        if wrong and wrong != self._wrong:
            _log.error("e-mail is set up wrongly", reason=wrong)
        self._wrong = wrong
        return found

    def remind(self) -> int:
        """Let break-glass acts lapse whose time is over, and tell what is due; what was told is not told again."""
        people, notices, now = self._instance.people, self._instance.notices, self._instance.clock.now()
        people.sweep()
        told = 0
        if self._reminded is None or now - self._reminded >= _REMINDERS_EVERY or now.date() != self._reminded.date():
            told = notices.remind(people.messages())
            self._reminded = now
        try:
            settings = settings_of(self._instance.home)
        except SaferoomError:
            settings = None
        notices.digest(settings.digest_at if settings else _DIGEST_AT)
        return told
