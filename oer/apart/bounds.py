"""What a process that reads other people's files does to itself before it looks at one."""

import ctypes
import os
import resource
import signal

from oer.apart import network

_DEATH_SIGNAL = 1  # of prctl(2)


def confine(*, memory: int, cpu: int, files: int = 64) -> bool:
    """Bounds on bytes of addresses, seconds of the processor and open files, and no network; whether the kernel has
    taken the last, which it does on the machines that ``network`` knows.

    It ends with the thread that has started it, however that ends.
    """
    os.nice(10)  # people who read and search go first
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    for bound, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, files),
    ):
        resource.setrlimit(bound, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))  # a signal of its own, and then the hard one
    return network.close()


def write(most: int) -> None:
    """No file grows beyond ``most`` bytes from now on; with 0 nothing is written but to pipes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def start_nothing() -> None:
    """No process is started from now on, where the kernel holds this user to it: root it does not."""
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
