"""A process that gives up the network for good, with all that it starts: a filter of system calls (seccomp(2)).

No privilege is needed for it, and none lifts it. Sockets between processes of one machine (AF_UNIX) stay: office
programs speak to their own parts by them.
"""

import ctypes
import errno
import platform
import socket
import sys
from typing import Any, Final

_SET_SECCOMP, _SET_NO_NEW_PRIVILEGES, _FILTER_MODE = 22, 38, 2  # of prctl(2)
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # of BPF
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000
_CALL, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # bytes into seccomp_data
_URING = 425  # of io_uring_setup(2), which opens sockets past this filter
_OTHER_NUMBERS = 0x40000000  # of x32, which calls everything by numbers of its own

_MACHINES: Final = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""Machine → how the kernel calls it, and the number of socket(2) there."""


class _Step(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_ushort),
        ("then", ctypes.c_ubyte),
        ("other", ctypes.c_ubyte),
        ("value", ctypes.c_uint32),
    ]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.POINTER(_Step))]


def can_close() -> bool:
    """Whether this machine is one of those that :func:`close` knows."""
    return sys.platform == "linux" and platform.machine() in _MACHINES


def close() -> bool:
    """Refuse (EACCES) every socket but AF_UNIX from now on; whether the kernel has taken it."""
    if not can_close():
        return False
    architecture, new_socket = _MACHINES[platform.machine()]
    refuse = _Step(_RETURN, 0, 0, _REFUSE | errno.EACCES)
    steps: list[Any] = [
        _Step(_LOAD, 0, 0, _ARCHITECTURE),
        _Step(_EQUAL, 0, 7, architecture),
        _Step(_LOAD, 0, 0, _CALL),
        _Step(_AT_LEAST, 5, 0, _OTHER_NUMBERS),
        _Step(_EQUAL, 4, 0, _URING),
        _Step(_EQUAL, 0, 2, new_socket),
        _Step(_LOAD, 0, 0, _FIRST_ARGUMENT),
        _Step(_EQUAL, 0, 1, socket.AF_UNIX),
        _Step(_RETURN, 0, 0, _ALLOW),
        refuse,
    ]
    kept = (_Step * len(steps))(*steps)
    program = _Program(len(steps), kept)
    kernel = ctypes.CDLL(None)
    if kernel.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return bool(kernel.prctl(_SET_SECCOMP, _FILTER_MODE, ctypes.byref(program), 0, 0) == 0)
