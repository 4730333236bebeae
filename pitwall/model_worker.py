"""The process that works out advice: started by the first job, replaced when it dies or hangs."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Generic, TypeVar

from pitwall.runtime.priority import give_way
from pitwall.telemetry import Failure, PitwallError

J = TypeVar("J")
R = TypeVar("R")
LIMIT_S = 120.0
"""A job that takes longer is not late, it hangs."""
TRIES = 2
"""A process that was killed (a machine short of memory does that) gets a second chance; a job that
kills two is the job's fault."""


class ModelWorker(Generic[J, R]):
    """Does jobs one after the other, each in a process of its own priority below the window's.

    Used by one thread; :meth:`stop` may come from another.
    """

    def __init__(self, work: Callable[[J], R], limit_s: float = LIMIT_S) -> None:
        """``work``: a function of a module, that the other process can import; what it is given
        and gives back must be values."""
        self._work = work
        self._limit_s = limit_s
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()
        self._ended = False

    def run(self, job: J) -> R:
        """Do it and wait, at most twice the limit. Raises what the work raises as PitwallError;
        Failure, which says what happened, when it fails otherwise, its processes die or hang, or
        after :meth:`stop`."""
        why = ""
        for _ in range(TRIES):
            try:
                return self._submit(job).result(self._limit_s)
            except PitwallError:
                raise
            except TimeoutError:
                why = f"it did not answer within {self._limit_s:g} s"
            except BrokenProcessPool:
                why = "its process died"
            except CancelledError as error:
                raise Failure("the model's worker has ended") from error
            except (
                Exception
            ) as error:  # what the work did not expect must not end the asking thread
                said = next(iter(str(error).strip().splitlines()), "")
                raise Failure(
                    f"the model failed on these laps ({type(error).__name__}: {said}); "
                    "the next lap asks again"
                ) from error
            self._drop()
        raise Failure(f"the model's worker gave up twice: {why}; the next lap asks again")

    def stop(self) -> None:
        """End at once; a job at work is given up. Later jobs are refused."""
        with self._lock:
            self._ended = True
        self._drop()

    def _submit(self, job: J) -> Future[R]:
        with self._lock:
            if self._ended:
                raise Failure("the model's worker has ended")
            if self._pool is None:
                # Not forked: a fork beside threads of ours copies their locks as they are.
                context = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=give_way)
            return self._pool.submit(self._work, job)

    def _drop(self) -> None:
        """Away with the process, whatever it is doing: an executor by itself waits for it."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is None:
            return
        processes = list((getattr(pool, "_processes", None) or {}).values())
        for process in processes:
            process.kill()
        pool.shutdown(wait=False, cancel_futures=True)
