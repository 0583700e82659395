"""Shut a process in before it opens what a stranger made: files, programs, memory, time.

On Linux from 5.13 the kernel itself refuses every path outside the given ones (Landlock), also
through links and whatever a file says; from 6.7 on also TCP. Memory and time are bounded on every
system that has ``setrlimit``.

Source:
    https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

CREATE, ADD, RESTRICT = 444, 445, 446  # system calls; the same numbers on every processor
NO_NEW_PRIVILEGES = 38
READ = 1 << 2 | 1 << 3  # files, folders
CHANGE = 0x1FF2  # write, remove, make: everything of the first version but reading and running
FILE_ONLY = 0x1 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15  # what can be granted on a single file
ALL = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF}  # rights by version; from 5 on also ioctl
SYSTEM = ("/usr", "/lib", "/lib64", "/proc", "/sys", "/dev/null", "/dev/urandom")


def close(readable: Iterable[Path], writable: Path, memory: int, seconds: int) -> bool:
    """From now on this process reads only there, writes only here, and runs nothing.

    Args:
        readable: files and folders; Python's own and the system's libraries come with them.
        writable: a folder.
        memory: bytes, beside what the process has now.
        seconds: of processor time, beside what it has used.

    Returns:
        Whether the kernel watches the paths; memory and time are bounded either way.
    """
    watched = _watch_paths([*readable, *_libraries()], writable)
    bound(memory, seconds)
    return watched


def _libraries() -> list[Path]:
    """Python, what it imports from, and what that loads."""
    own = (sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path, *SYSTEM, "/etc/ld.so.cache")
    return [Path(name) for name in dict.fromkeys(own) if name]


def bound(memory: int, seconds: int) -> None:
    """Bound what this process takes from now on; what was bounded before can be widened.

    Args:
        memory: bytes, beside what the process has now.
        seconds: of processor time, beside what it has used.
    """
    try:
        import resource
    except ImportError:  # no such system
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    _lower(resource.RLIMIT_CPU, spent + seconds)
    _lower(resource.RLIMIT_DATA, _data_now() + memory)
    _lower(resource.RLIMIT_CORE, 0)


def _lower(kind: int, limit: int) -> None:
    import resource

    hard = resource.getrlimit(kind)[1]
    most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(kind, (most, hard))


def _data_now() -> int:
    """Bytes of this process's own memory; 1 GiB where the system does not tell."""
    try:
        told = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 2**30
    return next(int(line.split()[1]) * 1024 for line in told.splitlines() if "VmData" in line)


def _watch_paths(readable: list[Path], writable: Path) -> bool:
    if sys.platform != "linux":
        return False
    system = ctypes.CDLL(None, use_errno=True)
    version = system.syscall(CREATE, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    rights = ALL.get(version, 0xFFFF)
    network = 0b11 if version >= 4 else 0  # bind and connect
    rules = struct.pack("QQ", rights, network)[: 16 if network else 8]
    number = system.syscall(CREATE, rules, ctypes.c_size_t(len(rules)), 0)
    if number < 0:
        return False
    for path in readable:
        _grant(system, number, path, READ)
    _grant(system, number, Path(os.devnull), READ | 1 << 1)
    _grant(system, number, writable, (READ | CHANGE | 1 << 14) & rights)
    system.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    done: bool = system.syscall(RESTRICT, number, 0) == 0
    os.close(number)
    return done


def _grant(system: ctypes.CDLL, rules: int, path: Path, rights: int) -> None:
    """What cannot be opened is not granted either."""
    try:
        number = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    allowed = rights if path.is_dir() else rights & FILE_ONLY
    system.syscall(ADD, rules, 1, struct.pack("=Qi", allowed, number), 0)
    os.close(number)
