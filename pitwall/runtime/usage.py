"""This process's own CPU share and memory."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU share since the previous sample (1.0 = one core) and resident memory in bytes."""

    cpu: float
    memory: int


class ProcessUsage:
    """Samples the process; each sample covers the time since the one before."""

    def __init__(self) -> None:
        self._wall = time.monotonic()
        self._cpu = time.process_time()

    def sample(self) -> Usage:
        """The share of one core used since the last call, and the memory held now."""
        wall, cpu = time.monotonic(), time.process_time()
        share = (cpu - self._cpu) / max(wall - self._wall, 1e-3)
        self._wall, self._cpu = wall, cpu
        return Usage(share, resident_bytes())


def resident_bytes() -> int:
    """Resident memory of this process in bytes; on macOS its peak; 0 when it cannot be known."""
    read = {"linux": _linux_bytes, "win32": _windows_bytes}.get(sys.platform, _peak_bytes)
    return read()


def _linux_bytes() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _peak_bytes() -> int:
    import resource

    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


class _Counters(ctypes.Structure):
    _fields_ = [  # noqa: RUF012 - ctypes wants a plain list
        ("cb", ctypes.c_uint32),
        ("page_faults", ctypes.c_uint32),
        ("peak_working_set", ctypes.c_size_t),
        ("working_set", ctypes.c_size_t),
        ("rest", ctypes.c_size_t * 6),
    ]


def _windows_bytes() -> int:
    counters = _Counters()
    counters.cb = ctypes.sizeof(counters)
    kernel = ctypes.CDLL("kernel32")
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    ok = kernel.K32GetProcessMemoryInfo(
        ctypes.c_void_p(kernel.GetCurrentProcess()), ctypes.byref(counters), counters.cb
    )
    return int(counters.working_set) if ok else 0
