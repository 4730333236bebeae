"""Starting the stand-in as a child process, and ending it.

The child serves as long as its stdin is open, so it ends with this process however that ends.
"""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from pitwall.cloud.child import environment
from pitwall.telemetry.errors import BadInput, Failure

Progress = Callable[[float, str], None]
_MAX_LINES = 10_000


@dataclass(slots=True)
class StandIn:
    """A running stand-in.

    Attributes:
        endpoint: its URL, for every service.
        table, bucket: names of the table and the archive's bucket.
        stream_arn: of the table's stream.
    """

    endpoint: str
    table: str
    bucket: str
    stream_arn: str
    _process: subprocess.Popen[bytes] = field(repr=False)
    _reader: threading.Thread = field(repr=False)
    _errors: IO[bytes] = field(repr=False)

    @classmethod
    def start(
        cls,
        *,
        seed_spec: Mapping[str, Any] | None = None,
        on_progress: Progress | None = None,
        cancelled: Callable[[], bool] = lambda: False,
        limit_s: float = 60.0,
        **options: str | float,
    ) -> StandIn:
        """Start one and wait until it answers.

        Args:
            seed_spec: history to make first.
            on_progress: called with (share, what) while it is made, on the calling thread.
            cancelled: asked several times a second; True gives up.
            limit_s: longest wait for the next sign of life.
            options: the flags of ``pitwall stand-in``: ``rotate_every=5`` is ``--rotate-every 5``.

        Raises:
            BadInput: what it was told to make cannot be made.
            Failure: it did not start, or was cancelled.
        """
        command = _command()
        for name, value in options.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        if seed_spec is not None:
            command += ["--seed-spec", json.dumps(seed_spec)]
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in _end
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment(),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            errors.close()
            raise Failure(f"the stand-in could not be started: {error}") from None
        lines: queue.Queue[bytes | None] = queue.Queue(_MAX_LINES)
        reader = threading.Thread(
            target=_read, args=(process, lines), name="stand-in output", daemon=True
        )
        reader.start()
        try:
            ready = _wait_ready(lines, on_progress, cancelled, limit_s)
        except BaseException:
            process.kill()
            _end(process, reader, errors)
            raise
        if ready is None:
            _stop(process, 2.0)
            reason = last_words(errors) or "it ended without a word"
            _end(process, reader, errors)
            if process.returncode == BadInput.exit_code:
                raise BadInput(reason)
            raise Failure(f"the stand-in did not start: {reason}")
        return cls(
            ready["endpoint"],
            ready["table"],
            ready["bucket"],
            ready["stream_arn"],
            process,
            reader,
            errors,
        )

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """True until the child has ended."""
        return self._process.poll() is None

    def control(self, action: str, **body: Any) -> dict[str, Any]:
        """Use the control door: ``rotate``, ``split``, ``trim``, ``fault``, ``outage``, ``clear``.

        Raises:
            Failure: it refused, or does not answer.
        """
        return self._ask(action, json.dumps(body).encode())

    def status(self) -> dict[str, Any]:
        """Shards, records, items, objects and more.

        Raises:
            Failure: it does not answer.
        """
        return self._ask("status", None)

    def _ask(self, action: str, body: bytes | None) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.endpoint}/_standin/{action}", data=body)
        # No proxy of the environment: the loopback is never behind one.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=10) as answer:
                result: dict[str, Any] = json.load(answer)
                return result
        except (OSError, ValueError) as error:
            raise Failure(f"the stand-in at {self.endpoint} refused {action}: {error}") from None

    def stop(self, limit_s: float = 5.0) -> None:
        """End the child and wait for it; harmless when it has ended."""
        _stop(self._process, limit_s)
        _end(self._process, self._reader, self._errors)

    def __enter__(self) -> StandIn:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()


def _command() -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, "stand-in"]
    return [sys.executable, "-m", "pitwall.cloud.local"]


def _read(process: subprocess.Popen[bytes], lines: queue.Queue[bytes | None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        # When nobody listens any more the pipe must be emptied all the same.
        with contextlib.suppress(queue.Full):
            lines.put_nowait(line)
    with contextlib.suppress(queue.Full):
        lines.put_nowait(None)


def _wait_ready(
    lines: queue.Queue[bytes | None],
    on_progress: Progress | None,
    cancelled: Callable[[], bool],
    limit_s: float,
) -> dict[str, Any] | None:
    """The ready line; None when the child ended without one."""
    deadline = time.monotonic() + limit_s
    while True:
        if cancelled():
            raise Failure("the stand-in was cancelled")
        if time.monotonic() > deadline:
            raise Failure(f"the stand-in gave no sign of life for {limit_s:g} s")
        try:
            line = lines.get(timeout=0.1)
        except queue.Empty:
            continue
        if line is None:
            return None
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if "endpoint" in said:
            ready: dict[str, Any] = said
            return ready
        if "progress" in said:
            deadline = time.monotonic() + limit_s
            if on_progress is not None:
                on_progress(float(said["progress"]), str(said.get("what", "")))


def _stop(process: subprocess.Popen[bytes], limit_s: float) -> None:
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    for end in (None, process.terminate, process.kill):
        if end is not None:
            end()
        try:
            process.wait(limit_s)
        except subprocess.TimeoutExpired:
            continue
        return


def _end(process: subprocess.Popen[bytes], reader: threading.Thread, errors: IO[bytes]) -> None:
    try:
        process.wait(5.0)
    except subprocess.TimeoutExpired:
        return
    reader.join(5.0)
    for stream in (process.stdin, process.stdout, errors):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def last_words(errors: IO[bytes]) -> str:
    """The last line that a child of ours wrote to its ``errors``, without the program's name, which
    whoever repeats it will say; empty when it wrote none."""
    errors.seek(0)
    lines = errors.read()[-4000:].decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("pitwall: ") if lines else ""
