"""What each pane shows against what the session says: one function for each pane.

A check names a word of the picture and what it should say; a word with digits that no check named
is counted, so that nobody takes silence for agreement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pitwall.telemetry.units import to_si
from pitwall.ui.panes.coach_cards import MOST
from pitwall.ui.units import WRITTEN
from tests.pictures.tables import DASH, Figure, Spot, figure, figures, table

Doc = dict[str, Any]
CLOCK_S = 1.0
"""The clock is cut to whole seconds, not rounded."""
RENAMED = {"engine speed": "rpm"}
"""Channels whose name on screen is not their title."""
UNITS = {written: unit for unit, written in WRITTEN.items() if written}
"""Units that are written in another way than they are called."""


@dataclass(frozen=True, slots=True)
class Check:
    """One figure of a picture: what it is of, what is written, and what the session says.

    Attributes:
        good: whether they agree.
        spot: the word; None for one that should be there and is not.
    """

    what: str
    spot: Spot | None
    wanted: object
    good: bool

    @property
    def shown(self) -> str:
        """As written."""
        return self.spot.text if self.spot is not None else "nothing"


Checks = Iterator[Check]


def _time(what: str, spot: Spot | None, wanted: float | None, *, slack: float = 0.0) -> Check:
    if wanted is None:
        return Check(what, spot, DASH, spot is None or spot.text in (DASH, ""))
    found = figure(spot.text) if spot is not None else None
    return Check(what, spot, wanted, found is not None and found.says(wanted, slack=slack))


def _words(what: str, spots: Sequence[Spot], wanted: str) -> Check:
    """A sentence, however its lines are broken."""
    lines = " ".join(spot.text for spot in spots)
    spot = next((s for s in spots if s.text in wanted or wanted in s.text), None)
    return Check(what, spot, wanted, wanted in lines)


def header(spots: Sequence[Spot], doc: Doc) -> Checks:
    """The clock and the books."""
    clock = [s for s in spots if s.text.count(":") == 2]
    shown = figure(clock[0].text) if clock else None
    good = shown is not None and 0 <= doc["clock_s"] - shown.value < CLOCK_S
    yield Check("clock", clock[0] if clock else None, doc["clock_s"], good)
    books = next((s for s in spots if "chunks" in s.text), None)
    ledger = doc["ledger"]
    found = [f.value for f in figures(books.text)] if books else []
    # While newer data may be missing, nobody says of how many.
    wanted = [ledger["applied"], ledger["expected"]][: len(found)]
    yield Check("chunks", books, wanted, found == wanted)


def strip(spots: Sequence[Spot], doc: Doc) -> Checks:
    """The ledger."""
    ledger = doc["ledger"]
    missing = next((s for s in spots if s.text.startswith("missing")), None)
    found = [f.value for f in figures(missing.text)] if missing else []
    yield Check("missing", missing, ledger["missing"], found == [ledger["missing"]])
    rest = next((s for s in spots if "duplicates" in s.text), None)
    found = [f.value for f in figures(rest.text)] if rest else []
    wanted = [ledger["repaired"], ledger["duplicates"]]
    yield Check("repaired, duplicates", rest, wanted, found[1:3] == wanted)


def timing(spots: Sequence[Spot], doc: Doc) -> Checks:
    """The order: every car is there, with its gap and its laps."""
    rows = {row["Car"].text: row for row in table(spots, "P", "Car", "Gap") if "Car" in row}
    before: Doc | None = None
    lead = doc["order"][0] if doc["order"] else None
    for car in doc["order"]:
        row = rows.get(car["car"])
        name = f"car {car['car']}"
        if row is None:
            yield Check(name, None, "a row", good=False)
            continue
        yield Check(name, row["Car"], car["car"], good=True)
        yield _time(f"{name} place", row.get("P"), car["position"])
        gap = row.get("Gap")
        if gap is not None and gap.text.split()[-1].startswith("lap"):
            down = figures(gap.text)[0].value
            yield Check(f"{name} laps", gap, "laps down", 0 < down <= lead["lap"] - car["lap"])
        elif not car["in_pit"]:
            yield _time(f"{name} gap", gap, car["gap_s"])
        yield _time(f"{name} last", row.get("Last"), _lap_s(car["last"]))
        yield _time(f"{name} best", row.get("Best"), _lap_s(car["best"]))
        if "Ahead" in row and row["Ahead"].text != DASH and before is not None:
            ahead = car["gap_s"] - (before["gap_s"] or 0.0)
            yield _time(f"{name} ahead", row["Ahead"], max(ahead, 0.0))
        if "Age" in row and doc["state"] == "live":
            found = figure(row["Age"].text.removesuffix(" s"))
            old = car["age_s"] if car["age_s"] >= 2 else 0.0
            good = found is not None and found.value <= old < found.value + 1
            yield Check(f"{name} age", row["Age"], car["age_s"], good)
        if car["last"] is not None:
            for i, us in enumerate(car["last"]["sectors_s"]):
                if f"S{i + 1}" in row:
                    yield _time(f"{name} S{i + 1}", row[f"S{i + 1}"], us)
        before = car


def _lap_s(lap: Doc | None) -> float | None:
    return lap["time_s"] if lap is not None else None


def laps(spots: Sequence[Spot], doc: Doc) -> Checks:
    """Laps of the selected car, newest first, as far as they are in view."""
    known = {str(lap["lap"]): lap for lap in doc["laps"]}
    best = doc["best"]
    seen = 0
    for row in table(spots, "Lap", "Time"):
        lap = known.get(row["Lap"].text) if "Lap" in row else None
        if lap is None:
            continue
        seen += 1
        name = f"lap {lap['lap']}"
        yield Check(name, row["Lap"], lap["lap"], good=True)
        running = lap["time_s"] is None and lap is doc["laps"][-1]
        if running and row["Time"].text.startswith("≈"):
            # cut to a tenth, as no more is known
            yield _time(f"{name} predicted", row["Time"], doc["predicted_s"], slack=0.05)
        else:
            yield _time(f"{name} time", row.get("Time"), lap["time_s"])
        if "Δ best" in row and row["Δ best"].text != DASH and best is not None:
            yield _time(f"{name} Δ", row["Δ best"], lap["time_s"] - best["time_s"])
        if not running:
            for i, us in enumerate(lap["sectors_s"]):
                if f"S{i + 1}" in row:
                    yield _time(f"{name} S{i + 1}", row[f"S{i + 1}"], us)
    yield Check("laps in view", None, "at least one", seen > 0)


def values(spots: Sequence[Spot], doc: Doc) -> Checks:
    """Every channel's newest value, in the unit it is written in."""
    known = {one["title"].replace("_", " ").lower(): one for one in doc["channels"]}
    seen = 0
    for row in table(spots, "Channel", "Value"):
        name = row["Channel"].text.lower() if "Channel" in row else ""
        one = known.get(RENAMED.get(name, name))
        shown = figure(row["Value"].text) if "Value" in row else None
        if one is None or shown is None:
            continue
        seen += 1
        unit = UNITS.get(row[""].text, row[""].text) if "" in row else ""
        si, _ = to_si(shown.value, unit)
        step = abs(to_si(shown.value + shown.half, unit)[0] - si)
        good = Figure(si, step).says(one["value"])
        yield Check(name, row["Value"], (one["value"], one["unit"]), good)
    yield Check("channels in view", None, "at least three", seen >= 3)


def traces(spots: Sequence[Spot], doc: Doc) -> Checks:
    """Which laps, and the predicted one."""
    for text, wanted in (
        (f"CAR {doc['car']}", "car"),
        (f"LAP {doc['lap']}", "lap"),
    ):
        spot = next((s for s in spots if s.text.split(" · ")[0] == text), None)
        yield Check(wanted, spot, text, spot is not None)
    if doc["reference"] is not None:
        start = "CAR {car} · LAP {lap}".format(**doc["reference"])
        spot = next((s for s in spots if s.text.startswith(start)), None)
        yield Check("reference", spot, start, spot is not None)
    spot = next((s for s in spots if s.text.startswith("predicted ") and ":" in s.text), None)
    if spot is not None:
        yield _time("predicted", Spot(spot.text.split()[-1], spot.rect), doc["predicted_s"])
        yield Check("predicted", spot, doc["predicted_s"], good=True)


def cars_on_map(spots: Sequence[Spot], doc: Doc) -> Checks:
    """Every number is a car's, every name a corner's."""
    cars = {car["car"] for car in doc["order"]}
    corners = {row["corner"] for row in doc["corners"]}
    for spot in spots:
        if spot.text[:1].isdigit():
            yield Check("car", spot, "a car", spot.text in cars)
        elif corners and spot.text.startswith("T") and spot.text[1:].isdigit():
            yield Check("corner", spot, "a corner", spot.text in corners)


def lap_chart(spots: Sequence[Spot], doc: Doc) -> Checks:
    """Every car that has laps is named at the right."""
    right = max((s.rect[2] for s in spots), default=0.0)
    named = {s.text for s in spots if s.rect[2] > right - 0.1 * right}
    for car in doc["order"]:
        if car["last"] is not None:
            spot = next((s for s in spots if s.text == car["car"] and s.text in named), None)
            yield Check(f"car {car['car']}", spot, "its name", spot is not None)


def corners(spots: Sequence[Spot], doc: Doc) -> Checks:
    """The corners of the newest finished lap."""
    known = {row["corner"]: row for row in doc["corners"]}
    seen = 0
    for row in table(spots, "Δ s", "Min", "Brake"):
        name = next((s for s in row.values() if s.text in known), None)
        one = known.get(name.text) if name is not None else None
        if one is None or name is None:
            continue
        seen += 1
        yield Check(name.text, name, name.text, good=True)
        yield _time(f"{name.text} Δ", row.get("Δ s"), one["behind_s"])
        yield _time(f"{name.text} min", row.get("Min"), _kmh(one["minimum_ms"]))
        yield _time(f"{name.text} brake", row.get("Brake"), one["brake_m"])
        if "Throttle" in row:
            yield _time(f"{name.text} throttle", row["Throttle"], one["throttle_m"])
    yield Check("corners in view", None, "at least one", seen > 0)


def _kmh(ms: float | None) -> float | None:
    return None if ms is None else ms * 3.6


def _told(said: Doc) -> list[Doc]:
    """What is said of all that was found: three things, one of them good where there is one."""
    lost = {one["corner"] for one in said["findings"]}
    good = [one for one in said["strengths"] if one["corner"] not in lost]
    first: list[Doc] = said["findings"][: MOST - bool(good)]
    return first + good[: MOST - len(first)]


def coach(spots: Sequence[Spot], doc: Doc) -> Checks:
    """The sentence for the radio, and the first finding."""
    said = doc["coach"]
    if said is not None and said["findings"]:
        yield _words("radio", spots, said["radio"])
        for one in _told(said):
            spot = next((s for s in spots if s.text.startswith(one["worth"])), None)
            yield Check(f"worth of {one['place']}", spot, one["worth"], spot is not None)


def driver(spots: Sequence[Spot], doc: Doc) -> Checks:
    """The lap against its reference, the three sentences, the laps below."""
    title = next((s for s in spots if s.text.startswith("Car ")), None)
    wanted = f"Car {doc['car']} · lap {doc['lap']}"
    yield Check("title", title, wanted, title is not None and title.text == wanted)
    reference = doc["reference"]
    if reference is not None and doc["best"] is not None:
        spot = next((s for s in spots if ":" in s.text and title and _level(s, title)), None)
        if (reference["car"], reference["lap"]) == (doc["best"]["car"], doc["best"]["lap"]):
            yield _time("reference", spot, doc["best"]["time_s"])
    behind = next((s for s in spots if title and _level(s, title) and s.text.endswith(" s")), None)
    if behind is not None and doc["predicted_s"] is not None and doc["best"] is not None:
        shown = Spot(behind.text.removesuffix(" s"), behind.rect)
        yield _time("behind", shown, doc["predicted_s"] - doc["best"]["time_s"])
        yield Check("behind", behind, "", good=True)
    for one in _told(doc["coach"]) if doc["coach"] is not None else ():
        yield _words(one["place"], spots, one["text"])
        for part in ("worth", "sure"):
            spot = next((s for s in spots if s.text == one[part]), None)
            yield Check(f"{one['place']} {part}", spot, one[part], spot is not None)
    known = {f"Lap {lap['lap']}": lap for lap in doc["laps"]}
    for card in spots:
        lap = known.get(card.text)
        if lap is None:
            continue
        yield Check(card.text, card, card.text, good=True)
        under = [s for s in spots if abs(s.rect[0] - card.rect[0]) < 3 and s.rect[1] > card.rect[1]]
        below = min(under, key=lambda s: s.rect[1], default=None)
        if lap["time_s"] is not None and below is not None and figure(below.text):
            yield _time(card.text, below, lap["time_s"])


def _level(a: Spot, b: Spot) -> bool:
    return abs(a.middle - b.middle) < 8 and a is not b


_BAND = re.compile(r"^[+\-−]?[\d.]+ to [+\-−]?[\d.]+$")


def advice(spots: Sequence[Spot], doc: Doc) -> Checks:
    """Gain and interval of each setting that is in view, several at once first."""
    if doc["advice"] is None:
        return
    left = [row for row in doc["advice"]["rows"] if row["gain"] is not None]
    joint = doc["advice"]["joint"]
    if joint is not None and len(joint["values"]) > 1:
        left.insert(0, {"setting": "together", "gain": joint["gain"]})
    head = next((s for s in spots if s.text.startswith("gain a lap")), None)
    under = [s for s in spots if head is not None and s.middle > head.rect[3]]
    shown = [s for s in under if s.text.endswith(" s") and figure(s.text.removesuffix(" s"))]
    for spot, row in zip(sorted(shown, key=lambda s: s.middle), left, strict=False):
        found = figure(spot.text.removesuffix(" s"))
        good = found is not None and found.says(row["gain"]["mean_s"])
        yield Check(f"gain of {row['setting']}", spot, row["gain"]["mean_s"], good)
    bands = sorted((s for s in under if _BAND.match(s.text)), key=lambda s: s.middle)
    for spot, row in zip(bands, left[: len(shown)], strict=False):
        wanted = (row["gain"]["lo_s"], row["gain"]["hi_s"])
        found_two = figures(spot.text)
        good = len(found_two) == 2 and all(
            f.says(w) for f, w in zip(found_two, wanted, strict=True)
        )
        yield Check(f"interval of {row['setting']}", spot, wanted, good)
    yield Check("advice in view", None, "at least one", bool(shown))


def pit_window(spots: Sequence[Spot], doc: Doc) -> Checks:
    """Fuel and pace."""
    plan = doc["plan"]
    if plan is None:
        return
    fuel, pace = plan["fuel"], plan["pace"]
    if fuel is not None:
        spot = next((s for s in spots if s.text.startswith("Fuel ")), None)
        wanted = [fuel[k] for k in ("left_kg", "margin_kg", "margin_lo_kg", "margin_hi_kg")]
        found = figures(spot.text)[:4] if spot is not None else []
        good = len(found) == 4 and all(
            f.says(w, slack=0.006) for f, w in zip(found, wanted, strict=True)
        )
        yield Check("fuel", spot, wanted, good)
    if pace is not None:
        spot = next((s for s in spots if "on new tyres" in s.text), None)
        if spot is not None:
            good = figures(spot.text)[0].says(pace["base_s"], slack=0.0006)
            yield Check("pace", spot, pace["base_s"], good)


CHECKS: dict[str, Callable[[Sequence[Spot], Doc], Checks]] = {
    "header": header,
    "strip": strip,
    "timing": timing,
    "tower": timing,
    "laps": laps,
    "values": values,
    "traces": traces,
    "map": cars_on_map,
    "lap_chart": lap_chart,
    "corners": corners,
    "coach": coach,
    "driver": driver,
    "advice": advice,
    "pit_window": pit_window,
}
