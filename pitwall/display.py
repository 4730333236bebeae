"""How a window command runs: on a display, or offscreen where there is none."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pitwall.voice import Voice

if TYPE_CHECKING:
    from pitwall.runtime import FrameStats


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a window command runs.

    Attributes:
        seconds: stop by itself after so long; None runs until closed.
        headless: no window on a display.
        screenshot: where to save what the window shows at the end.
        size: window size in pixels; None fits the screen.
        theme: ``dark``, ``sunlight`` or ``contrast``; None for the one last chosen.
        workspace: the one shown first; None for the one shown last.
        memory_mb: that the session may take, in megabytes; None for what is remembered.
    """

    seconds: float | None = None
    headless: bool = False
    screenshot: Path | None = None
    size: tuple[int, int] | None = None
    theme: str | None = None
    workspace: str | None = None
    memory_mb: int | None = None


def no_display() -> bool:
    """True on Linux without X or Wayland."""
    return sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def unattended(options: RunOptions, seconds: float, picture: Path) -> RunOptions:
    """The same options for a run that nobody watches: it ends by itself and leaves a picture."""
    return replace(
        options,
        seconds=options.seconds or seconds,
        screenshot=options.screenshot or picture,
    )


def choose_display(options: RunOptions, voice: Voice) -> bool:
    """Decide whether there will be a window on a display; sets up offscreen drawing when not."""
    if options.headless or no_display():
        if not options.headless:
            voice.say("no display (neither DISPLAY nor WAYLAND_DISPLAY is set): drawing offscreen")
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        return False
    return True


def frame_figures(stats: FrameStats) -> dict[str, Any]:
    """Frame times and latencies for the summary; null before any was measured."""

    def spread(value: Any) -> dict[str, float | None]:
        if not value.count:
            return {"p50": None, "p95": None}
        return {"p50": round(value.p50, 2), "p95": round(value.p95, 2)}

    return {"frame_ms": spread(stats.frame_ms), "latency_ms": spread(stats.latency_ms)}
