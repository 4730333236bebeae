"""Memory of another process, to be read here. Linux only.

The standard library's mmap keeps a handle open for each mapping (``trackfd`` came with Python
3.13); a race has more stretches than a process may have handles.
"""

from __future__ import annotations

import ctypes
import os
import weakref

_PROT_READ = 1
_MAP_SHARED = 1


def mapped(handle: int, size: int) -> ctypes.Array[ctypes.c_char]:
    """The first ``size`` bytes, at least one, of what ``handle`` is of, mapped as long as the
    result is used; it must not be written to. The handle can be closed. Raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    library.mmap.restype = ctypes.c_void_p
    library.mmap.argtypes = [
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_long,
    ]
    library.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    if os.fstat(handle).st_size < size:
        raise OSError(f"memory of {os.fstat(handle).st_size} bytes, {size} announced")
    address = library.mmap(None, size, _PROT_READ, _MAP_SHARED, handle, 0)
    if address == ctypes.c_void_p(-1).value:
        reason = ctypes.get_errno()
        raise OSError(reason, os.strerror(reason))
    view = (ctypes.c_char * size).from_address(address)
    weakref.finalize(view, library.munmap, address, size).atexit = False
    return view
