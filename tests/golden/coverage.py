"""How often the 90 % intervals of gains hold, and how wide they are: calibration on noisy laps of
another program, from a car that is off by an eighth, and the gains that the other program has.

How wrong our model is is learnt on the other tracks only: every track is judged by errors that were
found elsewhere. ``python -m tests.golden.coverage`` prints the table.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from pitwall.prerace import fit_car, simulate, with_values
from pitwall.prerace.discrepancy import Checked, Discrepancies, learn
from pitwall.prerace.fit import WITH_DRIVER, scaled
from pitwall.prerace.gain import Gain, gain_with
from pitwall.prerace.posterior import posterior
from pitwall.prerace.series import Trust
from tests.bench.harness import NotHere, shared_data
from tests.golden import reference

WRONG = {"grip": 0.90, "drag": 1.12, "downforce": 0.87, "power": 0.92}
LAPS = 8
MIXED = ("czA_f", "czA_r", "mu_f", "mu_r", "h_cog")


@dataclass(frozen=True)
class Predicted:
    """A gain as predicted, beside the other program's; seconds, positive is faster."""

    track: str
    car: str
    change: str
    trust: Trust
    mean_s: float
    sd_s: float
    truth_s: float


@dataclass(frozen=True)
class Coverage:
    """How the intervals did."""

    n: int
    coverage: float
    coverage_parameters_only: float
    rms_error_s: float
    mean_width_s: float
    width_over_rms: float
    median_relative_error: float
    signs_right: int
    signs: int


def driven(speed: np.ndarray, laps: int, seed: int) -> list[np.ndarray]:
    """Laps of a driver who is never twice the same: smooth variation of 0.4 %, noise of the
    sensor, and a loss for each lap."""
    rng = np.random.default_rng(seed)
    n = len(speed)
    out = []
    for _ in range(laps):
        wave = sum(
            rng.normal() * np.sin(2 * np.pi * (k * np.arange(n) / n + rng.random()))
            for k in range(1, 9)
        )
        loss = abs(rng.normal()) * 0.002
        out.append(speed * (1 + 0.004 * wave / 2 - loss) + rng.normal(0, 0.15, n))
    return out


def predictions(
    shared: Path, cars: tuple[str, ...], names: tuple[str, ...] | None = None, draws: int = 40
) -> list[Predicted]:
    """Calibrate on each track and predict each change of the reference there."""
    doc = reference.document(reference.folder(shared) / "lapsim_sensitivities.json")
    vehicles, tracks, speeds = (
        f(shared) for f in (reference.cars, reference.tracks, reference.speeds)
    )
    unknowns = [u for u in WITH_DRIVER if u.name in WRONG]
    out = []
    for seed, (name, track) in enumerate(tracks.items()):
        if names is not None and name not in names:
            continue
        for mode in (m for m in reference.MODES if m.mode == "default" and m.car in cars):
            rows = [
                r
                for r in doc["sensitivities"]
                if r["track"] == name and r["car"] == mode.car
                if "stale" not in r["change"] and not r["change"].startswith("vsub")
            ]
            start = scaled(vehicles[mode.car], unknowns, np.log([WRONG[u.name] for u in unknowns]))
            # the reference gives no speeds of the hybrid mode: laps with the motor off tell the car
            seen = next(
                m for m in reference.MODES if (name, m.car, m.mode) in speeds and m.car == mode.car
            )
            laps = driven(speeds[name, seen.car, seen.mode], LAPS, seed)
            fit = fit_car(start, track, laps, seen.conditions, WITH_DRIVER)
            drawn = posterior(fit, draws)
            groups = [fit.car, *(_changed(fit.car, r["change"]) for r in rows)]
            many = [car for group in groups for car in drawn.cars(group)]
            times = simulate(many, track, mode.conditions).time_s.reshape(len(groups), -1)
            for row, found in zip(rows, times[1:], strict=True):
                paired = times[0] - found
                trust = Trust.MIXED if row["change"].startswith(MIXED) else Trust.PHYSICS
                mean, sd = float(paired.mean()), float(paired.std(ddof=1))
                truth = -float(row["delta_s"])
                out.append(Predicted(name, mode.car, row["change"], trust, mean, sd, truth))
    return out


def _changed(car, change):
    changed, day = reference.changed(car, change)
    if "grip" in day:
        mus = [f"{a}.{m}" for a in ("front", "rear") for m in ("mu_x", "mu_y")]
        scale = {m: getattr(getattr(car, m[: m.index(".")]), m[m.index(".") + 1 :]) for m in mus}
        changed = with_values(car, {m: v * day["grip"] for m, v in scale.items()})
    return changed


def held_out(rows: list[Predicted]) -> list[tuple[Predicted, Gain]]:
    """Each prediction with an interval whose model error was learnt on the other tracks."""
    out = []
    for track in dict.fromkeys(r.track for r in rows):
        for car in dict.fromkeys(r.car for r in rows):
            errors = learn(
                Checked(r.mean_s, r.truth_s, r.sd_s, 0.0, r.trust)
                for r in rows
                if r.track != track and r.car == car
            )
            out += [(r, _gain(r, errors)) for r in rows if r.track == track and r.car == car]
    return out


def _gain(row: Predicted, errors: Discrepancies) -> Gain:
    return gain_with(row.mean_s, row.sd_s, errors.sd(row.mean_s, row.trust))


def sums(rows: list[tuple[Predicted, Gain]]) -> Coverage:
    """The table's line."""
    truth = np.array([r.truth_s for r, _ in rows])
    mean = np.array([r.mean_s for r, _ in rows])
    low, high = (np.array([getattr(g, k) for _, g in rows]) for k in ("lo_s", "hi_s"))
    noise = 1.645 * np.array([r.sd_s for r, _ in rows])
    rms = float(np.sqrt(np.mean((truth - mean) ** 2)))
    width = float((high - low).mean())
    clear = np.abs(truth) > 0.05
    return Coverage(
        n=len(rows),
        coverage=float(((truth >= low) & (truth <= high)).mean()),
        coverage_parameters_only=float((np.abs(truth - mean) <= noise).mean()),
        rms_error_s=rms,
        mean_width_s=width,
        width_over_rms=width / rms,
        median_relative_error=float(np.median(np.abs(truth - mean)[clear] / np.abs(truth)[clear])),
        signs_right=int((np.sign(truth) == np.sign(mean))[clear].sum()),
        signs=int(clear.sum()),
    )


def main() -> int:
    """Print the table. Exit code 1 when the reference is not here."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden.coverage", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--draws", type=int, default=40)
    args = parser.parse_args()
    try:
        shared = shared_data()
    except NotHere as error:
        print(error, file=sys.stderr)
        return 1
    rows = predictions(shared, ("FE", "F1"), draws=args.draws)
    found = held_out(rows)
    table = {
        label: sums([pair for pair in found if keep(pair[0])])
        for label, keep in (
            ("FE", lambda r: r.car == "FE"),
            ("F1", lambda r: r.car == "F1"),
            ("physics", lambda r: r.trust is Trust.PHYSICS),
            ("mixed", lambda r: r.trust is Trust.MIXED),
            ("all", lambda r: True),
        )
    }
    if args.json:
        print(json.dumps({label: asdict(line) for label, line in table.items()}))
        return 0
    print(
        f"{'':<9}{'n':>4}{'cover':>7}{'noise only':>12}{'RMS s':>8}{'width s':>9}{'w/RMS':>7}",
        end="",
    )
    print(f"{'rel. err':>10}{'signs':>9}")
    for label, line in table.items():
        print(
            f"{label:<9}{line.n:>4}{line.coverage:>7.2f}{line.coverage_parameters_only:>12.2f}",
            end="",
        )
        print(
            f"{line.rms_error_s:>8.4f}{line.mean_width_s:>9.4f}{line.width_over_rms:>7.1f}", end=""
        )
        print(f"{line.median_relative_error:>10.3f}{line.signs_right:>5}/{line.signs}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
