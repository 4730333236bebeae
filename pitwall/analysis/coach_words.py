"""What the coach says, in a driver's words."""

from __future__ import annotations

import math

from pitwall.analysis.coach import Advice, Finding
from pitwall.analysis.passages import Measure


def headline(finding: Finding) -> str:
    """What to do, without the place: ``Brake 9 m later, as on laps 9 and 12.``"""
    amount = _amount(finding)
    if finding.gain_s < 0:
        return (
            f"Quicker than car {finding.against} on {finding.usual} of {finding.laps} laps. "
            "Keep it."
        )
    if finding.measure is None:
        return f"Slower than car {finding.against} here, not by brake or throttle: try the line."
    whom = f", as car {finding.against} does" if finding.against else _as_on(finding)
    if finding.measure is Measure.BRAKE:
        return f"Brake {amount} {'later' if finding.change > 0 else 'earlier'}{whom}."
    if finding.measure is Measure.THROTTLE:
        when = "earlier" if finding.change < 0 else "later"
        return f"Back on the throttle {amount} {when}{whom}."
    return f"Carry {amount} more through it{whom}."


def short(finding: Finding) -> str:
    """The same in a few words, for a row: ``brake 9 m later, as on laps 9 and 12``."""
    if finding.gain_s < 0:
        return f"quicker than car {finding.against}, keep it"
    if finding.measure is None:
        return f"slower than car {finding.against}: try its line"
    text = headline(finding).rstrip(".")
    return text[:1].lower() + text[1:]


def place(finding: Finding) -> str:
    """``Turn 5``, or the corner's own name."""
    text = finding.corner.spoken
    return text[:1].upper() + text[1:]


def sureness(finding: Finding) -> str:
    """How sure that is: ``± 0.04 s over 9 laps · 118 → 109 m before the apex``."""
    text = f"± {half_width(finding)} s over {finding.laps} laps"
    if finding.measure is None or finding.gain_s < 0:
        return text
    # From the usual by as much as the sentence says: two roundings, and the middle of differences
    # beside a difference of middles, would have the reader find another number.
    if finding.measure is Measure.MINIMUM:
        usual = round(finding.typical * 3.6)
        return f"{text} · {usual} → {usual + round(finding.change * 3.6)} km/h"
    usual = round(finding.typical)
    return f"{text} · {_side(usual)} → {_side(usual - round(finding.change), last=True)}"


def half_width(finding: Finding) -> str:
    """The 90 % half width, rounded up to hundredths: it is never nothing."""
    return f"{max(math.ceil((finding.high_s - finding.low_s) * 50 - 1e-9), 1) / 100:.2f}"


def gain(finding: Finding) -> str:
    """``0.14 s to gain``, or how much is won there already."""
    if finding.gain_s < 0:
        return f"{-finding.gain_s:.2f} s up"
    return f"{finding.gain_s:.2f} s to gain"


def sentence(finding: Finding) -> str:
    """One sentence for the radio: ``Brake 9 m later into turn 5: 0.14 s to gain.``"""
    where, amount = finding.corner.spoken, _amount(finding)
    if finding.gain_s < 0:
        won = f"{-finding.gain_s:.2f} s"
        return f"{place(finding)} is good: {won} on car {finding.against} every lap, keep it."
    if finding.measure is None:
        return (
            f"{place(finding)} costs {finding.gain_s:.2f} s to car {finding.against}: try its line."
        )
    if finding.measure is Measure.BRAKE:
        what = f"Brake {amount} {'later' if finding.change > 0 else 'earlier'} into {where}"
    elif finding.measure is Measure.THROTTLE:
        when = "earlier" if finding.change < 0 else "later"
        what = f"Back on the throttle {amount} {when} out of {where}"
    else:
        what = f"Carry {amount} more through {where}"
    return f"{what}: {finding.gain_s:.2f} s to gain."


def radio(advice: Advice) -> str:
    """The sentence that is most worth its breath; empty when there is none."""
    if advice.findings:
        return sentence(advice.findings[0])
    return sentence(advice.strengths[0]) if advice.strengths else ""


def quiet(advice: Advice) -> str:
    """Why nothing is said."""
    if advice.findings or advice.strengths:
        return ""
    whole = next((s.reason for s in advice.silences if s.corner is None), "")
    if whole and not advice.laps:
        return whole[:1].upper() + whole[1:] + "."
    if len(advice.laps) < 5:
        return whole[:1].upper() + whole[1:] + "."
    return f"Nothing that repeats itself in {len(advice.laps)} laps: what differs is scatter."


def _amount(finding: Finding) -> str:
    if finding.measure is Measure.MINIMUM:
        return f"{abs(finding.change) * 3.6:.0f} km/h"
    return f"{abs(finding.change):.0f} m"


def _as_on(finding: Finding) -> str:
    laps = [str(lap) for lap in finding.shown_on]
    if not laps:
        return ""
    if len(laps) > 3:
        return f", as on {len(laps)} of your laps"
    return f", as on laps {', '.join(laps[:-1])} and {laps[-1]}"


def _side(metres: float, *, last: bool = False) -> str:
    """Metres before the apex, or after it."""
    unit = ""
    if last:
        unit = " m before the apex" if metres >= 0 else " m after the apex"
    return f"{abs(metres):.0f}{unit}"
