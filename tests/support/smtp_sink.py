"""Real mail servers on loopback for tests: with TLS, with passwords, and with whatever goes wrong at real ones."""

from __future__ import annotations

import base64
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from saferoom.hub.demo.mailbox import Conversation, Envelope, Mailbox, listening

USER, PASSWORD = "saferoom", "a long secret"


@dataclass
class Behaviour:
    """What a server does.

    Attributes
    ----------
    answers : dict of str to (int, str)
        What it answers to a command (``mail``, ``rcpt``, ``data``, ``taken``, ``ehlo``) in place of yes.
    hangs_up : str
        The command at which it closes the connection; ``taken`` after it kept the letter, before it says so.
    implicit : bool
        TLS from the first byte.
    """

    tls: ssl.SSLContext | None = None
    implicit: bool = False
    offers_starttls: bool = True
    asks_password: bool = False
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    hangs_up: str = ""
    seen: list[str] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    plain_passwords: int = 0


class _Talk(Conversation):
    server: Sink

    def setup(self) -> None:
        self.protected = False
        if self.server.behaviour.implicit:
            self._wrap()
        super().setup()

    def _wrap(self) -> None:
        tls = self.server.behaviour.tls
        assert tls is not None
        self.request = tls.wrap_socket(self.request, server_side=True)
        self.protected = True

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, ssl.SSLError):
            return

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        # The server closes the socket it accepted, which is not this one after TLS began.
        self.request.close()

    def _odd(self, name: str) -> bool | None:
        behaviour = self.server.behaviour
        behaviour.seen.append(name)
        if behaviour.hangs_up == name:
            return False
        if name in behaviour.answers:
            return self.say(*behaviour.answers[name])
        return None

    def on_ehlo(self, _rest: str) -> bool:
        behaviour = self.server.behaviour
        offers = [*self.offers]
        if behaviour.tls and behaviour.offers_starttls and not self.protected:
            offers.append("STARTTLS")
        if behaviour.asks_password:
            offers.append("AUTH PLAIN")
        odd = self._odd("ehlo")
        return self.say(250, "sink", *offers) if odd is None else odd

    def on_helo(self, rest: str) -> bool:
        odd = self._odd("ehlo")
        return super().on_helo(rest) if odd is None else odd

    def on_starttls(self, _rest: str) -> bool:
        self.say(220, "go on")
        self.wfile.flush()
        self._wrap()
        self.rfile = self.connection = self.request
        super().setup()
        return True

    def on_auth(self, rest: str) -> bool:
        if not self.protected:
            self.server.behaviour.plain_passwords += 1
        said = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")
        right = said[1:] == [USER, PASSWORD]
        return self.say(235, "welcome") if right else self.say(535, "5.7.8 no <script>alert(1)</script>")

    def on_mail(self, rest: str) -> bool:
        odd = self._odd("mail")
        return super().on_mail(rest) if odd is None else odd

    def on_rcpt(self, rest: str) -> bool:
        odd = self._odd("rcpt")
        return super().on_rcpt(rest) if odd is None else odd

    def on_data(self, rest: str) -> bool:
        odd = self._odd("data")
        return super().on_data(rest) if odd is None else odd

    def taken(self, envelope: Envelope) -> bool:
        self.server.behaviour.envelopes.append(envelope)
        odd = self._odd("taken")
        return super().taken(envelope) if odd is None else odd


class Sink(Mailbox):
    """A mail server that keeps what it gets."""

    def __init__(self, folder: Path, behaviour: Behaviour) -> None:
        super().__init__(folder, _Talk)
        self.behaviour = behaviour

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        # Clients that refuse a certificate leave in the middle of it.
        return None

    def mail(self) -> list[EmailMessage]:
        """Return every letter that was kept, oldest first."""
        return [read(data) for data in self.letters()]


def read(data: bytes) -> EmailMessage:
    """Return a letter as a mail program reads it."""
    message = message_from_bytes(data, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(mail: EmailMessage) -> str:
    """Return what a letter says, with plain line ends."""
    text: str = mail.get_content()
    return text.replace("\r\n", "\n")


@contextmanager
def sink(folder: Path, behaviour: Behaviour | None = None) -> Iterator[Sink]:
    """Yield a mail server at a free port."""
    with listening(Sink(folder, behaviour or Behaviour())) as box:
        assert isinstance(box, Sink)
        yield box
    assert not [thread for thread in threading.enumerate() if thread.name == "mailbox"]
