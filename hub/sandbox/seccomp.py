"""The system-call filter of every sandbox, as a classic BPF program for ``bwrap --seccomp``.

Needed even though a sandbox has its own network namespace: AF_VSOCK is not contained by one, and the kernel's rarely
used corners (io_uring, bpf, userfaultfd, nested user namespaces) are where sandboxes are left from.

Terms
-----
denied
    The call answers EPERM, whatever its arguments.
family
    The first argument of ``socket``: only UNIX and, because the network namespace is empty, IPv4 and IPv6 are open.
foreign
    A call of another architecture or ABI (32-bit, x32): the process is killed.
"""

from __future__ import annotations

import errno
import platform
import socket
import struct
from typing import Final

from saferoom.errors import UnavailableError
from saferoom.hub.sandbox import syscalls

FAMILIES: Final = (int(socket.AF_UNIX), int(socket.AF_INET), int(socket.AF_INET6))

_AUDIT_ARCHITECTURE: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT: Final = 0x40000000
# NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_NAMESPACE_FLAGS: Final = 0x7E020000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C

_LOAD, _EQUAL, _AT_LEAST, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x25, 0x45, 0x06
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
# Offsets in struct seccomp_data; both architectures are little-endian, so a 64-bit argument's low half comes first.
_NUMBER, _ARCHITECTURE, _ARGUMENT_0, _ARGUMENT_1 = 0, 4, 16, 24


def _instruction(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, operand)


def _fail(code: int) -> bytes:
    return _instruction(_RETURN, 0x00050000 | code)


def program(machine: str | None = None) -> bytes:
    """Return the filter for `machine` (this one when left out).

    Raises
    ------
    UnavailableError
        For an architecture whose system-call numbers are not known here: without a filter nothing starts.
    """
    machine = machine or platform.machine()
    if machine not in _AUDIT_ARCHITECTURE:
        raise UnavailableError(
            f"rooms cannot be started on this processor ({machine}): Saferoom has system-call filters for x86_64 and "
            "aarch64 only, and never starts a room without one"
        )
    parts = [
        _instruction(_LOAD, _ARCHITECTURE),
        _instruction(_EQUAL, _AUDIT_ARCHITECTURE[machine], 1, 0),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD, _NUMBER),
    ]
    if machine == "x86_64":
        parts += [_instruction(_AT_LEAST, _X32_BIT, 0, 1), _instruction(_RETURN, _KILL)]
    parts += [_instruction(_GREATER, syscalls.NEWEST_KNOWN, 0, 1), _fail(errno.ENOSYS)]
    for numbers in syscalls.DENIED.values():
        number = getattr(numbers, machine)
        if number is not None:
            parts += [_instruction(_EQUAL, number, 0, 1), _fail(errno.EPERM)]
    # The C library falls back to clone, whose flags can be inspected; those of clone3 are behind a pointer.
    parts += [_instruction(_EQUAL, getattr(syscalls.CLONE3, machine), 0, 1), _fail(errno.ENOSYS)]
    parts += _clone(getattr(syscalls.CLONE, machine))
    parts += _terminal(getattr(syscalls.IOCTL, machine))
    parts += _families(getattr(syscalls.SOCKET, machine))
    parts += _families(getattr(syscalls.SOCKETPAIR, machine))
    return b"".join([*parts, _instruction(_RETURN, _ALLOW)])


def _clone(number: int) -> list[bytes]:
    return [
        _instruction(_EQUAL, number, 0, 4),
        _instruction(_LOAD, _ARGUMENT_0),
        _instruction(_ANY_BIT, _NAMESPACE_FLAGS, 0, 1),
        _fail(errno.EPERM),
        _instruction(_RETURN, _ALLOW),
    ]


def _terminal(number: int) -> list[bytes]:
    return [
        _instruction(_EQUAL, number, 0, 5),
        _instruction(_LOAD, _ARGUMENT_1),
        _instruction(_EQUAL, _TIOCSTI, 1, 0),
        _instruction(_EQUAL, _TIOCLINUX, 0, 1),
        _fail(errno.EPERM),
        _instruction(_RETURN, _ALLOW),
    ]


def _families(number: int) -> list[bytes]:
    count = len(FAMILIES)
    return [
        _instruction(_EQUAL, number, 0, count + 3),
        _instruction(_LOAD, _ARGUMENT_0),
        *(_instruction(_EQUAL, family, count - index, 0) for index, family in enumerate(FAMILIES)),
        # Of all answers the one after which ZeroMQ, and so every kernel, goes on without asking for the interfaces.
        _fail(errno.EOPNOTSUPP),
        _instruction(_RETURN, _ALLOW),
    ]
