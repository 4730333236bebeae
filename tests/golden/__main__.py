"""``python -m tests.golden [--json]``: the lap model beside its reference."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

import numpy as np

from tests.bench.harness import NotHere, shared_data
from tests.golden.acceptance import delta_rows, lap_rows, of_setup, sums


def main() -> int:
    """Print the table. Exit code 1 when the reference is not here."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    as_json = parser.parse_args().json
    try:
        shared = shared_data()
    except NotHere as error:
        print(error, file=sys.stderr)
        return 1
    laps, deltas = lap_rows(shared), delta_rows(shared)
    errors = np.abs([row.error_pct for row in laps])
    kinds = {
        f"{car}, {label}": sums([r for r in rows if r.car == car])
        for car in ("FE", "F1")
        for label, rows in (("setup", of_setup(deltas)), ("all", deltas))
    }
    if as_json:
        doc = {
            "laps": [
                {**asdict(r.mode), "track": r.track, "source": r.source, "wanted_s": r.wanted_s}
                | {"ours_s": round(r.ours_s, 4), "error_pct": round(r.error_pct, 4)}
                | {"speed_rms_ms": None if np.isnan(r.speed_rms_ms) else round(r.speed_rms_ms, 4)}
                for r in laps
            ],
            "mean_error_pct": round(float(errors.mean()), 4),
            "worst_error_pct": round(float(errors.max()), 4),
            "deltas": {label: asdict(found) for label, found in kinds.items()},
        }
        print(json.dumps(doc))
        return 0
    print(f"{'track':<13}{'from':<11}{'car':<4}{'mode':<11}{'theirs s':>9}{'ours s':>10}", end="")
    print(f"{'error %':>9}{'speed RMS m/s':>15}")
    for r in laps:
        print(f"{r.track:<13}{r.source:<11}{r.mode.car:<4}{r.mode.mode:<11}", end="")
        print(f"{r.wanted_s:>9.3f}{r.ours_s:>10.3f}{r.error_pct:>+9.3f}{r.speed_rms_ms:>15.3f}")
    print(f"mean |error| {errors.mean():.3f} %, worst {errors.max():.3f} %\n")
    print(f"{'changes':<12}{'n':>4}{'corr':>8}{'slope':>8}{'RMS s':>8}{'worst s':>9}{'signs':>8}")
    for label, s in kinds.items():
        print(f"{label:<12}{s.n:>4}{s.correlation:>8.4f}{s.slope:>8.3f}{s.rms_s:>8.4f}", end="")
        print(f"{s.worst_s:>9.3f}{s.signs_right:>5}/{s.signs}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
