"""Where the model's sweeps run: processes of this machine, or a cluster that the team owns."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pitwall.telemetry import BadInput, Failure

if TYPE_CHECKING:
    from pitwall.prerace.sweep import Executor

MOST_PROCESSES = 8
_CLUSTER_S = 15


@contextlib.contextmanager
def sweep_executor(processes: int | None = None, dask: str | None = None) -> Iterator[Executor]:
    """What runs the portions of a sweep. The numbers are the same bit for bit, whichever it is.

    ``processes``: how many local ones; None takes one less than this machine has processors (up to
    eight), 0 stays in this process. ``dask``: the address of a distributed scheduler, which needs
    the extra ``dask``. Raises BadInput for both at once or a wrong number, Failure when the
    cluster or its library is not there.
    """
    if dask is not None:
        if processes is not None:
            raise BadInput("--processes and --dask exclude each other")
        with _cluster(dask) as executor:
            yield executor
        return
    count = min((os.cpu_count() or 1) - 1, MOST_PROCESSES) if processes is None else processes
    if not 0 <= count <= 256:
        raise BadInput(f"--processes {count}: from 0 to 256")
    if count == 0:
        from pitwall.prerace.sweep import Here

        yield Here()
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # Not forked: a fork beside threads of ours copies their locks as they are.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        yield pool


@contextlib.contextmanager
def _cluster(address: str) -> Iterator[Any]:
    try:
        from distributed import Client  # type: ignore[import-not-found,unused-ignore]
    except ImportError as error:
        raise Failure(
            "--dask needs a library that is not here: install pitwall with its extra 'dask'"
        ) from error
    try:
        client = Client(address, timeout=_CLUSTER_S)
    except (OSError, ValueError, TimeoutError) as error:
        raise Failure(f"--dask {address}: no scheduler answers ({error})") from error
    try:
        yield client.get_executor()
    finally:
        client.close()
