"""Judges pictures: does each pane show what the session says, is a text cut, written over another
one, or too pale to be read?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from tests.pictures.checks import CHECKS
from tests.pictures.tables import spots

OVER_PX = 2.0
"""Letters of two texts may come so near each other."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong in a picture."""

    pane: str
    text: str

    def __str__(self) -> str:
        return f"{self.pane}: {self.text}"


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one picture.

    Attributes:
        faults: what is wrong.
        checked: figures that were compared.
        unchecked: texts with digits that nothing was compared with.
    """

    faults: tuple[Fault, ...]
    checked: int
    unchecked: int


def judge(doc: dict[str, Any]) -> Judged:
    """One picture's document."""
    faults: list[Fault] = []
    checked, unchecked = 0, 0
    for pane, words in doc["panes"].items():
        faults += _cut(pane, words)
        faults += _over(pane, words)
        seen = spots(words)
        check = CHECKS.get(pane)
        used = set()
        for one in check(seen, doc["moment"]) if check is not None else ():
            checked += 1
            used.add(one.spot)
            if not one.good:
                faults.append(Fault(pane, f"{one.what}: shows {one.shown}, is {one.wanted}"))
        unchecked += sum(any(c.isdigit() for c in s.text) for s in seen if s not in used)
    if not doc["moment"]["still"]:
        faults.append(Fault("window", "the session went on while the picture was taken"))
    return Judged(tuple(faults), checked, unchecked)


def _cut(pane: str, words: list[dict[str, Any]]) -> Iterator[Fault]:
    for word in words:
        if word["cut"]:
            yield Fault(pane, f"{word['text']!r} is cut by {word['cut']:.0f} px")
        if "…" in word["text"].strip("… "):
            continue
        if word["text"].rstrip().endswith("…"):
            yield Fault(pane, f"{word['text']!r} is shortened")


def _over(pane: str, words: list[dict[str, Any]]) -> Iterator[Fault]:
    """Pairs of texts whose letters lie over each other; a text is lower than its line."""
    boxes = []
    for word in words:
        left, top, right, bottom = word["rect"]
        lead = 0.22 * (bottom - top)
        boxes.append((left, top + lead, right, bottom - lead, word["text"]))
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            wide = min(a[2], b[2]) - max(a[0], b[0])
            high = min(a[3], b[3]) - max(a[1], b[1])
            if wide > OVER_PX and high > OVER_PX:
                yield Fault(pane, f"{a[4]!r} lies over {b[4]!r}")


def report(folder: Path, out: TextIO) -> int:
    """Judge every picture of a folder; 1 when something is wrong in one."""
    bad = 0
    for path in sorted(folder.glob("*-*x*-*.json")):
        judged = judge(json.loads(path.read_text(encoding="utf-8")))
        bad += bool(judged.faults)
        out.write(
            f"{path.stem}: {judged.checked} figures agree or are named below, "
            f"{judged.unchecked} texts with figures not compared\n"
        )
        for fault in judged.faults:
            out.write(f"  {fault}\n")
    return 1 if bad else 0
