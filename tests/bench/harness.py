"""What every benchmark uses: timing with spread, the machine, and one output format."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]


class NotHere(Exception):
    """A benchmark's input is not on this machine; says which."""


@dataclass(frozen=True)
class Result:
    """Ours and named baselines, measured side by side in one run.

    Attributes:
        ours: name of a figure -> figure, or :func:`spread` of several.
        baselines: label -> the same.
        ratios: label -> number; the key says what is divided by what.
    """

    ours: dict[str, Any]
    baselines: dict[str, dict[str, Any]] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)

    def document(self, name: str) -> dict[str, Any]:
        """The output of ``--json``."""
        return {
            "name": name,
            "machine": machine(),
            "ours": self.ours,
            "baselines": self.baselines,
            "ratios": {label: round(ratio, 4) for label, ratio in self.ratios.items()},
        }


def shared_data() -> Path:
    """The recordings beside the checkout. Raises NotHere."""
    given = os.environ.get("PITWALL_SHARED_DATA", "")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        raise NotHere("needs ../shared/data beside the checkout (or PITWALL_SHARED_DATA)")
    return folder


def spread(figures: list[float], digits: int = 4) -> dict[str, float]:
    """Median and spread of one figure measured several times or over several inputs."""
    quarters = (
        statistics.quantiles(figures, n=4, method="inclusive")
        if len(figures) > 1
        else [figures[0]] * 3
    )
    return {
        "median": round(statistics.median(figures), digits),
        "q1": round(quarters[0], digits),
        "q3": round(quarters[2], digits),
        "min": round(min(figures), digits),
        "max": round(max(figures), digits),
        "n": len(figures),
    }


def seconds(work: Callable[[], object], repeat: int = 5, warm_up: int = 1) -> list[float]:
    """Wall time of ``work``, ``repeat`` times."""
    for _ in range(warm_up):
        work()
    out = []
    for _ in range(repeat):
        begun = time.perf_counter()
        work()
        out.append(time.perf_counter() - begun)
    return out


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "load_1min": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"
