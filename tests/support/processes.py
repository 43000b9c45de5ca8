"""Processes that a test started, and theirs."""

from __future__ import annotations

from typing import Any

import psutil


def below(pid: int, *, itself: bool = False) -> list[Any]:
    """Return every process below `pid`, as psutil knows them."""
    top = psutil.Process(pid)
    return [*([top] if itself else []), *top.children(recursive=True)]


def listening(processes: list[Any]) -> list[tuple[str, int]]:
    """Return address and port of every TCP socket that one of `processes` listens on."""
    links = [link for one in processes for link in one.net_connections("inet")]
    return [(link.laddr.ip, link.laddr.port) for link in links if link.status == psutil.CONN_LISTEN]
