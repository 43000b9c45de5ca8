"""A mail server for the demonstration: on this machine only, it delivers nothing and keeps each letter as a file.

Open the ``.eml`` files with any mail program, or read them as they are.
"""

from __future__ import annotations

import os
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saferoom.hub.home import Home

ADDRESS = "127.0.0.1"
_LONGEST_LINE = 4096
_MOST_LINES = 20_000
_PATIENCE_SECONDS = 60.0
_MARK = "# Written by saferoom demo; delete this line to keep your own settings.\n"


@dataclass(frozen=True)
class Envelope:
    """A letter as it was handed over."""

    sender: str
    to: tuple[str, ...]
    data: bytes


class Conversation(socketserver.StreamRequestHandler):
    """One client's conversation: the commands that are needed to hand over a letter (RFC 5321)."""

    timeout = _PATIENCE_SECONDS
    offers: tuple[str, ...] = ("8BITMIME",)

    def handle(self) -> None:
        """Talk until the client leaves."""
        self.reset()
        self.say(220, "saferoom demo")
        while True:
            line = self.rfile.readline(_LONGEST_LINE)
            if not line.endswith(b"\n"):
                return
            words = line.decode("latin-1").strip()
            name, _, rest = words.partition(" ")
            act: Callable[[str], bool] | None = getattr(self, f"on_{name.lower()}", None)
            if act is None:
                self.say(502, "not known here")
            elif not act(rest.strip()):
                return

    def say(self, code: int, *lines: str) -> bool:
        """Answer; True, so that the conversation goes on."""
        for line in lines[:-1]:
            self.wfile.write(f"{code}-{line}\r\n".encode())
        self.wfile.write(f"{code} {lines[-1]}\r\n".encode())
        return True

    def reset(self) -> None:
        """Forget the letter that is being handed over."""
        self.sender = ""
        self.to: list[str] = []

    def on_ehlo(self, _rest: str) -> bool:
        return self.say(250, "saferoom demo", *self.offers)

    def on_helo(self, _rest: str) -> bool:
        return self.say(250, "saferoom demo")

    def on_noop(self, _rest: str) -> bool:
        return self.say(250, "ok")

    def on_rset(self, _rest: str) -> bool:
        self.reset()
        return self.say(250, "ok")

    def on_mail(self, rest: str) -> bool:
        self.reset()
        self.sender = _between(rest)
        return self.say(250, "ok")

    def on_rcpt(self, rest: str) -> bool:
        self.to.append(_between(rest))
        return self.say(250, "ok")

    def on_data(self, _rest: str) -> bool:
        if not self.to:
            return self.say(503, "nobody to send it to")
        self.say(354, "go on")
        lines: list[bytes] = []
        while len(lines) < _MOST_LINES:
            line = self.rfile.readline(_LONGEST_LINE)
            if line in (b".\r\n", b".\n"):
                return self.taken(Envelope(self.sender, tuple(self.to), b"".join(lines)))
            if not line:
                return False
            lines.append(line[1:] if line.startswith(b".") else line)
        return False

    def taken(self, envelope: Envelope) -> bool:
        """Keep a letter and say so."""
        server: Any = self.server
        server.keep(envelope)
        self.reset()
        return self.say(250, "kept")

    def on_quit(self, _rest: str) -> bool:
        self.say(221, "goodbye")
        return False


def _between(text: str) -> str:
    return text.partition("<")[2].partition(">")[0]


class Mailbox(socketserver.ThreadingTCPServer):
    """Takes letters at a free port of the loopback interface and writes each into a file of `folder`."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, folder: Path, conversation: type[Conversation] = Conversation) -> None:
        super().__init__((ADDRESS, 0), conversation)
        self.folder = folder
        self._lock = threading.Lock()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def keep(self, envelope: Envelope) -> None:
        """Write a letter into a file of its own; the newest has the highest number."""
        with self._lock:
            number = 1 + max((int(file.stem) for file in self.folder.glob("[0-9]*.eml")), default=0)
            half = self.folder / f"{number:05d}.part"
            handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(envelope.data)
            half.rename(self.folder / f"{number:05d}.eml")

    def letters(self) -> list[bytes]:
        """Return every letter that was kept, oldest first."""
        return [file.read_bytes() for file in sorted(self.folder.glob("[0-9]*.eml"))]


@dataclass(frozen=True)
class Kept:
    """Where the demonstration's letters are."""

    folder: Path
    box: Mailbox = field(repr=False)


@contextmanager
def mailbox(home: Home, folder: Path, pages: str) -> Iterator[Kept]:
    """Take the letters of `home` while the block runs; own settings of somebody's are left as they are.

    Parameters
    ----------
    pages : str
        The address of the airlock's pages.
    """
    with listening(Mailbox(folder)) as box:
        ours = _set_up(home, box, pages)
        try:
            yield Kept(folder, box)
        finally:
            if ours:
                home.mail_settings.unlink(missing_ok=True)


@contextmanager
def listening(box: Mailbox) -> Iterator[Mailbox]:
    """Serve `box` in a thread of its own."""
    thread = threading.Thread(target=box.serve_forever, args=(0.05,), name="mailbox")
    thread.start()
    try:
        yield box
    finally:
        box.shutdown()
        thread.join()
        box.server_close()


def _set_up(home: Home, box: Mailbox, pages: str) -> bool:
    """Write the settings that lead here, unless somebody else wrote some; return whether they are ours."""
    path = home.mail_settings
    if path.exists() and not path.read_text(encoding="utf-8").startswith(_MARK):
        return False
    lines = [f"host: {ADDRESS}", f"port: {box.port}", "security: none", "sender: saferoom@example.org"]
    path.write_text(_MARK + "\n".join([*lines, f"address: {pages}", ""]), encoding="utf-8")
    return True
