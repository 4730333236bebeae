"""Following a session without a window: a line for each thing that happens, and one each second.

With ``--json`` every line is one JSON object on stdout; what the keys mean is in the handbook
(``resources/help/cloud.md``).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from typing import IO, Any

from pitwall.run import Run
from pitwall.runtime import READS_PER_SHARD_S, HealthDetail, ShardHealth
from pitwall.telemetry import Failure
from pitwall.telemetry.clock import SECOND_US, iso, now_us
from pitwall.telemetry.plural import counted
from pitwall.voice import Voice

STATUS_EVERY_S = 1.0
HISTORY_EVERY_S = 2.0
"""How often a person is told how far the history is."""


def line_of(doc: Mapping[str, Any]) -> str:
    """One JSON line."""
    return json.dumps(doc, separators=(",", ":"), ensure_ascii=False)


class Lines:
    """Writes lines of JSON; any thread may call.

    Args:
        out: where to; None writes nothing.
    """

    def __init__(self, out: IO[str] | None) -> None:
        self._out = out
        self._lock = threading.Lock()
        self._run: Run | None = None

    def about(self, run: Run) -> None:
        """Lines tell the state of ``run`` from now on."""
        self._run = run

    def write(self, doc: Mapping[str, Any]) -> None:
        """One line, at once."""
        if self._out is None:
            return
        text = line_of(doc) + "\n"
        with self._lock:
            self._out.write(text)
            self._out.flush()

    def event(self, name: str, details: Mapping[str, object]) -> None:
        """What happened, on the thread where it did."""
        state = self._run.health().state.value if self._run is not None else "joining"
        doc = {"time": iso(now_us()), "line": "event", "state": state, "event": name}
        try:
            self.write({**doc, **plain(details)})
        except (OSError, ValueError):
            # Nobody reads any more: that ends the command where it writes its next line, not the
            # thread that had something to tell.
            return


class Loading:
    """Says now and then how far the history is, for as long as there is some to load."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._told_s = float("-inf")
        self._told = ""

    def look(self, detail: HealthDetail) -> None:
        """The state has been looked at again."""
        health, now_s = detail.health, time.monotonic()
        if not health.loading or now_s - self._told_s < HISTORY_EVERY_S:
            return
        words = health.history_text or "loading history"
        if health.history_done is not None:
            applied = counted(detail.ledger.applied, "chunk")
            words += f" · {100 * health.history_done:.0f} %, {applied}"
        if words != self._told:
            self._told_s, self._told = now_s, words
            self._voice.say(words)


def follow(run: Run, seconds: float | None, lines: Lines, voice: Voice) -> None:
    """Follow until the time is up, the session ends or Ctrl-C; then stop ``run``. ``voice`` says
    how far the history is.

    Raises Failure when following stops by itself.
    """
    loading = Loading(voice)
    lines.about(run)
    run.start()
    ends = None if seconds is None else time.monotonic() + seconds
    wait = threading.Event()
    fault = ""
    try:
        while ends is None or time.monotonic() < ends:
            wait.wait(STATUS_EVERY_S)
            detail = run.detail()
            lines.write(health_line(run, detail))
            loading.look(detail)
            state = detail.health.state.value
            if state == "fault":
                fault = detail.health.message or "following stopped"
            if state in ("fault", "ended"):
                break
    except KeyboardInterrupt:
        pass
    finally:
        # Stopping is our doing; what the session had come to is the answer.
        state = run.health().state.value
        run.stop()
    final = {"time": iso(now_us()), "line": "end", "final": True}
    if fault:
        lines.write({**final, **run.summary(), "state": "fault", "message": fault})
        raise Failure(fault)
    lines.write({**final, **run.summary(), "state": state})


def health_line(run: Run, detail: HealthDetail) -> dict[str, Any]:
    """What the health pane shows, and the summary so far."""
    health, summary = detail.health, run.summary()
    return {
        "time": iso(now_us()),
        "line": "health",
        **summary,
        "state": health.state.value,
        "phase": summary["state"],
        "message": health.message,
        "health": {
            "source": health.source,
            "lag_s": _seconds(detail.lag_us),
            "head_lag_s": _seconds(health.lag_us),
            "silent_s": _seconds(health.age_us),
            "clock_offset_s": _seconds(health.clock_offset_us),
            "source_shift_s": _seconds(health.shift_us),
            "queue": detail.queue,
            "held": detail.held,
            "commit_age_s": _seconds(detail.commit_age_us),
            "reads_per_s": _rate(detail.reads_per_s),
            "busiest_shard_reads_per_s": _rate(detail.busiest_per_s),
            "limit_reads_per_shard_s": READS_PER_SHARD_S,
            "polls": detail.polls,
            "records": detail.records,
            "throttles": detail.throttles,
            "retries": detail.retries,
            "gaps": detail.gaps,
            "repaired": detail.ledger.repaired,
            "named": detail.named,
            "shards_failing": detail.failing,
            "shards_open": health.shards_open,
            "shards_total": health.shards_total,
            "shards": [_shard(shard) for shard in detail.shards],
        },
    }


def _shard(shard: ShardHealth) -> dict[str, Any]:
    return {
        "shard": shard.id,
        "state": shard.state,
        "failures": shard.failures,
        "lag_s": _seconds(shard.lag_us),
        "answer_age_s": _seconds(shard.answer_age_us),
        "last_record": iso(shard.record_us) if shard.record_us else None,
        "last_record_age_s": _seconds(shard.record_age_us),
        "checkpoint": iso(shard.checkpoint_us) if shard.checkpoint_us else None,
        "checkpoint_age_s": _seconds(shard.checkpoint_age_us),
        "reads_per_s": _rate(shard.reads_per_s),
        "polls": shard.polls,
        "records": shard.records,
        "throttles": shard.throttles,
        "retries": shard.retries,
        "gaps": shard.gaps,
        "in_doubt_since": iso(shard.doubt_us) if shard.doubt_us else None,
    }


_MOMENTS = {"from_us": "from", "to_us": "to"}
"""Details that are moments, 0 for one not known; others in microseconds are spans."""


def plain(details: Mapping[str, object]) -> dict[str, Any]:
    """Details of an event in seconds and ISO times."""
    out: dict[str, Any] = {}
    for name, value in details.items():
        if name in _MOMENTS and isinstance(value, int):
            out[_MOMENTS[name]] = iso(value) if value else None
        elif name.endswith("_us") and (value is None or isinstance(value, int)):
            out[name[:-3] + "_s"] = _seconds(value)
        elif name == "seconds" and isinstance(value, float):
            out["after_s"] = round(value, 3)
        elif isinstance(value, float):
            out[name] = round(value, 3)
        else:
            out[name] = value if isinstance(value, str | int | bool | None) else str(value)
    return out


def _seconds(us: int | None) -> float | None:
    return None if us is None else round(us / SECOND_US, 3)


def _rate(per_s: float | None) -> float | None:
    return None if per_s is None else round(per_s, 2)
