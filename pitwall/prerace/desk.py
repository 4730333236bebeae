"""The plain values that a pane of advice shows: rows, bars, lines. No calculation, no drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pitwall.prerace.advice import Advice, Joint, Row, Verdict
from pitwall.prerace.gain import Gain
from pitwall.prerace.job import AdviceResult
from pitwall.prerace.log import reliability
from pitwall.prerace.phases import Phase
from pitwall.prerace.series import least_trusted
from pitwall.prerace.sheet import Change, Sheet, changes
from pitwall.telemetry.probability import chance

NAMES = {
    "wing": "Rear wing",
    "brake_bias": "Brake bias, front",
    "roll_front": "Roll stiffness, front",
    "final_drive": "Final drive",
    "height_front": "Ride height, front",
    "height_rear": "Ride height, rear",
    "ballast": "Ballast",
    "ballast_front": "Ballast, front part",
    "wedge": "Wedge",
    "fuel": "Fuel at the start of the run",
    "camber_front": "Camber, front",
    "toe_front": "Toe, front",
    "stagger": "Stagger",
    "track_bar": "Track bar",
    **{f"pressure_{w}": f"Pressure {w.upper()}" for w in ("lf", "rf", "lr", "rr")},
}


TOGETHER = "together"
"""Key of the row of all that is best changed at once."""


@dataclass(frozen=True, slots=True)
class DeskRow:
    """One line of the table.

    Attributes:
        key, name: the setting, and what it is called; ``TOGETHER`` for several at once.
        now, proposed: with unit; empty when there is none.
        verdict: as in :class:`pitwall.prerace.advice.Verdict`.
        trust: ``physics``, ``mixed`` or ``data only``.
        gain: ``+0.12 s``, empty without one; ``band``: ``+0.05 to +0.19``; ``p_gain``: ``97 %``.
        bar: (low, mean, high) of the gain on the table's common scale, -1 to 1; None without one.
        top_speed: change in km/h with sign; empty when below 0.05.
        balance: where the balance moves most, in words; empty when it hardly does.
        why: reason and constraint, one line.
        plan: which laps would tell; empty where nothing is open.
        where: the corners where it comes from: ``T5 +0.04, T9 +0.03``.
        can_apply: whether it is advised.
    """

    key: str
    name: str
    now: str
    proposed: str
    verdict: str
    trust: str
    gain: str = ""
    band: str = ""
    p_gain: str = ""
    bar: tuple[float, float, float] | None = None
    top_speed: str = ""
    balance: str = ""
    why: str = ""
    plan: str = ""
    where: str = ""
    can_apply: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """All that the pane shows.

    Attributes:
        title: car, variant and modelled lap.
        rows: several changes at once first, where they are advised; then single ones, best lower
            bound first.
        unwritten: names of settings that nobody wrote down.
        full_scale_s: seconds at the end of the bars.
        reliability: how often the band held.
        alarms: why no advice is given, and contradictions: to be read first.
        driver: what the driver uses of the car, worst first, a line each.
        known: what the laps told of the car, a line each.
    """

    title: str
    rows: tuple[DeskRow, ...]
    unwritten: tuple[str, ...]
    full_scale_s: float
    reliability: str
    alarms: tuple[str, ...]
    driver: tuple[str, ...]
    known: tuple[str, ...]


def desk(result: AdviceResult) -> Desk:
    """The pane's values of one result."""
    advice = result.advice
    scale = _scale(advice)
    rows = [r for r in advice.rows if r.verdict is not Verdict.UNKNOWN]
    unwritten = [NAMES.get(r.key, r.key) for r in advice.rows if r.verdict is Verdict.UNKNOWN]
    shown = [_row(row, scale) for row in rows]
    if advice.joint is not None and len(advice.joint.values) > 1:
        shown.insert(0, _together(advice, advice.joint, scale))
    return Desk(
        f"Car {advice.car}, {advice.variant}: modelled lap {advice.lap_s:.2f} s",
        tuple(shown),
        tuple(unwritten),
        scale,
        reliability(result.log),
        (*(f"No advice: {line}" for line in advice.withheld), *advice.notes),
        _driver(result),
        _known(result),
    )


def proposed(advice: Advice, key: str) -> dict[str, float]:
    """What a row of the table changes, to what; empty for one that proposes nothing."""
    if key == TOGETHER:
        return dict(advice.joint.values) if advice.joint is not None else {}
    return {r.key: r.proposed for r in advice.rows if r.key == key and r.proposed is not None}


def sheet_lines(sheet: Sheet, before: Sheet | None = None) -> tuple[tuple[str, str, str], ...]:
    """(name, value with unit, change from the sheet before or empty) for each setting."""
    changed: dict[str, Change] = {c.key: c for c in changes(before, sheet)} if before else {}
    out = []
    for setting in sheet.series.settings:
        if setting.key not in sheet.values:
            continue
        change = changed.get(setting.key)
        was = "" if change is None or change.before is None else f"was {change.before:g}"
        name = NAMES.get(setting.key, setting.key)
        out.append((name, f"{sheet.values[setting.key]:g} {setting.unit}", was))
    return tuple(out)


def _scale(advice: Advice) -> float:
    """A round number of seconds that holds all bands, at least a tenth."""
    gains = [r.gain for r in advice.rows if r.gain is not None]
    gains += [advice.joint.gain] if advice.joint is not None else []
    most = max((max(abs(g.lo_s), abs(g.hi_s)) for g in gains), default=0.1)
    return next((s for s in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0) if s >= most), most)


def _row(row: Row, scale: float) -> DeskRow:
    name = NAMES.get(row.key, row.key)
    stopped = f"stopped: {row.stopped_by}" if row.stopped_by else ""
    base = DeskRow(
        row.key,
        name,
        "" if row.now is None else f"{row.now:g} {row.unit}",
        "" if row.proposed is None else f"{row.proposed:g} {row.unit}",
        row.verdict.value,
        "data only" if row.trust.value == "data" else row.trust.value,
        why="; ".join(part for part in (row.reason, stopped) if part),
        plan=row.plan.says(name) if row.plan is not None else "",
        can_apply=row.verdict is Verdict.ADVISED,
    )
    if row.gain is None:
        return base
    g = row.gain
    top = row.top_ms * 3.6
    return replace(
        base,
        gain=f"{g.mean_s:+.2f} s",
        band=f"{g.lo_s:+.2f} to {g.hi_s:+.2f}",
        p_gain=chance(g.p_gain),
        bar=_bar(g, scale),
        top_speed=f"{top:+.1f} km/h" if abs(top) >= 0.05 else "",
        balance=_balance(row),
        where=", ".join(f"{name} {gain:+.2f}" for name, gain in row.corners if abs(gain) >= 0.005),
    )


def _together(advice: Advice, joint: Joint, scale: float) -> DeskRow:
    """The joint proposal as a row of its own, to be looked at and applied like any other."""
    rows = {row.key: row for row in advice.rows}
    trust = least_trusted(rows[key].trust for key in joint.values)
    changes = [
        f"{NAMES.get(key, key)} {rows[key].now:g} \u2192 {value:g} {rows[key].unit}"
        for key, value in joint.values.items()
    ]
    g = joint.gain
    return DeskRow(
        TOGETHER,
        "Together",
        "",
        ", ".join(f"{NAMES.get(key, key)} {value:g}" for key, value in joint.values.items()),
        Verdict.ADVISED.value,
        trust.value,
        f"{g.mean_s:+.2f} s",
        f"{g.lo_s:+.2f} to {g.hi_s:+.2f}",
        chance(g.p_gain),
        _bar(g, scale),
        why="; ".join(changes),
        can_apply=True,
    )


def _bar(g: Gain, scale: float) -> tuple[float, float, float]:
    low, mean, high = (max(-1.0, min(1.0, v / scale)) for v in (g.lo_s, g.mean_s, g.hi_s))
    return low, mean, high


def _balance(row: Row) -> str:
    """The largest move over slow and fast corners, in a driver's words."""
    if row.balance is None:
        return ""
    moves = [
        (abs(v), v, where, phase)
        for (where, phase), v in row.balance.items()
        if where in ("slow", "fast") and phase in (Phase.ENTRY, Phase.MID, Phase.EXIT)
    ]
    if not moves:
        return ""
    size, value, where, phase = max(moves)
    if size < 0.002:
        return ""
    towards = "understeer" if value > 0 else "oversteer"
    return f"{size:.1%} towards {towards}, {where} {phase}"


def _driver(result: AdviceResult) -> tuple[str, ...]:
    uses: Sequence[str] = [
        f"{u.phase} use {u.part:.0%} in {u.corner}, {u.loss_s:.2f} s"
        for u in sorted(result.calibration.uses, key=lambda u: -u.loss_s)
        if u.loss_s > 0.02 and u.part < 1.0
    ]
    return tuple(uses[:5])


def _known(result: AdviceResult) -> tuple[str, ...]:
    fit = result.calibration.fit
    out = []
    for i, unknown in enumerate(fit.unknowns):
        text = f"{unknown.name} x {fit.factors[i]:.3f} ± {1.645 * fit.sd[i] * fit.factors[i]:.3f}"
        out.append(text if fit.seen[i] else f"{text}: not seen in these laps")
    out += [f"{a} and {b} are not told from each other" for a, b in fit.indistinct()]
    out.append(f"speed off by {fit.residual_ms:.2f} m/s over {fit.laps} laps")
    return tuple(out)
