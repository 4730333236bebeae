"""How far the loading of history is, in words and figures."""

from __future__ import annotations

from pitwall.telemetry.plural import counted
from pitwall.turbo.archive import Loaded
from pitwall.turbo.desk import Desk
from pitwall.turbo.laps import LapIndex

_PACE_FROM_S = 0.5
"""Loading for less than this says nothing about its pace."""


class Progress:
    """Tells how far the loading is, in bytes, laps and seconds left; in stretches: sealed laps, raw
    objects. Where sizes are not known before, it goes by the objects.

    Args:
        desk: takes the figures.
        shown: False keeps them.
        laps: counts laps.
        what: is loaded, in a word or two.
    """

    def __init__(self, desk: Desk, shown: bool, laps: LapIndex, what: str = "archive") -> None:
        self._desk = desk
        self._shown = shown
        self._laps = laps
        self._what = what
        self._began = desk.time.monotonic()
        self._before = Loaded()
        self._now = Loaded()
        self._from = self._to = 0.0
        self._objects = self._bytes = 0
        self._stretch = (0, 0)
        """Objects and bytes of it."""

    def expect(self, objects: int, size: int, share: float) -> None:
        """``objects`` of ``size`` bytes together (0 where that is not known) come next; when they
        are here, ``share`` of everything is."""
        self._before.add(self._now)
        self._from, self._to = self._to, share
        self._stretch = objects, size
        self._objects += objects
        self._bytes += size
        self(Loaded())

    def __call__(self, so_far: Loaded) -> None:
        """``so_far`` of this stretch is here."""
        self._now = Loaded()
        self._now.add(so_far)
        if not self._shown:
            return
        part = _share(so_far.objects, so_far.bytes, *self._stretch)
        objects = self._before.objects + so_far.objects
        size = self._before.bytes + so_far.bytes
        laps = self._laps.count
        left_s = self._left_s(_share(objects, size, self._objects, self._bytes))
        if self._bytes or not self._objects:
            amount = f"{size / 1e6:.1f} of {self._bytes / 1e6:.1f} MB"
        else:
            amount = f"{objects:,} of {counted(self._objects, 'item')}, {size / 1e6:.1f} MB"
        text = f"{self._what}: {amount}, {counted(laps, 'lap')}"
        if left_s is not None:
            text += f", {left_s:.0f} s left"
        self._desk.set(
            progress=self._from + (self._to - self._from) * part,
            text=text,
            objects=objects,
            objects_total=self._objects,
            bytes=size,
            bytes_total=self._bytes,
            laps=laps,
            left_s=left_s,
            damaged=self._before.damaged + so_far.damaged,
        )

    def _left_s(self, share: float) -> float | None:
        """Seconds for the rest at the pace so far; None while that says little."""
        took_s = self._desk.time.monotonic() - self._began
        if not share or took_s < _PACE_FROM_S:
            return None
        return took_s * (1.0 - share) / share


def _share(objects: int, size: int, of_objects: int, of_size: int) -> float:
    if of_size:
        return size / of_size
    return objects / of_objects if of_objects else 1.0
