"""The system-call filter, run by a small interpreter of classic BPF: every decision without a kernel."""

from __future__ import annotations

import errno
import operator
import re
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from saferoom.errors import UnavailableError
from saferoom.hub.sandbox import seccomp, syscalls

MACHINES = ("x86_64", "aarch64")
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, KILL = "allow", "kill"
COMPARISONS: dict[int, Callable[[int, int], bool]] = {
    0x15: operator.eq,
    0x25: operator.gt,
    0x35: operator.ge,
    0x45: lambda register, operand: bool(register & operand),
}


def decide(machine: str, number: int, *arguments: int, architecture: int | None = None) -> str | int:
    """Return what the filter for `machine` says to a call: allow, kill, or an error number."""
    words = arguments + (0,) * (6 - len(arguments))
    data = struct.pack("<IIQ6Q", number, architecture or ARCHITECTURE[machine], 0, *words)
    program = _instructions(machine)
    register, position = 0, 0
    while True:
        code, if_true, if_false, operand = program[position]
        position += 1
        if code == 0x20:
            register = struct.unpack_from("<I", data, operand)[0]
        elif code == 0x06:
            return {0x7FFF0000: ALLOW, 0x80000000: KILL}.get(operand) or operand & 0xFFFF
        else:
            position += if_true if COMPARISONS[code](register, operand) else if_false


@cache
def _instructions(machine: str) -> list[tuple[int, int, int, int]]:
    return list(struct.iter_unpack("<HBBI", seccomp.program(machine)))


def number(entry: syscalls.Numbers, machine: str) -> int:
    found: int = getattr(entry, machine)
    return found


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", sorted(syscalls.DENIED))
def test_denied_call_answers_eperm(machine: str, name: str) -> None:
    numbers = getattr(syscalls.DENIED[name], machine)
    if numbers is not None:
        assert decide(machine, numbers) == errno.EPERM


@pytest.mark.parametrize("machine", MACHINES)
def test_ordinary_calls_pass(machine: str) -> None:
    denied = {getattr(entry, machine) for entry in syscalls.DENIED.values()}
    special = {number(one, machine) for one in (syscalls.CLONE3, syscalls.SOCKET, syscalls.SOCKETPAIR)}
    for call in range(syscalls.NEWEST_KNOWN + 1):
        if call not in denied | special:
            assert decide(machine, call) == ALLOW, call


@pytest.mark.parametrize("machine", MACHINES)
def test_unknown_newer_call_does_not_exist(machine: str) -> None:
    assert decide(machine, syscalls.NEWEST_KNOWN + 1) == errno.ENOSYS
    assert decide(machine, 0x3FFFFFFF) == errno.ENOSYS


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("family", range(64))
def test_socket_family_is_open_only_when_listed(machine: str, family: int) -> None:
    for entry in (syscalls.SOCKET, syscalls.SOCKETPAIR):
        expected = ALLOW if family in (1, 2, 10) else errno.EOPNOTSUPP
        assert decide(machine, number(entry, machine), family, 1, 0) == expected


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("bit", range(32))
def test_clone_is_denied_exactly_with_a_namespace_flag(machine: str, bit: int) -> None:
    namespaces = {17, 25, 26, 27, 28, 29, 30}
    answer = decide(machine, number(syscalls.CLONE, machine), (1 << bit) | 17)
    assert answer == (errno.EPERM if bit in namespaces else ALLOW)


@pytest.mark.parametrize("machine", MACHINES)
def test_clone3_does_not_exist_so_that_flags_can_be_seen(machine: str) -> None:
    assert decide(machine, number(syscalls.CLONE3, machine)) == errno.ENOSYS


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("request_", "expected"), [(0x5412, errno.EPERM), (0x541C, errno.EPERM), (0x5401, ALLOW)])
def test_terminal_injection_is_denied(machine: str, request_: int, expected: str | int) -> None:
    assert decide(machine, number(syscalls.IOCTL, machine), 3, request_) == expected
    # The kernel looks at the lower half only, and so does the filter.
    assert decide(machine, number(syscalls.IOCTL, machine), 3, request_ | (1 << 40)) == expected


@pytest.mark.parametrize("machine", MACHINES)
def test_call_of_another_architecture_kills(machine: str) -> None:
    assert decide(machine, 20, architecture=0x40000003) == KILL
    assert decide(machine, 20, architecture=0x40000028) == KILL


def test_x32_call_kills() -> None:
    assert decide("x86_64", 0x40000000 | 39) == KILL


def test_unknown_architecture_is_refused_with_the_reason() -> None:
    with pytest.raises(UnavailableError, match="riscv64"):
        seccomp.program("riscv64")


def test_program_fits_the_kernels_limit() -> None:
    assert all(len(_instructions(machine)) < 4096 for machine in MACHINES)


HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", r"#define __NR_(\w+)\s+(\d+)"),
    "aarch64": ("/usr/include/asm-generic/unistd.h", r"#define __NR(?:3264)?_(\w+)\s+(\d+)"),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_numbers_agree_with_the_kernels_headers(machine: str) -> None:
    path, pattern = HEADERS[machine]
    if not Path(path).exists():
        pytest.skip(f"the kernel's headers ({path}) are not installed here; the numbers were checked where they are")
    known = {name: int(value) for name, value in re.findall(pattern, Path(path).read_text())}
    ours = {
        **syscalls.DENIED,
        "clone": syscalls.CLONE,
        "clone3": syscalls.CLONE3,
        "socket": syscalls.SOCKET,
        "socketpair": syscalls.SOCKETPAIR,
        "ioctl": syscalls.IOCTL,
    }
    newest = max(known.values())
    for name, entry in ours.items():
        value = getattr(entry, machine)
        if value is not None and value <= newest:
            assert known[name] == value, name
