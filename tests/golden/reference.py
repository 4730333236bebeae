"""The reference laps beside the checkout: its cars as our records, its tracks, its answers.

Its numbers are of another program (see the data's own README). What it does differently is said in
the car that is made here, once and for all tracks, never track by track:

- it divides the driving force by the gear's mass factor, which we say as an efficiency;
- its wheels grow with the speed, by 0.023 % for each km/h above 60 (read off its engine speeds);
- it finds corner speeds on a mesh of 0.1 m/s.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from pitwall.prerace import Conditions, LapTrack, Vehicle, with_values
from pitwall.prerace.vehicle import Aero, Brakes, Engine, Gearbox, Motor, Tyre, Wheel

RPM = 2 * math.pi / 60
AIR = 1.18
GROWTH_PER_MS = 2.3e-4 * 3.6
GROWTH_FROM_MS = 60 / 3.6
MARGIN_MS = 0.5
FE_MAX_MS = 62.5
HYBRID_STORE_J = 4.0e6


@dataclass(frozen=True)
class Mode:
    """A car in a mode that the reference ran."""

    car: str
    mode: str

    @property
    def conditions(self) -> Conditions:
        """The day it was run on."""
        return Conditions(air_kg_m3=AIR, corner_margin_ms=MARGIN_MS, boost=self.mode == "default")


MODES = (Mode("FE", "default"), Mode("F1", "no_hybrid"), Mode("F1", "default"))


def folder(shared: Path) -> Path:
    """Where the reference is in the shared data."""
    return shared / "reference"


@cache
def document(path: Path) -> dict[str, Any]:
    """One of its files."""
    return json.loads(path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def car_of(doc: dict[str, Any], name: str) -> Vehicle:
    """A car of the reference's file as a record of ours."""
    g, box, tyres, e = doc["general"], doc["gearbox"], doc["tires"], doc["engine"]
    base = g["lf"] + g["lr"]

    def tyre(t: dict[str, float]) -> Tyre:
        return Tyre(t["mux"], t["muy"], t["dmux_dfz"], t["dmuy_dfz"], t["fz_0"])

    engine = motor = None
    if "pow_max" in e:
        n = np.arange(3000.0, 14001.0, 25.0)
        off = np.where(
            n < e["n_max"],
            (n - e["n_max"]) / (e["n_max"] - e["n_begin"]),
            (n - e["n_max"]) / (e["n_end"] - e["n_max"]),
        )
        power = np.maximum(e["pow_max"] - e["pow_diff"] * off**2, 0.0)
        fuel = e["be_max"] / 3600 / e["pow_max"]
        engine = Engine(tuple((n * RPM).tolist()), tuple(power.tolist()), fuel)
    if "pow_e_motor" in e:
        motor = Motor(
            power_w=e["pow_e_motor"],
            torque_nm=e["torque_e_motor_max"],
            from_ms=e.get("vel_min_e_motor", 0.0),
            efficiency=e["eta_e_motor"],
            recovery=e["eta_e_motor_re"],
            exhaust_recovery=e.get("eta_etc_re", 0.0),
            store_j=HYBRID_STORE_J if engine is not None else math.inf,
        )
    return Vehicle(
        name=name,
        series="formula",
        mass_kg=g["m"],
        wheelbase_m=base,
        cg_height_m=g["h_cog"],
        front_weight=g["lr"] / base,
        front_track_m=g["sf"],
        rear_track_m=g["sr"],
        roll_share_front=g["lr"] / base,
        front=tyre(tyres["f"]),
        rear=tyre(tyres["r"]),
        aero=Aero(g["c_w_a"], g["c_z_a_f"], g["c_z_a_r"], drag_zone_cut=g["drs_factor"]),
        gearbox=Gearbox(
            tuple(box["i_trans"]),
            tuple(v * RPM for v in box["n_shift"]),
            tuple(box["eta_g"] / v for v in box["e_i"]),
        ),
        wheel=Wheel(tyres["r"]["circ_ref"], GROWTH_PER_MS, GROWTH_FROM_MS),
        rolling=g["f_roll"],
        friction_exponent=tyres["tire_model_exp"],
        brakes=Brakes(None, even_front=True, even_rear=False),
        engine=engine,
        motor=motor,
        max_ms=FE_MAX_MS if name == "FE" else 120.0,
    )


def cars(shared: Path) -> dict[str, Vehicle]:
    """Both cars of the reference."""
    found = document(folder(shared) / "lapsim_laps.json")["vehicles"]
    return {name: car_of(doc, name) for name, doc in found.items()}


def tracks(shared: Path) -> dict[str, LapTrack]:
    """The tracks whose curvature the reference gives."""
    found = document(folder(shared) / "lapsim_profiles.json")["tracks"]
    return {
        name: LapTrack.of(
            name,
            t["step_m"],
            np.array(t["kappa_1pm"]),
            drag_zone=np.array(t["drs"], np.bool_),
        )
        for name, t in found.items()
    }


def lap_times(shared: Path) -> dict[tuple[str, str, str], float]:
    """Lap times by track, car and mode."""
    rows = document(folder(shared) / "lapsim_laps.json")["laps"]
    return {(r["track"], r["car"], r["mode"]): r["lap_time_s"] for r in rows}


def speeds(shared: Path) -> dict[tuple[str, str, str], np.ndarray]:
    """Speed profiles by track, car and mode."""
    found = document(folder(shared) / "lapsim_profiles.json")["tracks"]
    out = {}
    for name, t in found.items():
        for key, profile in t["v_ms"].items():
            car, _, mode = key.partition("|")
            out[name, car, mode] = np.array(profile)
    return out


def changed(car: Vehicle, change: str) -> tuple[Vehicle, dict[str, float]]:
    """A car with one of the reference's changes, and what it changes of the conditions."""
    v: dict[str, float] = {}
    c: dict[str, float] = {}
    aero, box = car.aero, car.gearbox
    match change:
        case "m_plus10kg" | "m_plus50kg":
            v["mass_kg"] = car.mass_kg + (10 if "10" in change else 50)
        case "cwA_plus5pct" | "cwA_minus5pct":
            v["aero.drag_m2"] = aero.drag_m2 * _five(change)
        case "czA_both_plus5pct" | "czA_both_minus5pct":
            v["aero.front_m2"] = aero.front_m2 * _five(change)
            v["aero.rear_m2"] = aero.rear_m2 * _five(change)
        case "czA_f_plus5pct" | "czA_f_minus5pct":
            v["aero.front_m2"] = aero.front_m2 * _five(change)
        case "czA_r_plus5pct" | "czA_r_minus5pct":
            v["aero.rear_m2"] = aero.rear_m2 * _five(change)
        case "gears_x1.03" | "gears_x0.97":
            v["gearbox.final"] = box.final * float(change.removeprefix("gears_x"))
        case "h_cog_minus10pct":
            v["cg_height_m"] = car.cg_height_m * 0.9
        case "mu_f_minus2pct":
            v |= {f"front.{n}": getattr(car.front, n) * 0.98 for n in ("mu_x", "mu_y")}
        case "mu_r_minus2pct":
            v |= {f"rear.{n}": getattr(car.rear, n) * 0.98 for n in ("mu_x", "mu_y")}
        case "mu_plus2pct" | "mu_minus2pct":
            c["grip"] = 1.02 if "plus" in change else 0.98
        case "vsub0" | "vsub1":
            c["corner_margin_ms"] = float(change[-1])
        case _:
            raise ValueError(change)
    return with_values(car, v), c


def _five(change: str) -> float:
    return 1.05 if "plus" in change else 0.95
