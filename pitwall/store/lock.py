"""One writer per recording, over all processes: an advisory lock that dies with its holder."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from pitwall.telemetry import Failure

if sys.platform == "win32":
    import msvcrt

    def _try_lock(fd: int) -> bool:
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


_OTHERWISE = "close it there, look at it with `pitwall open`, or use another (`--recording OTHER`)"


class WriterLock:
    """Held from construction to :meth:`release`, on a file beside the recording.

    A separate file, because SQLite's own locks on the recording belong to the process and are
    dropped when any descriptor of it is closed. A killed process leaves the file but no lock.

    ``what`` the file is is said in messages.

    Raises Failure when another writer holds it or the folder cannot be written.
    """

    def __init__(self, recording: Path, what: str = "recording") -> None:
        self.path = recording.with_name(recording.name + "-lock")
        # The holder removes the file when it is done; whoever locked the removed one tries again.
        for _ in range(100):
            try:
                fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
            except OSError as error:
                raise Failure(
                    f"{recording}: cannot be opened for writing ({error.strerror}): "
                    "use a folder that can be written"
                ) from error
            if not _try_lock(fd):
                os.close(fd)
                raise Failure(
                    f"{recording}: another Pitwall is writing this {what}: "
                    + (_OTHERWISE if what == "recording" else "end it")
                )
            if self._is_current(fd):
                self._fd: int | None = fd
                return
            os.close(fd)
        raise Failure(f"{recording}: its lock file keeps changing: try again")

    def _is_current(self, fd: int) -> bool:
        try:
            return os.path.samestat(os.fstat(fd), self.path.stat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Give the recording free. Calling it again does nothing."""
        if self._fd is None:
            return
        fd, self._fd = self._fd, None
        if sys.platform == "win32":
            # An open file cannot be removed there; another writer may have it by then.
            os.close(fd)
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
        else:
            self.path.unlink(missing_ok=True)
            os.close(fd)
