"""Numbers of the system calls that sandboxes are denied, per architecture.

Written down rather than looked up: a filter must not depend on which headers a machine has. `None` means that the
architecture has no such call. The numbers are checked against the kernel's headers in the tests.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, NamedTuple


class Numbers(NamedTuple):
    """One call's number on each architecture."""

    x86_64: int | None
    aarch64: int | None


# The newest call known here; anything newer answers "no such call", so that an upgrade of the kernel opens nothing.
NEWEST_KNOWN: Final = 466

_TRACING = {
    "ptrace": Numbers(101, 117),
    "process_vm_readv": Numbers(310, 270),
    "process_vm_writev": Numbers(311, 271),
    "process_madvise": Numbers(440, 440),
    "kcmp": Numbers(312, 272),
    "pidfd_getfd": Numbers(438, 438),
    "perf_event_open": Numbers(298, 241),
}
_KERNEL = {
    "bpf": Numbers(321, 280),
    "userfaultfd": Numbers(323, 282),
    "io_uring_setup": Numbers(425, 425),
    "io_uring_enter": Numbers(426, 426),
    "io_uring_register": Numbers(427, 427),
    "add_key": Numbers(248, 217),
    "request_key": Numbers(249, 218),
    "keyctl": Numbers(250, 219),
    "init_module": Numbers(175, 105),
    "finit_module": Numbers(313, 273),
    "delete_module": Numbers(176, 106),
    "create_module": Numbers(174, None),
    "get_kernel_syms": Numbers(177, None),
    "query_module": Numbers(178, None),
    "kexec_load": Numbers(246, 104),
    "kexec_file_load": Numbers(320, 294),
    "memfd_secret": Numbers(447, 447),
    "vmsplice": Numbers(278, 75),
    "personality": Numbers(135, 92),
    "modify_ldt": Numbers(154, None),
    "uselib": Numbers(134, None),
    "ustat": Numbers(136, None),
    "sysfs": Numbers(139, None),
    "_sysctl": Numbers(156, None),
    "lookup_dcookie": Numbers(212, 18),
    "nfsservctl": Numbers(180, 42),
}
_MACHINE = {
    "reboot": Numbers(169, 142),
    "syslog": Numbers(103, 116),
    "acct": Numbers(163, 89),
    "swapon": Numbers(167, 224),
    "swapoff": Numbers(168, 225),
    "quotactl": Numbers(179, 60),
    "quotactl_fd": Numbers(443, 443),
    "iopl": Numbers(172, None),
    "ioperm": Numbers(173, None),
    "settimeofday": Numbers(164, 170),
    "clock_settime": Numbers(227, 112),
    "clock_adjtime": Numbers(305, 266),
    "adjtimex": Numbers(159, 171),
    "sethostname": Numbers(170, 161),
    "setdomainname": Numbers(171, 162),
    "vhangup": Numbers(153, 58),
    "mbind": Numbers(237, 235),
    "set_mempolicy": Numbers(238, 237),
    "get_mempolicy": Numbers(239, 236),
    "set_mempolicy_home_node": Numbers(450, 450),
    "move_pages": Numbers(279, 239),
    "migrate_pages": Numbers(256, 238),
}
_MOUNTS_AND_NAMESPACES = {
    "mount": Numbers(165, 40),
    "umount2": Numbers(166, 39),
    "pivot_root": Numbers(155, 41),
    "chroot": Numbers(161, 51),
    "move_mount": Numbers(429, 429),
    "open_tree": Numbers(428, 428),
    "fsopen": Numbers(430, 430),
    "fsconfig": Numbers(431, 431),
    "fsmount": Numbers(432, 432),
    "fspick": Numbers(433, 433),
    "mount_setattr": Numbers(442, 442),
    "statmount": Numbers(457, 457),
    "listmount": Numbers(458, 458),
    "unshare": Numbers(272, 97),
    "setns": Numbers(308, 268),
    "name_to_handle_at": Numbers(303, 264),
    "open_by_handle_at": Numbers(304, 265),
    "fanotify_init": Numbers(300, 262),
    "fanotify_mark": Numbers(301, 263),
}

DENIED: Final = MappingProxyType({**_TRACING, **_KERNEL, **_MACHINE, **_MOUNTS_AND_NAMESPACES})

# Calls whose arguments decide; `seccomp` has the rules.
CLONE: Final = Numbers(56, 220)
CLONE3: Final = Numbers(435, 435)
SOCKET: Final = Numbers(41, 198)
SOCKETPAIR: Final = Numbers(53, 199)
IOCTL: Final = Numbers(16, 29)
