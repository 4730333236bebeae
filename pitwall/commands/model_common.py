"""What the commands of ``pitwall model`` have in common."""

from __future__ import annotations

import argparse
import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pitwall.telemetry import BadInput, Failure

if TYPE_CHECKING:
    from pitwall.analysis import Timing
    from pitwall.prerace import LapTrack, Vehicle
    from pitwall.store import Recording, SessionStore

_NO_LINE = "no line is known: it takes a whole lap with positions"


def add_vehicle(parser: argparse.ArgumentParser, *, needed: bool = True) -> None:
    """The option that names a vehicle."""
    parser.add_argument(
        "--vehicle", required=needed, metavar="NAME|FILE.toml", help="one that ships, or a file"
    )


def add_day(parser: argparse.ArgumentParser) -> None:
    """Options of the day."""
    parser.add_argument("--air", type=number, default=1.2, help="density of the air, kg/m3")


def add_laps(parser: argparse.ArgumentParser) -> None:
    """Options that say whose laps count."""
    parser.add_argument("recording", type=Path, metavar="S.pitwall")
    parser.add_argument("--car", required=True, help="whose laps")
    parser.add_argument(
        "--without",
        type=_laps,
        default=(),
        metavar="LAP,LAP",
        help="laps to leave out: wet ones, for instance",
    )


@contextlib.contextmanager
def timed(path: Path) -> Iterator[tuple[Recording, SessionStore, Timing]]:
    """A recording opened for reading, and its timing. Raises Failure, BadInput."""
    from pitwall.analysis import TimingEngine
    from pitwall.store import open_session

    if not path.is_file():
        raise Failure(f"{path}: no such file")
    recording, store = open_session(path, read_only=True)
    with recording:
        yield recording, store, TimingEngine().update(store)


def car_of(given: str) -> Vehicle:
    """A vehicle by name or file. Raises BadInput, Failure."""
    from pitwall.prerace import read_vehicle, shipped_vehicle

    return read_vehicle(Path(given)) if given.endswith(".toml") else shipped_vehicle(given)


def track_of(path: Path) -> LapTrack:
    """The track of a file, or of a recording's own line. Raises BadInput, Failure."""
    from pitwall.prerace import read_track, track_of_line
    from pitwall.prerace.along import ALTITUDE, channel_in
    from pitwall.prerace.grade import with_grade
    from pitwall.prerace.practice import practice_laps

    if path.suffix.lower() == ".csv":
        return read_track(path)
    with timed(path) as (_, store, timing):
        if timing.track is None:
            raise BadInput(f"{path}: {_NO_LINE}")
        track = track_of_line(timing.track, store.session.key)
        graded = (
            with_grade(track, store, car, practice_laps(store, timing, car, track))
            for car in timing.cars
        )
        if channel_in(store.session.catalog, ALTITUDE) is None:
            return track
        return next((one for one in graded if one is not track), track)


def number(text: str) -> float:
    """Any finite number, for ``type=``."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return value


def _laps(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of laps such as 3,4") from None
