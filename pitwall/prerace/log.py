"""The log of advice: what was advised on what, what came of it, and how often the band held."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pitwall.prerace.advice import Advice
from pitwall.prerace.discrepancy import Checked
from pitwall.prerace.gain import Z90
from pitwall.prerace.series import Trust, least_trusted
from pitwall.telemetry import BadInput

ADVICE, SCORE = "advice/", "score/"
"""Keys in the recording's table: ``advice/<car>/<written>`` and ``score/<car>/<written>``."""
VERSION = 1
"""Of the calculation: what made a gain must be known to make it again."""
LAST = 14


@dataclass(frozen=True, slots=True)
class Logged:
    """An advice that was applied.

    Attributes:
        car: whose.
        written_us: when; also its name.
        values: the settings that were changed, to what.
        mean_s, lo_s, hi_s: the gain that was promised, with its band.
        parameter_sd: of the parameters alone.
        trust: the least trusted class among the changes.
        seed, draws, version: with what it was computed.
        sheet: key of the sheet that it was computed on.
    """

    car: str
    written_us: int
    values: Mapping[str, float]
    mean_s: float
    lo_s: float
    hi_s: float
    parameter_sd: float
    trust: Trust
    seed: int
    draws: int
    sheet: str
    version: int = VERSION

    @property
    def key(self) -> str:
        """Its key in the recording's table."""
        return f"{ADVICE}{self.car}/{self.written_us}"


@dataclass(frozen=True, slots=True)
class Score:
    """What came of an advice.

    Attributes:
        advice: its key.
        obtained_s, sd_s: the gain between the runs, like for like, and how well it is known.
        held: whether it lies within the promised band, its own uncertainty allowed for.
        told: whether the laps tell the promised gain from none: others hold anyhow, and say nothing
            of the band.
    """

    advice: str
    obtained_s: float
    sd_s: float
    held: bool
    told: bool


def logged(
    advice: Advice, values: Mapping[str, float], sheet: str, now_us: int, seed: int, draws: int
) -> Logged:
    """The log's entry for applying ``values`` of an advice: one row's, or the joint proposal's.
    Raises BadInput for a setting that the advice does not propose so."""
    rows = {r.key: r for r in advice.rows}
    for key, value in values.items():
        if key not in rows or rows[key].proposed != value:
            raise BadInput(f"{key} = {value:g} is not what was advised")
    trust = least_trusted(rows[key].trust for key in values)
    if len(values) == 1:
        gain = rows[next(iter(values))].gain
    else:
        joint = advice.joint
        gain = joint.gain if joint is not None and dict(joint.values) == dict(values) else None
    if gain is None:
        raise BadInput("these changes together were not advised: take one, or the joint proposal")
    return Logged(
        advice.car,
        now_us,
        dict(values),
        gain.mean_s,
        gain.lo_s,
        gain.hi_s,
        gain.parameter_sd,
        trust,
        seed,
        draws,
        sheet,
    )


def score(entry: Logged, obtained_s: float, sd_s: float) -> Score:
    """Judge an advice by what runs before and after it say (see
    :meth:`pitwall.prerace.regression.LapModel.difference`)."""
    half = (entry.hi_s - entry.lo_s) / 2
    wide = (half**2 + (Z90 * sd_s) ** 2) ** 0.5
    held = bool(abs(obtained_s - entry.mean_s) <= wide)
    return Score(entry.key, obtained_s, sd_s, held, bool(Z90 * sd_s < abs(entry.mean_s)))


def entry_text(entry: Logged | Score) -> str:
    """What is kept in the recording's table."""
    doc = {name: getattr(entry, name) for name in type(entry).__slots__}
    doc = {k: dict(v) if isinstance(v, Mapping) else v for k, v in doc.items()}
    return json.dumps(doc)


def score_key(entry: Logged) -> str:
    """Under which key an advice's score is kept."""
    return f"{SCORE}{entry.car}/{entry.written_us}"


def log_in(
    meta: Mapping[str, str], car: str | None = None
) -> tuple[tuple[Logged, Score | None], ...]:
    """All applied advices with their scores, oldest first. Raises BadInput for an entry that is
    none."""
    out = []
    for key in (k for k in meta if k.startswith(ADVICE)):
        try:
            entry = _logged(json.loads(meta[key]))
            text = meta.get(score_key(entry))
            found = _score(json.loads(text)) if text is not None else None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadInput(f"{key}: not a logged advice: {error!r}") from error
        if car is None or entry.car == car:
            out.append((entry, found))
    return tuple(sorted(out, key=lambda pair: pair[0].written_us))


def _logged(doc: dict[str, Any]) -> Logged:
    """Raises ValueError, TypeError, KeyError for one that is none."""
    numbers = [float(doc.pop(name)) for name in ("mean_s", "lo_s", "hi_s", "parameter_sd")]
    values = {str(k): float(v) for k, v in doc.pop("values").items()}
    if not all(math.isfinite(number) for number in (*values.values(), *numbers)):
        raise ValueError("a number is not finite")
    mean, low, high, spread = numbers
    return Logged(
        car=str(doc.pop("car")),
        written_us=int(doc.pop("written_us")),
        values=values,
        mean_s=mean,
        lo_s=low,
        hi_s=high,
        parameter_sd=spread,
        trust=Trust(doc.pop("trust")),
        seed=int(doc.pop("seed")),
        draws=int(doc.pop("draws")),
        sheet=str(doc.pop("sheet")),
        version=int(doc.pop("version")),
    )


def _score(doc: dict[str, Any]) -> Score:
    """Raises ValueError, TypeError, KeyError for one that is none."""
    numbers = float(doc.pop("obtained_s")), float(doc.pop("sd_s"))
    flags = doc.pop("held"), doc.pop("told")
    if not all(math.isfinite(n) for n in numbers) or not all(isinstance(f, bool) for f in flags):
        raise ValueError("a score has two numbers and two answers")
    return Score(str(doc.pop("advice")), *numbers, *flags)


def checked(log: Sequence[tuple[Logged, Score | None]]) -> list[Checked]:
    """The scored advices as :func:`pitwall.prerace.discrepancy.learn` wants them."""
    return [
        Checked(e.mean_s, s.obtained_s, e.parameter_sd, s.sd_s, e.trust)
        for e, s in log
        if s is not None
    ]


def reliability(log: Sequence[tuple[Logged, Score | None]]) -> str:
    """How often the band held, in one line."""
    scores = [s for _, s in log if s is not None]
    told = [s for s in scores if s.told]
    silent = len(scores) - len(told)
    more = f"; {silent} not told by their laps" if silent else ""
    told = told[-LAST:]
    if not told:
        return f"no advice has been checked on this car yet{more}"
    held = sum(s.held for s in told)
    if len(told) == 1:
        return f"the last advice fell {'in' if held else 'outside'} the 90 % band{more}"
    return f"of the last {len(told)} advices {held} fell in the 90 % band{more}"
