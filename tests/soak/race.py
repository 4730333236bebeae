"""A small race whose parts are processes that run by themselves and share only URLs.

The stand-in and the cars are started through the command line, as anybody would start them; both
end when this process does, because their stdin is a pipe of ours.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
PITWALL = (sys.executable, "-m", "pitwall")
READY_S = 180.0
END_S = 60.0


@dataclass(frozen=True, slots=True)
class RaceSpec:
    """How large the race is and how the stand-in turns over.

    Attributes:
        cars, seed: of the synthetic field.
        history_s: seconds of race that are over when the stand-in is ready.
        stream_s: how much of it the stream still holds, and its retention.
        rotate_s: how often all shards rotate.
        firehose_s: longest wait of a record on its way into the archive.
    """

    cars: int = 3
    seed: int = 5
    history_s: float = 120.0
    stream_s: float = 40.0
    rotate_s: float = 5.0
    firehose_s: float = 5.0


class Child:
    """A process of ours: its lines of output as they come, and an end that is sure.

    Args:
        words: of the command line, after ``pitwall``.
        env: in place of the environment.
    """

    def __init__(self, words: Sequence[str], env: dict[str, str] | None = None) -> None:
        self.words = tuple(words)
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [*PITWALL, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=ROOT,
            env=env,
        )
        self._lines: queue.Queue[str | None] = queue.Queue(100_000)
        self._reader = threading.Thread(target=self._read, name="child output", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.decode())
        self._lines.put(None)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def line(self, timeout_s: float) -> str | None:
        """The next line of output; None when there is none in time or ever."""
        try:
            return self._lines.get(timeout=max(timeout_s, 0.001))
        except queue.Empty:
            return None

    def lines(self) -> list[str]:
        """All that has come and was not taken yet."""
        found = []
        with contextlib.suppress(queue.Empty):
            while (line := self._lines.get_nowait()) is not None:
                found.append(line)
        return found

    def errors(self) -> str:
        """What it wrote to stderr so far."""
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.close()

    def end(self, limit_s: float = END_S) -> int:
        """Ask it to end and wait; its exit code."""
        self.process.terminate()
        return self.wait(limit_s)

    def wait(self, limit_s: float = END_S) -> int:
        """Wait until it ends by itself; its exit code."""
        code = self.process.wait(limit_s)
        self._reader.join(END_S)
        return code

    def close(self) -> None:
        """No process, pipe or thread is left."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(END_S)
        self._reader.join(END_S)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._errors.close()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


@dataclass(slots=True)
class Race:
    """A race under way.

    Attributes:
        endpoint, table, bucket, session: all that an app is told.
        seeding_s: from the start of the stand-in until it was ready.
        stand_in, cars: the two processes.
    """

    endpoint: str
    table: str
    bucket: str
    session: str
    seeding_s: float
    stand_in: Child
    cars: Child
    _finished: bool = field(default=False)

    def finish(self) -> None:
        """Let the cars stop as they do after the flag: last chunks, last heads."""
        if not self._finished:
            self._finished = True
            code = self.cars.end()
            if code != 0:
                raise AssertionError(f"the cars ended with {code}: {self.cars.errors()}")

    def control(self, action: str, **body: Any) -> dict[str, Any]:
        """The stand-in's own door."""
        return ask(self.endpoint, action, body)


def ask(endpoint: str, action: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """A request to the stand-in's own door; ``status`` takes no body."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{endpoint}/_standin/{action}", data=data)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=20) as answer:
        doc: dict[str, Any] = json.load(answer)
        return doc


@contextlib.contextmanager
def race(spec: RaceSpec, session: str = "2025-06-01-soak-r1") -> Iterator[Race]:
    """A race that goes on for as long as the context lasts."""
    seed = {
        "seed": spec.seed,
        "cars": spec.cars,
        "session": session,
        "seconds_history": spec.history_s,
        "stream_s": spec.stream_s,
        "cache": False,
    }
    words = ["stand-in", "--seed-spec", json.dumps(seed)]
    words += ["--rotate-every", str(spec.rotate_s), "--retention-s", str(spec.stream_s)]
    words += ["--firehose-interval-s", str(spec.firehose_s)]
    with Child(words) as stand_in:
        ready = _ready(stand_in)
        seeding_s = time.monotonic() - stand_in.began
        where = ("--endpoint-url", ready["endpoint"], "--table", ready["table"])
        cars = Child(
            [
                *("demo-publisher", *where, "--bucket", ready["bucket"], "--session", session),
                *("--seed", str(spec.seed), "--cars", str(spec.cars)),
            ]
        )
        with cars:
            yield Race(
                ready["endpoint"],
                ready["table"],
                ready["bucket"],
                session,
                seeding_s,
                stand_in,
                cars,
            )


def _ready(stand_in: Child) -> dict[str, Any]:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        line = stand_in.line(1.0)
        if line is not None and "endpoint" in (said := json.loads(line)):
            return dict(said)
        if line is None and not stand_in.running:
            break
    raise AssertionError(f"the stand-in is not ready: {stand_in.errors()}")


def live_words(race: Race, recording: Path) -> list[str]:
    """The command line of an app that follows ``race`` without a window."""
    return [
        *("live", "--session", race.session, "--endpoint-url", race.endpoint),
        *("--recording", str(recording), "--headless", "--json"),
    ]


def cpu_seconds(pid: int) -> float:
    """Processor time that a running process has used (Linux; 0 elsewhere)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
