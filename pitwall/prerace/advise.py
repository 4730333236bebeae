"""Advice: every setting's steps simulated, the best one weighed by what is known and not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from pitwall.prerace.advice import Advice, Joint, Row, Verdict
from pitwall.prerace.balance import Balances, axle_use, balances
from pitwall.prerace.candidates import NOT_A_SETUP, Candidates, candidates
from pitwall.prerace.conditions import Conditions
from pitwall.prerace.discrepancy import Discrepancies
from pitwall.prerace.fit import Fit
from pitwall.prerace.gain import Gain, gain_of, gain_with
from pitwall.prerace.lap import Laps
from pitwall.prerace.lap_track import Floats, LapTrack
from pitwall.prerace.phases import CornerPhases, corners_of_lap
from pitwall.prerace.plan import LapPlan, lap_plan
from pitwall.prerace.posterior import DRAWS, SEED, Posterior, posterior
from pitwall.prerace.series import Setting, Trust
from pitwall.prerace.sheet import Sheet
from pitwall.prerace.signs import against_rule, broken_signs, flat_out
from pitwall.prerace.sweep import Executor, sweep
from pitwall.prerace.vehicle import Vehicle
from pitwall.prerace.words import Word, contradictions, heard, points_of

WORTH_S = 0.005
"""A gain below this is not worth a mechanic's time, whatever its interval."""
EACH_S = 0.003
"""What a further change must gain to be part of a joint proposal."""
MOST_TOGETHER = 3
_NEAR_S = 0.002
_WORSE = 1e-3
"""Change of the balance that a driver does not feel."""


def _nothing() -> Mapping[str, tuple[float, float]]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Question:
    """What advice is asked on.

    Attributes:
        fit: the calibrated car, as it was set and fuelled for the laps that were fitted.
        sheet: how it is set now.
        track, day: where and when.
        words: what the driver said of this sheet.
        tried: lowest and highest value that this car has run, by setting; the sheet's own counts.
        errors: how wrong the model may be.
        runs: gains known from runs alone, by setting: (value, gain, sd) against the sheet.
        scatter_s: of the driver's laps.
        variant: ``race`` or ``qualifying``.
        fuel_kg, grip: of that variant; the fuel None leaves it as the fit has it.
        named: corners as the circuit calls them: (name, metres).
    """

    fit: Fit
    sheet: Sheet
    track: LapTrack
    day: Conditions = Conditions()
    words: tuple[Word, ...] = ()
    tried: Mapping[str, tuple[float, float]] = field(default_factory=_nothing)
    errors: Discrepancies = field(default_factory=Discrepancies)
    runs: Mapping[str, tuple[float, float, float]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    scatter_s: float = 0.2
    variant: str = "race"
    fuel_kg: float | None = None
    grip: float = 1.0
    named: tuple[tuple[str, float], ...] = ()


def advise(
    question: Question, executor: Executor | None = None, draws: int = DRAWS, seed: int = SEED
) -> Advice:
    """Ranked advice. The same question, draws and seed give the same answer bit for bit, whatever
    executor runs it. Raises BadInput for a sheet that does not fit the car."""
    day = replace(question.day, grip=question.day.grip * question.grip)
    fit = _for_variant(question)
    base = fit.car
    first = sweep([base], question.track, day)
    corners = corners_of_lap(question.track, first.speed_ms[:, 0], question.named)
    words = question.words
    notes = [
        f"the words contradict each other: {a.says()}, and {b.says()}"
        for a, b in contradictions(words, base.drive_front)
    ]
    notes += [
        f"not in the model, only shown: {w.says()}" for w in words if not len(points_of(w, corners))
    ]
    if flat_out(base, question.track, day):
        notes.append(
            "driven flat out: grip and downforce gain nothing here, only power, drag and mass do, "
            "and drafting more than they"
        )
    withheld = broken_signs(base, question.track, day)
    fit = heard(fit, question.track, day, corners, words)
    job = _Job(question, fit, day, corners, executor, posterior(fit, draws, seed))
    rows, laps = job.rows()
    if withheld:
        rows = [_hold(row, "the calibrated model breaks a law of physics") for row in rows]
    rows.sort(key=lambda row: -row.gain.lo_s if row.gain is not None else np.inf)
    joint = None if withheld else job.joint([r for r in rows if r.verdict is Verdict.ADVISED])
    return Advice(
        question.sheet.car,
        question.track.name,
        question.variant,
        float(laps.time_s[0]),
        tuple(rows),
        joint,
        withheld,
        tuple(notes),
    )


def _for_variant(question: Question) -> Fit:
    """The fit with the car set up as the sheet says, with the variant's fuel."""
    car = question.sheet.set_up(question.fit.car)
    fuel = question.fuel_kg if question.fuel_kg is not None else question.fit.car.fuel_kg
    return replace(question.fit, car=replace(car, fuel_kg=fuel))


def _hold(row: Row, reason: str) -> Row:
    if row.verdict not in (Verdict.ADVISED, Verdict.OUTSIDE):
        return row
    return replace(row, verdict=Verdict.WITHHELD, reason=reason)


class _Job:
    """One question being answered."""

    def __init__(
        self,
        question: Question,
        fit: Fit,
        day: Conditions,
        corners: tuple[CornerPhases, ...],
        executor: Executor | None,
        drawn: Posterior,
    ) -> None:
        self.q, self.fit, self.day, self.corners = question, fit, day, corners
        self.executor, self.drawn = executor, drawn
        self.series = question.sheet.series
        self.base = fit.car
        self._base_s: Floats | None = None

    def rows(self) -> tuple[list[Row], Laps]:
        """A row for each setting of the series, and the laps of base and candidates."""
        found = candidates(self.base, self.series, self.q.sheet, self.q.tried)
        cars = [self.base, *(car for c in found for car in c.cars)]
        laps = sweep(cars, self.q.track, self.day, self.executor)
        # at the same speeds, so that the setting's own effect shows and not that of going faster
        same = np.repeat(laps.speed_ms[:, :1], len(cars), axis=1)
        use = axle_use(cars, self.q.track, same, self.day)
        out, at = [], 1
        chosen: list[tuple[Candidates, int, int, str]] = []
        for c in found:
            gains = laps.time_s[0] - laps.time_s[at : at + len(c.cars)]
            k, reason = self._choose(c, gains, use, at)
            chosen.append((c, k, at, reason))
            at += len(c.cars)
        drawn = self._draw([c.cars[k] for c, k, _, _ in chosen if k >= 0])
        for c, k, first, reason in chosen:
            gains = laps.time_s[0] - laps.time_s[first : first + len(c.cars)]
            paired = drawn.pop(0) if k >= 0 else None
            out.append(self._row(c, k, first, gains, paired, laps, use, reason))
        modelled = {c.setting.key for c in found}
        out += [
            self._other(s) for s in self.series.settings if s.key not in (*modelled, *NOT_A_SETUP)
        ]
        return [row for row in out if row is not None], laps

    def _choose(self, c: Candidates, gains: Floats, use: Floats, at: int) -> tuple[int, str]:
        """Which candidate to propose (-1 for none), and what kept it from a better one."""
        order = [int(i) for i in np.argsort(-gains, kind="stable") if gains[i] > WORTH_S]
        inside = [i for i in order if c.inside[i]]
        if not inside:
            return (order[0], "") if order else (-1, "")
        top = float(gains[inside[0]])
        near = [i for i in inside if gains[i] >= top - _NEAR_S]
        near.sort(key=lambda i: abs(c.values[i] - c.now))
        for i in [*near, *[i for i in inside if i not in near]]:
            worse = self._worsens(self._balance(use, 0), self._balance(use, at + i))
            if not worse:
                return i, ("the driver's words" if i not in near else "")
        return near[0], "words"

    def _row(
        self,
        c: Candidates,
        k: int,
        first: int,
        gains: Floats,
        paired: Floats | None,
        laps: Laps,
        use: Floats,
        reason: str,
    ) -> Row:
        s = c.setting
        if k < 0 or paired is None:
            return Row(s.key, s.unit, s.trust, c.now, None, Verdict.BEST, stopped_by=c.stopped_by)
        value = c.values[k]
        mean = float(paired.mean())
        if mean <= WORTH_S:
            # a gain of the fitted car alone, which the draws around it do not have
            return Row(s.key, s.unit, s.trust, c.now, None, Verdict.BEST, stopped_by=c.stopped_by)
        gain = gain_of(paired, self.q.errors.sd(mean, s.trust))
        before, after = self._balance(use, 0), self._balance(use, first + k)
        towards = np.sign(value - c.now)
        steps = [i for i, v in enumerate(c.values) if np.sign(v - c.now) == towards]
        nearest = min(steps, key=lambda i: abs(c.values[i] - c.now))
        verdict, text = self._verdict(c, k, gain, before, after, reason)
        plan: LapPlan | None = None
        if verdict is Verdict.OPEN:
            plan = lap_plan(s.key, c.now, value, s.unit, self.q.scatter_s, gain.mean_s)
        return Row(
            s.key,
            s.unit,
            s.trust,
            c.now,
            value,
            verdict,
            text,
            gain,
            float(gains[nearest]),
            float(laps.speed_ms[:, first + k].max() - laps.speed_ms[:, 0].max()),
            {p: after[p] - before[p] for p in before if p in after},
            c.stopped(k) or ("the driver's words" if reason == "the driver's words" else ""),
            self._where(laps, first + k),
            plan,
        )

    def _verdict(
        self, c: Candidates, k: int, gain: Gain, before: Balances, after: Balances, reason: str
    ) -> tuple[Verdict, str]:
        broken = against_rule(
            self.base, c.setting.key, self.q.track, before, after, c.values[k] - c.now
        )
        if broken:
            text = f"the model says the opposite of the rule that {broken}"
            return Verdict.WITHHELD, text
        if reason == "words":
            said = "; ".join(w.says() for w in self._against(before, after))
            return Verdict.WITHHELD, f"would worsen what the driver reports: {said}"
        if gain.lo_s <= 0:
            return Verdict.OPEN, "the interval holds no gain as well"
        if not c.inside[k]:
            ran = f"{c.tried[0]:g} to {c.tried[1]:g} {c.setting.unit}"
            return Verdict.OUTSIDE, f"this car has run {ran}"
        return Verdict.ADVISED, ""

    def _other(self, s: Setting) -> Row:
        """A setting that only runs tell of, or that nobody wrote down."""
        now = self.q.sheet.values.get(s.key)
        if now is None:
            reason = "the sheet does not say how it is set"
            return Row(s.key, s.unit, s.trust, None, None, Verdict.UNKNOWN, reason)
        run = self.q.runs.get(s.key)
        if run is None:
            plan = lap_plan(s.key, now, _next(s, now), s.unit, self.q.scatter_s, 0.1)
            reason = "not in the model, and no two runs differ in it alone"
            return Row(s.key, s.unit, s.trust, now, None, Verdict.ONLY_LAPS, reason, plan=plan)
        value, mean, sd = run
        gain = gain_with(mean, sd, self.q.errors.sd(mean, Trust.DATA))
        verdict = Verdict.ADVISED if gain.lo_s > 0 and mean > WORTH_S else Verdict.OPEN
        told = verdict is Verdict.ADVISED
        after = None if told else lap_plan(s.key, now, value, s.unit, self.q.scatter_s, mean)
        reason = "from runs with either, not simulated"
        return Row(s.key, s.unit, Trust.DATA, now, value, verdict, reason, gain, plan=after)

    def joint(self, rows: Sequence[Row]) -> Joint | None:
        """The best one to three of the advised changes together, by the lower bound, a further one
        only where it is worth itself."""
        best: Joint | None = None
        values: dict[str, float] = {}
        pool = [r for r in rows if r.proposed is not None and r.trust is not Trust.DATA]
        while pool and len(values) < MOST_TOGETHER:
            trials = [{**values, r.key: r.proposed} for r in pool if r.proposed is not None]
            cars = [self.series.apply(self.base, t) for t in trials]
            breaches = set(self.series.breaches(self.base))
            legal = [breaches.issuperset(self.series.breaches(car)) for car in cars]
            drawn = self._draw(cars)
            gains = []
            for trial, paired in zip(trials, drawn, strict=True):
                errors = [r.gain.model_sd for r in rows if r.key in trial and r.gain is not None]
                gains.append(gain_of(paired, float(np.hypot.reduce(errors))))
            order = [i for i in np.argsort([-g.lo_s for g in gains]) if legal[i]]
            if not order:
                break
            i = int(order[0])
            if best is not None and gains[i].lo_s < best.gain.lo_s + EACH_S:
                break
            values = trials[i]
            best = Joint(dict(values), gains[i])
            pool = [r for r in pool if r.key not in values]
        return best

    def _draw(self, cars: list[Vehicle]) -> list[Floats]:
        """Baseline minus candidate for each draw and each car: the same draws for all."""
        if not cars:
            return []
        known = self._base_s is not None
        groups = [*([] if known else [self.base]), *cars]
        many = [drawn for car in groups for drawn in self.drawn.cars(car)]
        times = sweep(many, self.q.track, self.day, self.executor).time_s
        split = list(times.reshape(len(groups), -1))
        if self._base_s is None:
            self._base_s = split.pop(0)
        return [self._base_s - one for one in split]

    def _balance(self, use: Floats, i: int) -> Balances:
        return balances(use[:, :, i], self.corners)

    def _against(self, before: Balances, after: Balances) -> list[Word]:
        """Words that a change of the balance makes worse."""
        out = []
        for word in self.q.words:
            wanted = word.wanted(self.base.drive_front)
            moves = [
                after[place] - before[place]
                for place in before
                if place in after and place == (word.corner, word.phase)
            ]
            if moves and moves[0] * wanted < -_WORSE:
                out.append(word)
        return out

    def _worsens(self, before: Balances, after: Balances) -> bool:
        return bool(self._against(before, after))

    def _where(self, laps: Laps, i: int) -> tuple[tuple[str, float], ...]:
        """Where the lap gains: each corner with its way to the next one, largest first."""
        apexes = sorted((c.apex, c.name) for c in self.corners)
        if not apexes:
            return ()
        each = 2 * self.q.track.step_m
        pair = laps.speed_ms[:, [0, i]]
        spent = each / (pair + np.roll(pair, -1, axis=0))
        gained = spent[:, 0] - spent[:, 1]
        n = len(gained)
        out = []
        for j, (apex, name) in enumerate(apexes):
            before = apexes[j - 1][0] - (n if j == 0 else 0)
            after = apexes[(j + 1) % len(apexes)][0] + (n if j + 1 == len(apexes) else 0)
            at = np.arange((before + apex) // 2, (apex + after) // 2) % n
            out.append((name, float(gained[at].sum())))
        return tuple(sorted(out, key=lambda row: -row[1])[:3])


def _next(s: Setting, now: float) -> float:
    """A step up, or down where there is none."""
    return now + s.step if now + s.step <= s.high else now - s.step
