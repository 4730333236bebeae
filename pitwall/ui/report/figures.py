"""The pictures of a report: map, one corner, lap times. No Qt."""

from __future__ import annotations

import numpy as np

from pitwall.analysis import Corner, Measure
from pitwall.analysis.corners import zones
from pitwall.analysis.gains import UNKNOWN, gain_classes
from pitwall.telemetry.clock import SECOND_US, lap_time
from pitwall.ui.corner_curves import Curve
from pitwall.ui.report.content import Floats, Stint
from pitwall.ui.report.drawing import (
    DIM,
    FAINT,
    GAINED,
    INK,
    LOST,
    OWN,
    REFERENCE,
    RULE,
    SHADE,
    Page,
)


def track_map(page: Page, stint: Stint, x: float, y: float, width: float, height: float) -> None:
    """The line, where the stint's best lap gains and loses, and the corners' numbers."""
    xy = stint.track.xy
    low, high = xy.min(axis=0), xy.max(axis=0)
    size = np.maximum(high - low, 1.0)
    turn = bool(min(width / size[1], height / size[0]) > 1.15 * min(*(width, height) / size))
    room = size[::-1] if turn else size
    scale = min((width - 16) / room[0], (height - 14) / room[1])
    middle = (low + high) / 2

    def paper(px: Floats, py: Floats) -> tuple[Floats, Floats]:
        dx, dy = px - middle[0], py - middle[1]
        if turn:
            dx, dy = dy, -dx
        return x + width / 2 + scale * dx, y + height / 2 - scale * dy

    ring = np.concatenate([xy, xy[:1]])
    page.line(*paper(ring[:, 0], ring[:, 1]), RULE, 2.4)
    if stint.behind is not None and np.isfinite(stint.behind[1]).sum() > 4:
        s, classes = gain_classes(*stint.behind)
        px, py = paper(*stint.track.at(s))
        edges = (np.flatnonzero(np.diff(classes)) + 1).tolist()
        for a, b in zip([0, *edges], [*edges, len(s) - 1], strict=True):
            kind = int(classes[a])
            if kind == UNKNOWN:
                continue
            colour = {-1: GAINED, 0: FAINT, 1: LOST}[kind]
            part = slice(a, b + 1)
            page.line(px[part], py[part], colour, 0.7 if kind == 0 else 1.7)
            if kind == -1:
                page.line(px[part], py[part], "#ffffff", 0.7)
    start = stint.track.xy[[-1, 0, 1]]
    sx, sy = paper(start[:, 0], start[:, 1])
    way = np.array([sx[2] - sx[0], sy[2] - sy[0]])
    side = np.array([-way[1], way[0]]) / max(float(np.hypot(*way)), 1e-9) * 2.4
    page.line([sx[1] - side[0], sx[1] + side[0]], [sy[1] - side[1], sy[1] + side[1]], INK, 0.6)
    said = {f.corner.number: f for f in stint.advice.findings} if stint.advice else {}
    centre = np.array([x + width / 2, y + height / 2])
    for corner in stint.debrief.corners:
        cx, cy = paper(*stint.track.at(np.array([corner.apex_m])))
        at = np.array([float(cx[0]), float(cy[0])])
        ax, ay = paper(*stint.track.at(np.array([corner.apex_m - 15.0, corner.apex_m + 15.0])))
        along = np.array([ax[1] - ax[0], ay[1] - ay[0]])
        out = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-9)
        if out @ (at - centre) < 0:
            out = -out
        spot = at + out * 5.0
        number = str(corner.number)
        if corner.number in said:
            page.disc(spot[0], spot[1], 2.5, LOST)
            page.text(spot[0], spot[1] + 1.1, number, 9, "#ffffff", bold=True, align="middle")
        else:
            page.text(spot[0], spot[1] + 1.1, number, 8, DIM, align="middle")
    page.line([x, x + 7], [y + height] * 2, LOST, 1.7)
    page.text(x + 9, y + height + 1, "time lost", 8, DIM)
    page.line([x + 28, x + 35], [y + height] * 2, GAINED, 1.7)
    page.line([x + 28, x + 35], [y + height] * 2, "#ffffff", 0.7)
    page.text(x + 37, y + height + 1, "time gained", 8, DIM)


def corner_figure(
    page: Page, stint: Stint, corner: Corner, x: float, y: float, width: float, height: float
) -> None:
    """Speed, throttle and brake through one corner: the stint's best lap and the reference."""
    corners = stint.debrief.corners
    bounds = zones(corners, stint.debrief.length_m)
    k = corners.index(corner)
    lo = max(float(bounds[k]) - 60.0, 0.0)
    hi = min(float(bounds[k + 1]), corner.exit_m + 150.0)
    left, top = x + 10, y + 3
    wide, tall = width - 10, height * 0.58
    curves = [(stint.other_curves, REFERENCE), (stint.own_curves, OWN)]
    speeds = [
        part
        for lap, _ in curves
        if lap is not None and (part := _inside(lap.speed, lo, hi)) is not None
    ]
    if not speeds:
        page.text(left, top + 8, "no speed was received here", 9, DIM)
        return
    least = min(float(v.min()) for _, v in speeds)
    most = max(float(v.max()) for _, v in speeds)
    step = next((n for n in (10, 20, 50, 100) if (most - least) / n <= 5), 100)
    v0, v1 = float(np.floor(least / step) * step), float(np.ceil(most / step) * step)

    def paper(
        s: Floats, v: Floats, a: float, b: float, up: float, high: float
    ) -> tuple[Floats, Floats]:
        return left + (s - lo) / (hi - lo) * wide, up + high - (v - a) / max(b - a, 1e-9) * high

    for value in np.arange(v0, v1 + 1, step):
        yy = top + tall - (value - v0) / max(v1 - v0, 1) * tall
        page.line([left, left + wide], [yy, yy], RULE, 0.15)
        page.text(left - 1.5, yy + 1, f"{value:.0f}", 7, DIM, mono=True, align="right")
    low_top, low_tall = top + tall + 3, height - tall - 10
    page.box(left, low_top, wide, low_tall, SHADE)
    for lap, colour in curves:
        if lap is None:
            continue
        for curve, a, b, up, high, dashed, thick in (
            (lap.speed, v0, v1, top, tall, False, 0.45),
            (lap.throttle, 0.0, 1.0, low_top, low_tall, False, 0.25),
            (lap.brake, 0.0, 1.0, low_top, low_tall, True, 0.25),
        ):
            part = _inside(curve, lo, hi)
            if part is not None:
                page.line(*paper(*part, a, b, up, high), colour, thick, dashed=dashed)
    for driven, colour in ((stint.best, OWN), (stint.reference, REFERENCE)):
        record = stint.record(driven)
        if record is None or not record.passages.seen[k]:
            continue
        brake = float(record.passages.of(Measure.BRAKE)[k])
        if np.isfinite(brake):
            bx = left + (brake - lo) / (hi - lo) * wide
            page.line([bx, bx], [top, low_top + low_tall], colour, 0.25, dashed=True)
            page.text(bx, low_top + low_tall + 3.4, f"{corner.apex_m - brake:.0f} m", 7.5, colour,
                      mono=True, align="right" if colour == OWN else "left")  # fmt: skip
    page.text(left, top - 1, "km/h", 7, DIM)
    page.text(
        left + wide, low_top + low_tall + 3.4, "throttle — brake - -", 7, FAINT, align="right"
    )


def lap_chart(page: Page, stint: Stint, x: float, y: float, width: float, height: float) -> None:
    """Lap times of the field, this car's in front, the stint shaded."""
    every = np.array([s for _, _, times in stint.field for s in times])
    if len(every) < 2:
        return
    low, high = float(every.min()), float(np.median(every)) * 1.05
    spare = max((high - low) * 0.05, 0.05)
    low, high = low - spare, min(high, float(every.max())) + spare
    last = max(numbers[-1] for _, numbers, _ in stint.field if numbers)
    left, wide, tall = x + 15, width - 15, height - 8

    def paper(lap: Floats, seconds: Floats) -> tuple[Floats, Floats]:
        at = left + (lap - 0.5) / last * wide
        return at, y + tall - (seconds - low) / (high - low) * tall

    first, end = stint.laps[0].number, stint.laps[-1].number
    sx, _ = paper(np.array([first - 0.5, end + 0.5]), np.array([low, low]))
    page.box(float(sx[0]), y, float(sx[1] - sx[0]), tall, SHADE)
    step = next((s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10) if (high - low) / s <= 6), 30)
    for value in np.arange(np.ceil(low / step) * step, high, step):
        _, yy = paper(np.array([1.0]), np.array([value]))
        page.line([left, left + wide], [yy[0], yy[0]], RULE, 0.15)
        text = lap_time(round(float(value) * SECOND_US))[:-2]
        page.text(left - 1.5, float(yy[0]) + 1, text, 7, DIM, mono=True, align="right")
    for car, numbers, times in sorted(stint.field, key=lambda one: one[0] == stint.car):
        px, py = paper(np.array(numbers, np.float64), np.array(times))
        own = car == stint.car
        colour, wide_line = (OWN, 0.6) if own else ("#c3c9d0", 0.2)
        inside = np.array(times) <= high
        for run in np.split(np.arange(len(px)), np.flatnonzero(np.diff(inside)) + 1):
            if len(run) and inside[run[0]]:
                page.line(px[run], py[run], colour, wide_line)
        if own:
            for cx, cy in zip(px[inside].tolist(), py[inside].tolist(), strict=True):
                page.disc(cx, cy, 0.7, OWN)
        for cx in px[~inside].tolist():  # slower than the chart reaches
            page.line([cx - 0.8, cx, cx + 0.8], [y + 1.4, y + 0.2, y + 1.4], colour, wide_line)
    shaded = ", shaded: this stint" if end - first + 1 < last else ""
    words = f"blue: car {stint.car}, grey: the other cars{shaded}"
    page.text(left + wide, y - 1.2, words, 7, DIM, align="right")
    every_nth = next((n for n in (1, 2, 5, 10, 20) if last / n <= 24), 50)
    for lap in range(every_nth, last + 1, every_nth):
        lx, _ = paper(np.array([float(lap)]), np.array([low]))
        page.text(float(lx[0]), y + height - 3, str(lap), 7, DIM, align="middle")


def _inside(curve: Curve | None, lo: float, hi: float) -> Curve | None:
    if curve is None:
        return None
    inside = (curve[0] >= lo) & (curve[0] <= hi)
    return (curve[0][inside], curve[1][inside]) if inside.sum() >= 2 else None
