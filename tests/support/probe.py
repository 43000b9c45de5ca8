# ruff: noqa: PTH104, PTH108, PTH110, PTH112, PTH114, PTH115, PTH116, PTH118, PTH123, PTH208, PTH211, T201, N818
"""Attacks from inside a sandbox, as one self-contained program: ``main(context)`` tries them all and prints JSON.

It is sent as it stands into a real kernel, and into sandboxes of hubs that run as root and as an ordinary user. An
attack that raises `Stopped` or an `OSError` was stopped; one that returns has succeeded; anything else is a mistake in
the attack itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import importlib.util
import json
import mmap
import os
import platform
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Context = dict[str, Any]
ATTACKS: dict[str, Callable[[Context], object]] = {}


class Stopped(Exception):
    """What was tried did not work, in the way it should not."""


def attack(function: Callable[[Context], object]) -> Callable[[Context], object]:
    """Put `function` on the list."""
    ATTACKS[function.__name__] = function
    return function


def nothing(found: object, words: str) -> object:
    """Raise `Stopped` when nothing was found."""
    if not found:
        raise Stopped(words)
    return found


def software() -> str:
    """Return the environment that every room has; a notebook's own is over it, in the workspace."""
    spec = importlib.util.find_spec("numpy")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parents[4])


# --- the network ------------------------------------------------------------------------------------------------------


def connect(family: int, address: Any, kind: int = socket.SOCK_STREAM) -> str:
    with socket.socket(family, kind) as channel:
        channel.settimeout(2)
        channel.connect(address)
        return f"connected to {address}"


@attack
def tcp_to_a_listener_of_the_machine(context: Context) -> object:
    return connect(socket.AF_INET, ("127.0.0.1", context["tcp"]))


@attack
def tcp_to_the_public_proxy(context: Context) -> object:
    return connect(socket.AF_INET, ("127.0.0.1", context["hub"]))


@attack
def ipv6_to_a_listener_of_the_machine(context: Context) -> object:
    return connect(socket.AF_INET6, ("::1", context["tcp6"]))


@attack
def udp_to_a_listener_of_the_machine(context: Context) -> object:
    # Loopback of its own: the datagram goes nowhere, and the room learns that by an error on the second one.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.settimeout(2)
        channel.connect(("127.0.0.1", context["udp"]))
        channel.send(b"out")
        time.sleep(0.1)
        channel.send(b"out")
        return channel.recv(10)


@attack
def name_resolution(_context: Context) -> object:
    try:
        return socket.getaddrinfo("saferoom.invalid", 443)
    except socket.gaierror as error:
        raise Stopped(str(error)) from error


@attack
def any_interface_but_loopback(_context: Context) -> object:
    lines = Path("/proc/net/dev").read_text().splitlines()[2:]
    return nothing([line for line in lines if line.split(":")[0].strip() != "lo"], "only lo")


@attack
def any_route(_context: Context) -> object:
    routes = Path("/proc/net/route").read_text().splitlines()[1:]
    if Path("/proc/net/ipv6_route").exists():
        routes += [line for line in Path("/proc/net/ipv6_route").read_text().splitlines() if line.split()[-1] != "lo"]
    return nothing(routes, "no route")


@attack
def vsock_to_the_machine(_context: Context) -> object:
    return connect(40, (2, 1024))


@attack
def packet_socket(_context: Context) -> object:
    with socket.socket(17, socket.SOCK_RAW) as channel:
        return channel.fileno()


@attack
def raw_ip_socket(_context: Context) -> object:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as channel:
        return channel.fileno()


@attack
def every_other_socket_family(_context: Context) -> object:
    opened = []
    for family in set(range(1, 64)) - {socket.AF_UNIX, socket.AF_INET, socket.AF_INET6}:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            with contextlib.suppress(OSError), socket.socket(family, kind):
                opened.append((family, kind))
    return nothing(opened, "no other family")


@attack
def abstract_unix_socket_of_the_machine(context: Context) -> object:
    return connect(socket.AF_UNIX, "\0" + context["abstract"])


# --- files ------------------------------------------------------------------------------------------------------------


def walk(top: str = "/") -> list[str]:
    """Return every path that can be reached, but for what the kernel itself provides."""
    found = []
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in ("/proc", "/usr", "/sys")]
        found += [os.path.join(folder, name) for name in [*folders, *files]]
    return found


@attack
def a_file_of_the_home_or_of_another_project(context: Context) -> object:
    seen = [path for path in walk() if context["canary"] in path]
    return nothing([path for path in seen if not path.startswith("/room/")], "no canary in sight")


@attack
def the_home_by_its_path(context: Context) -> object:
    return nothing([path for path in context["private"] if os.path.exists(path)], "no such path")


@attack
def keys_databases_and_secrets(_context: Context) -> object:
    endings = (".pem", ".key", ".sqlite", "cookie_secret", "identities.json")
    ours = (software(), sys.base_prefix, "/tmp/saferoom/")
    return nothing([p for p in walk() if p.endswith(endings) and not p.startswith(ours)], "none")


@attack
def the_checkout_beyond_the_code(context: Context) -> object:
    return nothing(
        [
            path
            for path in (
                f"{context['checkout']}/.git",
                f"{context['checkout']}/.saferoom",
                f"{context['checkout']}/tests",
            )
            if os.path.exists(path)
        ],
        "hidden",
    )


@attack
def change_an_extract(context: Context) -> object:
    done = []
    extract = next(path for path in Path(context["data"]).glob("*.parquet"))
    tries: list[Callable[[], object]] = [
        lambda: extract.open("ab"),
        lambda: (Path(context["data"]) / "new.parquet").open("wb"),
        extract.unlink,
        lambda: extract.rename(extract.with_suffix(".old")),
        lambda: extract.chmod(0o777),
        lambda: os.link(extract, "/room/linked"),
        lambda: os.symlink("/room/x", f"{context['data']}/link"),
        lambda: os.truncate(extract, 0),
        lambda: (Path(context["data"]) / "manifest.json").open("w"),
    ]
    for number, attempt in enumerate(tries):
        with contextlib.suppress(OSError):
            attempt()
            done.append(number)
    return nothing(done, "read-only")


@attack
def write_outside_the_workspace(_context: Context) -> object:
    places = ["/", "/etc", "/usr", "/usr/bin", "/run", "/dev", "/data", "/bin/", software(), sys.base_prefix]
    places += [path for path in sys.path if path.startswith(software()) or path.endswith("src")]
    done = []
    for place in places:
        with contextlib.suppress(OSError):
            path = os.path.join(place, "planted")
            Path(path).write_text("x")
            done.append(path)
    return nothing(done, "nothing but the workspace and /tmp")


@attack
def replace_a_socket(_context: Context) -> object:
    done = []
    for path in ("/run/hub.sock", "/run/airlock.sock", "/run/doors/hub.sock", "/run/doors/airlock.sock", "/run/doors"):
        for attempt in (os.unlink, os.rmdir, lambda p: os.rename(p, p + ".old"), lambda p: os.rename(p, "/room/taken")):
            with contextlib.suppress(OSError):
                attempt(path)
                done.append(path)
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as mine:
            mine.bind(path + "2")
            done.append(path + "2")
    return nothing(done, "all stay where they are")


@attack
def any_other_socket_in_the_doors(_context: Context) -> object:
    if not os.path.isdir("/run/doors"):
        raise Stopped("no doors")
    return nothing(set(os.listdir("/run/doors")) - {"hub.sock", "airlock.sock"}, "only the two")


@attack
def the_proxys_or_another_rooms_socket(context: Context) -> object:
    for path in context["sockets"]:
        with contextlib.suppress(OSError):
            return connect(socket.AF_UNIX, path)
    raise Stopped("none can be reached")


@attack
def an_inherited_file(_context: Context) -> object:
    odd = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            for descriptor in os.listdir(f"/proc/{process}/fd"):
                with contextlib.suppress(OSError):
                    target = os.readlink(f"/proc/{process}/fd/{descriptor}")
                    inside = ("socket:", "pipe:", "anon_inode:", "/dev/", "/tmp/", "/room", "/proc", "/memfd:saferoom")
                    if not target.startswith((*inside, software(), sys.base_prefix)):
                        odd.append((process, target))
    return nothing([pair for pair in odd if "(deleted)" not in pair[1]], "nothing from outside")


# --- privileges and the kernel ----------------------------------------------------------------------------------------


@attack
def any_capability(_context: Context) -> object:
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    held = [name for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb") if int(status[name], 16)]
    held += [] if status["NoNewPrivs"] == "1" else ["new privileges"]
    held += [] if status["Seccomp"] == "2" else ["no filter"]
    return nothing(held, "none, and a filter")


@attack
def become_root(_context: Context) -> object:
    if os.getuid() == 0:
        return "already root"
    calls: list[Callable[[], None]] = [
        lambda: os.setuid(0),
        lambda: os.setgid(0),
        lambda: os.setgroups([0]),
        lambda: os.setresuid(0, 0, 0),
    ]
    for call in calls:
        with contextlib.suppress(OSError):
            call()
            return "changed"
    raise Stopped("uid stays")


@attack
def setuid_programs(_context: Context) -> object:
    for words in (["su", "-c", "id"], ["mount", "-t", "tmpfs", "x", "/room"], ["unshare", "-U", "true"]):
        done = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode == 0:
            return words
    raise Stopped("all refused")


_LIBC = ctypes.CDLL(None, use_errno=True)
_CALLS = {
    "x86_64": {
        "ptrace": 101, "process_vm_readv": 310, "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161,
        "unshare": 272, "setns": 308, "bpf": 321, "keyctl": 250, "add_key": 248, "request_key": 249,
        "userfaultfd": 323, "perf_event_open": 298, "io_uring_setup": 425, "open_tree": 428, "fsopen": 430,
        "init_module": 175, "kexec_load": 246, "name_to_handle_at": 303, "open_by_handle_at": 304, "clone3": 435,
        "pidfd_getfd": 438, "mount_setattr": 442, "personality": 135, "syslog": 103, "memfd_secret": 447,
        "from the future": 500,
    },
    "aarch64": {
        "ptrace": 117, "process_vm_readv": 270, "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51,
        "unshare": 97, "setns": 268, "bpf": 280, "keyctl": 219, "add_key": 217, "request_key": 218,
        "userfaultfd": 282, "perf_event_open": 241, "io_uring_setup": 425, "open_tree": 428, "fsopen": 430,
        "init_module": 105, "kexec_load": 104, "name_to_handle_at": 264, "open_by_handle_at": 265, "clone3": 435,
        "pidfd_getfd": 438, "mount_setattr": 442, "personality": 92, "syslog": 116, "memfd_secret": 447,
        "from the future": 500,
    },
}  # fmt: skip


@attack
def dangerous_system_calls(_context: Context) -> object:
    open_calls = []
    for name, number in _CALLS[platform.machine()].items():
        ctypes.set_errno(0)
        answer = _LIBC.syscall(number, 0, 0, 0, 0, 0)
        # The filter's own answers; a call that reached the kernel would complain about its arguments instead.
        if answer >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
            open_calls.append((name, answer, errno.errorcode.get(ctypes.get_errno())))
    return nothing(open_calls, "all filtered")


@attack
def clone_with_new_namespaces(_context: Context) -> object:
    number = {"x86_64": 56, "aarch64": 220}[platform.machine()]
    for flag in (0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        child = _LIBC.syscall(number, flag | signal.SIGCHLD, 0, 0, 0, 0)
        if child == 0:
            os._exit(0)
        if child > 0:
            os.waitpid(child, 0)
            return hex(flag)
    raise Stopped("no namespace")


def in_child(function: Callable[[], Any]) -> int:
    """Return how a child that calls `function` ended."""
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        function()
        os._exit(0)
    return os.waitpid(child, 0)[1]


@attack
def calls_of_another_abi(_context: Context) -> object:
    if platform.machine() != "x86_64":
        raise Stopped("no other ABI here")
    # mov eax, 20 (getpid in the 32-bit table); int 0x80; ret
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    call: Any = ctypes.CFUNCTYPE(ctypes.c_int)(address)
    old = in_child(call)
    x32 = in_child(lambda: _LIBC.syscall(0x40000000 | 39))
    return nothing([end for end in (old, x32) if os.WTERMSIG(end) != signal.SIGSYS], "both killed")


@attack
def terminal_injection(_context: Context) -> object:
    import fcntl
    import pty

    _, slave = pty.openpty()
    return fcntl.ioctl(slave, 0x5412, b"x")


@attack
def processes_of_others(_context: Context) -> object:
    mine = os.getuid()
    visible = [p for p in os.listdir("/proc") if p.isdigit()]
    foreign = [p for p in visible if os.stat(f"/proc/{p}").st_uid != mine and p not in ("1", "2")]
    return nothing(foreign, f"only {len(visible)} processes of this sandbox")


@attack
def memory_of_the_sandboxs_own_init(context: Context) -> object:
    if not context["root"]:
        # Without root the sandbox's init has the same user id; it holds nothing that the room does not have.
        environment = Path("/proc/1/environ").read_bytes()
        if b"SAFEROOM_HOME" in environment or b"CONFIGPROXY" in environment:
            return environment[:50]
        raise Stopped("nothing but the room's own")
    return Path("/proc/1/environ").read_bytes()[:50]


@attack
def the_kernels_switches(_context: Context) -> object:
    done = []
    for path in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/sys/kernel/hostname"):
        with contextlib.suppress(OSError), open(path, "w"):
            done.append(path)
    return nothing(done, "not writable")


@attack
def devices(_context: Context) -> object:
    usual = {"full", "null", "random", "tty", "urandom", "zero", "console"}
    odd = [name for name in os.listdir("/dev") if not os.path.islink(f"/dev/{name}") and name not in usual]
    return nothing(set(odd) - {"pts", "shm", "mqueue"}, "only the harmless ones")


@attack
def make_a_device(_context: Context) -> object:
    os.mknod("/tmp/disk", 0o600 | 0o060000, os.makedev(8, 0))
    return "/tmp/disk"


# --- limits -----------------------------------------------------------------------------------------------------------


@attack
def a_file_beyond_the_limit(context: Context) -> object:
    path = f"{context['workspace']}/large"
    try:
        with open(path, "wb") as file:
            file.truncate(context["file_bytes"] + 1)
        return os.stat(path).st_size
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)


@attack
def temporary_files_beyond_the_limit(context: Context) -> object:
    for folder in ("/tmp", "/dev/shm"):
        path = f"{folder}/large"
        try:
            with open(path, "wb") as file:
                for _ in range(context["scratch_bytes"] // (1 << 20) + 1):
                    file.write(bytes(1 << 20))
            return folder
        except OSError:
            continue
        finally:
            with contextlib.suppress(OSError):
                os.unlink(path)
    raise Stopped("both are bounded")


@attack
def more_processes_than_the_limit(context: Context) -> object:
    children = []
    try:
        for _ in range(context["processes"] + 1):
            child = os.fork()
            if child == 0:
                signal.pause()
                os._exit(0)
            children.append(child)
        return len(children)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
        for child in children:
            os.waitpid(child, 0)


@attack
def more_memory_than_the_limit(context: Context) -> object:
    def fill() -> None:
        kept = []
        try:
            while True:
                kept.append(b"x" * (64 << 20))
                if len(kept) * (64 << 20) > context["memory_bytes"] + (256 << 20):
                    os._exit(7)
        except MemoryError:
            os._exit(3)

    status = in_child(fill)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 7:
        return "all of it"
    raise Stopped(f"ended with status {status}")


@attack
def a_core_dump(_context: Context) -> object:
    return nothing(resource.getrlimit(resource.RLIMIT_CORE)[1], "never")


def main(context: Context) -> None:
    """Try every attack; print one JSON object from names to ``[outcome, words]``."""
    results = {}
    for name, function in ATTACKS.items():
        try:
            results[name] = ["SUCCEEDED", repr(function(context))[:300]]
        except (Stopped, OSError) as stopped:
            results[name] = ["stopped", f"{type(stopped).__name__}: {stopped}"[:300]]
        except Exception as error:
            results[name] = ["broken", f"{type(error).__name__}: {error}"[:300]]
    print(json.dumps(results))


if __name__ == "__main__":
    main(json.loads(sys.stdin.read()))
