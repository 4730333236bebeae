"""The pages of a stint's report. No Qt."""

from __future__ import annotations

import textwrap
from typing import TypeGuard

import numpy as np

from pitwall.analysis import Corner, Lap, Measure
from pitwall.analysis.coach_words import gain, headline, place, quiet, sureness
from pitwall.analysis.compare import consistency
from pitwall.analysis.debrief import MINI_DOUBT_S, Bests
from pitwall.telemetry.clock import SECOND_US, clock_text, lap_time
from pitwall.ui.panes.coach_cards import spoken
from pitwall.ui.panes.laps import KIND_WORDS, sector
from pitwall.ui.report.content import Stint
from pitwall.ui.report.drawing import (
    DIM,
    GAINED,
    HEIGHT,
    INK,
    LOST,
    MARGIN,
    OWN,
    REFERENCE,
    WIDTH,
    Page,
)
from pitwall.ui.report.figures import corner_figure, lap_chart, track_map
from pitwall.ui.words import DASH, signed

INNER = WIDTH - 2 * MARGIN
_LAPS_MOST = 34
_NOTES_MOST = 12
Table = tuple[tuple[str, float, str], ...]
"""Columns: heading, x of its edge, alignment."""


def pages_of(stint: Stint) -> list[Page]:
    """All pages, numbered."""
    pages = [_summary(stint), *_lap_pages(stint), _corner_page(stint)]
    said = [one.corner for one in spoken(stint.advice)] or list(stint.debrief.corners[:3])
    if said and stint.own_curves is not None:
        pages.append(_trace_page(stint, said))
    for number, page in enumerate(pages, start=1):
        page.text(WIDTH - MARGIN, HEIGHT - 8, f"{number} / {len(pages)}", 8, DIM, align="right")
        page.text(MARGIN, HEIGHT - 8, f"{stint.title} · car {stint.car}", 8, DIM)
    return pages


def _head(stint: Stint, title: str) -> Page:
    page = Page(title)
    page.text(MARGIN, 20, title, 16, bold=True)
    words = f"{stint.title} · {stint.day}" + (" · SIMULATED" if stint.simulated else "")
    page.text(WIDTH - MARGIN, 20, words, 9, DIM, align="right")
    page.rule(24)
    return page


def _summary(stint: Stint) -> Page:
    first, last = stint.laps[0].number, stint.laps[-1].number
    page = _head(stint, f"Car {stint.car}, laps {first} to {last}")
    bests, best, reference = stint.bests, stint.best, stint.reference
    figures = [
        (
            "best of the stint",
            lap_time(best.time_us) if best else DASH,
            f"lap {best.number}" if best else "",
        ),
        ("best sectors", _time(bests.sectors.seconds if bests else None), "put together"),
        (
            "best mini-sectors",
            _time(bests.minis.seconds if bests else None),
            f"each known to {bests.doubt_s:.2f} s only" if _vague(bests) else "put together",
        ),
        (
            "against",
            lap_time(reference.time_us) if reference else DASH,
            f"car {reference.car} lap {reference.number}" if reference else "no other lap",
        ),
    ]
    for i, (label, value, below) in enumerate(figures):
        x = MARGIN + i * INNER / 4
        page.text(x, 31, label, 8, DIM)
        page.text(x, 38, value, 14, mono=True, bold=True)
        page.text(x, 43, below, 8, DIM)
    track_map(page, stint, MARGIN, 50, INNER, 118)
    y = 182.0
    said = spoken(stint.advice)
    for one in said:
        page.rule(y - 6)
        page.text(MARGIN, y, place(one), 13, bold=True)
        page.text(
            WIDTH - MARGIN, y, gain(one), 13, LOST if one.gain_s > 0 else GAINED, mono=True,
            align="right",
        )  # fmt: skip
        page.text(MARGIN, y + 6, headline(one), 10.5)
        page.text(MARGIN, y + 11, sureness(one), 8, DIM)
        y += 20
    if not said:
        reason = quiet(stint.advice) if stint.advice is not None else "No laps were looked at."
        page.text(MARGIN, y, reason, 10.5)
        y += 10
    silences = stint.advice.silences if stint.advice is not None else ()
    if silences:
        page.rule(y - 4)
        page.text(MARGIN, y, "Nothing is said of", 8, DIM, bold=True)
        parts = [f"{s.corner.name if s.corner else 'the lap'}: {s.reason}" for s in silences]
        for line in textwrap.wrap("; ".join(parts), 110)[:4]:
            y += 4.5
            page.text(MARGIN, y, line, 8, DIM)
        y += 8
    _notes(page, stint, y)
    return page


def _vague(bests: Bests | None) -> TypeGuard[Bests]:
    """Whether mini-sectors are not known well enough for the best of them."""
    return bests is not None and bests.doubt_s > MINI_DOUBT_S


def _notes(page: Page, stint: Stint, y: float) -> None:
    """The notes of the stint, as many as there is room for, and how many are left out."""
    if not stint.notes:
        return
    page.rule(y - 4)
    page.text(MARGIN, y, "Notes", 9, bold=True)
    room = HEIGHT - 16
    shown = 0
    for note in stint.notes[:_NOTES_MOST]:
        lines = textwrap.wrap(note.text, 100)[:3]
        if y + 5 * len(lines) > room:
            break
        moment = clock_text(note.t_us - stint.started_us)
        page.text(MARGIN, y + 5, moment, 8, DIM, mono=True)
        for line in lines:
            y += 5
            page.text(MARGIN + 20, y, line, 9)
        shown += 1
    if shown < len(stint.notes):
        page.text(MARGIN, y + 5, f"and {len(stint.notes) - shown} more in the session", 8, DIM)


def _lap_pages(stint: Stint) -> list[Page]:
    pages = []
    for at in range(0, len(stint.laps), _LAPS_MOST):
        page = _head(stint, "Laps" if at == 0 else "Laps, continued")
        y = 31.0
        if at == 0:
            lap_chart(page, stint, MARGIN, 30, INNER, 70)
            y = 108.0
        part = stint.laps[at : at + _LAPS_MOST]
        _lap_rows(page, stint, part, y)
        pages.append(page)
    return pages


def _lap_rows(page: Page, stint: Stint, laps: tuple[Lap, ...], y: float) -> None:
    sectors = max((len(lap.sectors) for lap in laps), default=0)
    columns: list[tuple[str, float]] = [("lap", 10), ("time", 34), ("± s", 48.5), ("to best", 66)]
    columns += [(f"S{i + 1}", 82.0 + 15 * i) for i in range(min(sectors, 4))]
    for name, at in columns:
        page.text(MARGIN + at, y, name, 8, DIM, align="right")
    page.rule(y + 1.6)
    y += 1
    best = stint.best
    for lap in laps:
        y += 5
        own = best is not None and lap.number == best.number
        cells = [str(lap.number), lap_time(lap.time_us) if lap.time_us else DASH]
        cells.append(f"{lap.uncertainty_us / SECOND_US:.3f}" if lap.time_us else DASH)
        difference = None
        if lap.time_us is not None and best is not None and best.time_us is not None:
            difference = (lap.time_us - best.time_us) / SECOND_US
        cells.append(DASH if difference is None else "best" if own else signed(difference, 3))
        cells += [sector(t) if t is not None else DASH for t in lap.sectors[:4]]
        for (_, at), cell in zip(columns, cells, strict=False):
            page.text(
                MARGIN + at, y, cell, 9, INK if lap.valid else DIM, mono=True, bold=own,
                align="right",
            )  # fmt: skip
        remark = KIND_WORDS.get(lap.kind, "" if lap.valid else lap.reason)
        page.text(MARGIN + 86 + 15 * min(sectors, 4), y, remark, 8, DIM)


def _corner_page(stint: Stint) -> Page:
    page = _head(stint, "Corners")
    best, reference = stint.record(stint.best), stint.record(stint.reference)
    page.text(
        MARGIN, 30, f"best lap {stint.best.number if stint.best else DASH}", 9, OWN, bold=True
    )
    if stint.reference is not None:
        words = f"and car {stint.reference.car} lap {stint.reference.number}"
        page.text(MARGIN + 32, 30, words, 9, REFERENCE, bold=True)
    columns = (
        ("", 0.0, "left"), ("Δ s", 24, "right"), ("entry", 40, "right"), ("min", 56, "right"),
        ("exit", 72, "right"), ("km/h", 74, "left"), ("brake", 104, "right"),
        ("throttle", 128, "right"), ("gear", 148, "right"), ("± s", 166, "right"),
        ("passages", 182, "right"),
    )  # fmt: skip
    for name, at, align in columns:
        page.text(MARGIN + at, 38, name, 8, DIM, align=align)
    page.rule(39.6)
    laps = [r.passages for lap in stint.laps if lap.valid and (r := stint.record(lap)) is not None]
    spread = consistency(laps, Measure.TIME)
    height = min(11.0, 225.0 / max(len(stint.debrief.corners), 1))
    for k, corner in enumerate(stint.debrief.corners):
        y = 45.5 + k * height
        page.text(MARGIN, y, corner.name, 10, bold=True)
        rows = ((best, y, INK), (reference, y + 4, REFERENCE))
        for record, at, colour in rows:
            if record is None or height < 8 and record is reference:
                continue
            p = record.passages
            figures = [
                (40, p.of(Measure.ENTRY)[k] * 3.6, "{:.0f}"),
                (56, p.of(Measure.MINIMUM)[k] * 3.6, "{:.0f}"),
                (72, p.of(Measure.EXIT)[k] * 3.6, "{:.0f}"),
                (104, corner.apex_m - p.of(Measure.BRAKE)[k], "{:.0f} m"),
                (128, p.of(Measure.THROTTLE)[k] - corner.apex_m, "{:+.0f} m"),
                (148, p.of(Measure.GEAR)[k], "{:.0f}"),
            ]
            for x, value, form in figures:
                text = form.format(value) if np.isfinite(value) and p.seen[k] else DASH
                page.text(MARGIN + x, at, text, 9 if colour == INK else 8, colour, mono=True,
                          align="right")  # fmt: skip
        if best is not None and reference is not None:
            behind = best.passages.of(Measure.TIME)[k] - reference.passages.of(Measure.TIME)[k]
            if np.isfinite(behind):
                colour = LOST if behind > 0.02 else GAINED if behind < -0.02 else DIM
                page.text(MARGIN + 24, y, signed(float(behind), 3), 9, colour, mono=True,
                          align="right")  # fmt: skip
        if len(spread) and np.isfinite(spread[k]):
            page.text(MARGIN + 166, y, f"{spread[k]:.2f}", 9, mono=True, align="right")
        seen = sum(bool(lap.seen[k]) for lap in laps)
        page.text(MARGIN + 182, y, f"{seen}", 9, DIM, mono=True, align="right")
    page.text(
        MARGIN, HEIGHT - 14,
        "Brake: metres before the apex. Throttle: half open, metres after the apex. ±: standard "
        "deviation of the corner's time over the stint.",
        7.5, DIM,
    )  # fmt: skip
    return page


def _trace_page(stint: Stint, corners: list[Corner]) -> Page:
    page = _head(stint, "Where it is")
    words = f"lap {stint.best.number}" if stint.best else ""
    page.text(MARGIN, 30, words, 9, OWN, bold=True)
    if stint.reference is not None:
        text = f"car {stint.reference.car} lap {stint.reference.number}"
        page.text(MARGIN + 20, 30, text, 9, REFERENCE, bold=True)
    for i, corner in enumerate(corners[:3]):
        y = 36 + i * 83
        spoken_as = corner.spoken
        page.text(MARGIN, y + 3, spoken_as[:1].upper() + spoken_as[1:], 11, bold=True)
        corner_figure(page, stint, corner, MARGIN, y + 7, INNER, 70)
    return page


def _time(seconds: float | None) -> str:
    return lap_time(round(seconds * SECOND_US)) if seconds is not None else DASH
