"""Listeners on this machine's loopback, to see whether anything from inside a room reaches them."""

from __future__ import annotations

import secrets
import socket
import threading
from types import TracebackType
from typing import Self


class Listeners:
    """TCP, TCP over IPv6, UDP and an abstract UNIX socket.

    Attributes
    ----------
    heard : list of str
        Which of them was reached, once per connection or datagram.
    said : list of bytes
        The first words of every connection.
    """

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.said: list[bytes] = []
        self.abstract = "saferoom-" + secrets.token_hex(6)
        self._sockets = {
            "tcp": _bound(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            "tcp6": _bound(socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0)),
            "udp": _bound(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            "abstract": _bound(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + self.abstract),
        }
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._hear, args=(name, one), daemon=True) for name, one in self._sockets.items()
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        for one in self._sockets.values():
            one.close()

    def port(self, name: str) -> int:
        """Return the port of the listener called `name`."""
        return int(self._sockets[name].getsockname()[1])

    def _hear(self, name: str, one: socket.socket) -> None:
        while not self._stop.is_set():
            try:
                if name == "udp":
                    one.recvfrom(100)
                else:
                    self.said.append(_first_words(one.accept()[0]))
                self.heard.append(name)
            except TimeoutError:
                continue


def _first_words(connection: socket.socket) -> bytes:
    with connection:
        connection.settimeout(1)
        try:
            return connection.recv(200)
        except OSError:
            return b""


def _bound(family: int, kind: int, address: object) -> socket.socket:
    one = socket.socket(family, kind)
    one.bind(address)  # type: ignore[arg-type]
    one.settimeout(0.2)
    if kind == socket.SOCK_STREAM:
        one.listen()
    return one
