"""Official timing for the command line: which car is which, and what the tables say."""

from __future__ import annotations

from typing import Any

from pitwall.analysis.feeds import FeedErrors, feed_errors, feed_matches
from pitwall.analysis.laps import Lap
from pitwall.analysis.official import OfficialTiming
from pitwall.telemetry import (
    Official,
    OfficialFlag,
    OfficialLap,
    OfficialResult,
    OfficialStop,
    TableClock,
    Weather,
)
from pitwall.telemetry.clock import iso
from pitwall.telemetry.plural import counted


def official_lap(official: OfficialTiming | None, lap: Lap) -> dict[str, Any] | None:
    """What official timing says of a lap of the telemetry; None where it is not known which it
    is. ``error_s``: ours minus theirs."""
    theirs = official.lap(lap.car, lap.number) if official is not None else None
    if official is None or official.laps is None or theirs is None:
        return None
    known = lap.time_us is not None and theirs.time_us is not None
    return {
        **_lap(theirs, official.laps),
        "error_s": _s(lap.time_us - theirs.time_us) if known else None,  # type: ignore[operator]
        "source": official.laps.source,
    }


def official_report(official: OfficialTiming | None, car: str | None = None) -> Any:
    """All official timing of a session, of one car or all; None where there is none."""
    if official is None:
        return None
    table = official.laps
    wanted = None
    if car is not None:
        match = official.match(car)
        wanted = match.official if match is not None else ""
    result_source, results = official.results()
    every = feed_matches(official)
    feeds = [feed for feed in every if wanted is None or feed.match.official == wanted]
    odd = dict.fromkeys(
        f"feed {m.car}: its number is not that of official car {m.official}"
        for m in (feed.match for feed in feeds)
        if m.sure and m.number_agrees is False
    )
    return {
        "tables": [
            {
                "source": t.source,
                "kind": t.kind,
                "clock": t.clock.value,
                "laps": len(t.laps),
                "cars": len(t.cars()),
            }
            for t in official.tables
        ],
        "laps_source": table.source if table is not None else None,
        "identity": [
            {
                "car": m.car,
                "official": m.official or None,
                "sure": m.sure,
                "laps_agree": m.laps,
                "laps": m.of,
                "residual_s": _s(m.residual_us),
                "second": m.second or None,
                "second_laps": m.second_laps,
                "number_agrees": m.number_agrees,
                "reason": m.reason,
            }
            for m in official.identity.matches
            if car is None or m.car == car
        ],
        "shift_s": next(
            (_s(m.shift_us) for m in official.identity.matches if m.shift_us is not None), None
        ),
        "without_telemetry": list(official.identity.without_telemetry),
        "conflicts": [*official.identity.conflicts, *odd],
        "feeds": [
            {
                "source": feed.source,
                "id": feed.match.car,
                "official": feed.match.official or None,
                "sure": feed.match.sure,
                "laps_agree": feed.match.laps,
                "laps": feed.match.of,
                "number_agrees": feed.match.number_agrees,
                "reason": feed.match.reason,
            }
            for feed in feeds
        ],
        "feed_errors": [_errors(row) for row in feed_errors(official, every)],
        "laps": [
            {"car": lap.car, **_lap(lap, table)}
            for lap in (table.laps if table is not None else ())
            if wanted is None or lap.car == wanted
        ],
        "results": [
            {**_result(row), "source": result_source}
            for row in results
            if wanted is None or row.car == wanted
        ],
        "stops": [
            {**_stop(stop), "source": source}
            for source, stop in official.stops()
            if wanted is None or stop.car == wanted
        ],
        "flags": [{**_flag(flag), "source": source} for source, flag in official.flags()],
        "weather": [{**_weather(w), "source": source} for source, w in official.weather()],
    }


def official_text(report: Any) -> list[str]:
    """The report as lines for people."""
    if report is None:
        return []
    tables = report["tables"]
    lines = [f"official timing: {counted(len(tables), 'table')}"]
    for row in report["identity"]:
        if row["official"] is None:
            lines.append(f"  car {row['car']}: {row['reason']}")
            continue
        doubt = "" if row["sure"] else f" (not sure: {row['reason']})"
        lines.append(
            f"  car {row['car']} is official car {row['official']}: {row['laps_agree']} of "
            f"{row['laps']} laps agree, {row['residual_s']:.3f} s apart{doubt}"
        )
    if report["without_telemetry"]:
        lines.append(f"  without telemetry: {', '.join(report['without_telemetry'])}")
    lines += [f"  to be looked at: {text}" for text in report["conflicts"]]
    for row in report["feed_errors"]:
        lines.append(f"  {_feed_text(row)}")
    for row in report["results"][:60]:
        gap = "" if row["gap_s"] is None else f" +{row['gap_s']:.3f} s"
        best = "" if row["best_s"] is None else f", best {row['best_s']:.3f} s"
        name = f" {row['driver']}" if row["driver"] else ""
        laps = "" if row["laps"] is None else f", {counted(row['laps'], 'lap')}"
        lines.append(f"  {row['position'] or '-':>3}  {row['car']}{name}{laps}{gap}{best}")
    told = [
        (len(report["laps"]), "lap"),
        (len(report["stops"]), "stop"),
        (len(report["flags"]), "flag"),
    ]
    lines.append("  " + ", ".join(counted(n, what) for n, what in told if n))
    return lines


def _lap(lap: OfficialLap, table: Official | None) -> dict[str, Any]:
    utc = table is not None and table.clock is TableClock.UTC
    return {
        "lap": lap.number,
        "time_s": _s(lap.time_us),
        "end": iso(lap.end_us) if utc and lap.end_us is not None else None,
        "end_s": None if utc else _s(lap.end_us),
        "sectors_s": [_s(s) for s in lap.sectors],
        "position": lap.position or None,
        "pit": lap.pit,
        "pit_s": _s(lap.pit_us),
        "flag": lap.flag or None,
        "stint": lap.stint or None,
        "compound": lap.compound or None,
        "tyre_laps": lap.tyre_laps or None,
    }


def _errors(row: FeedErrors) -> dict[str, Any]:
    known = row.laps > 0
    return {
        "source": row.source,
        "laps": row.laps,
        "median_s": _s(row.median_us) if known else None,
        "p95_s": _s(row.p95_us) if known else None,
        "worst_s": _s(row.worst_us) if known else None,
        "within_0_3_s": row.within,
        "begun_elsewhere": row.elsewhere,
        "begun_elsewhere_s": [_s(us) for us in row.elsewhere_us] if row.elsewhere else None,
        "missed": row.missed,
        "extra": row.extra,
    }


def _feed_text(row: dict[str, Any]) -> str:
    if not row["laps"]:
        return f"{row['source']}: no lap of it is an official one"
    text = (
        f"{row['source']}: {counted(row['laps'], 'lap')} against the table, "
        f"{row['median_s']:.3f} s off in the median, 95 % {row['p95_s']:.2f} s, worst "
        f"{row['worst_s']:.2f} s; {row['within_0_3_s'] / row['laps']:.0%} within 0.3 s"
    )
    if row["begun_elsewhere"]:
        low, high = row["begun_elsewhere_s"]
        text += (
            f"; {row['begun_elsewhere']} more began elsewhere ({low:+.1f} to {high:+.1f} s beside "
            "the official crossing)"
        )
    return text + f"; {row['missed']} missed, {row['extra']} unknown to the table"


def _result(row: OfficialResult) -> dict[str, Any]:
    return {
        "car": row.car,
        "position": row.position or None,
        "laps": row.laps,
        "total_s": _s(row.total_us),
        "gap_s": _s(row.gap_us),
        "best_s": _s(row.best_us),
        "best_lap": row.best_lap,
        "status": row.status or None,
        "driver": row.driver or None,
        "team": row.team or None,
    }


def _stop(stop: OfficialStop) -> dict[str, Any]:
    lane = stop.out_us - stop.in_us if stop.out_us is not None and stop.in_us is not None else None
    return {
        "car": stop.car,
        "lap": stop.lap or None,
        "lane_s": _s(lane),
        "standing_s": _s(stop.still_us),
        "text": stop.text or None,
    }


def _flag(flag: OfficialFlag) -> dict[str, Any]:
    return {
        "state": flag.state,
        "at_s": _s(flag.at_us),
        "lap": flag.lap,
        "text": flag.text or None,
    }


def _weather(w: Weather) -> dict[str, Any]:
    return {
        "at": iso(w.at_us),
        "air_c": w.air_c,
        "track_c": w.track_c,
        "humidity_pct": w.humidity,
        "pressure_hpa": w.pressure_hpa,
        "wind_ms": None if w.wind_ms is None else round(w.wind_ms, 3),
        "wind_deg": w.wind_deg,
        "rain": w.rain,
    }


def _s(us: int | None) -> float | None:
    return None if us is None else us / 1e6
