"""Importing files into a recording: survey all, then write beside the target, then rename."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pitwall.formats.lines import Tick
from pitwall.formats.pack import Packer
from pitwall.formats.registry import detect
from pitwall.formats.source import Source, Survey, Wanted
from pitwall.store import Batch, Recording
from pitwall.store import Source as Leg
from pitwall.telemetry import (
    OFFICIAL_META,
    BadInput,
    Catalog,
    Channel,
    ClockKind,
    Failure,
    Group,
    Official,
    Segment,
    Session,
    official_to_json,
)
from pitwall.telemetry.clock import iso
from pitwall.telemetry.names import check_car
from pitwall.telemetry.plural import counted

CARS_META = "cars"
"""Key in the recording's table: JSON object, car label -> original id."""
NOTES_META = "import.notes"
"""Key: JSON list of remarks made while importing."""
FILES_META = "import.files"
"""Key: JSON list of the names of the imported files."""

_BATCH_SEGMENTS = 64


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: ``done`` of ``total`` bytes (each file is read twice)."""

    stage: str
    done: int
    total: int


OnProgress = Callable[[Progress], None]
ReadTiming = Callable[[Sequence[Path], Tick | None], Sequence[Official]]
OpenSource = Callable[[Sequence[Path], Wanted], Source]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        out: the recording.
        session: as written.
        rows, samples, chunks: counts over all files and cars.
        cars: car label -> original id.
        notes: remarks for the person who imports.
    """

    out: Path
    session: Session
    rows: int
    samples: int
    chunks: int
    cars: Mapping[str, str]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """For ``--json``: stable keys."""
        return {
            "file": str(self.out),
            "session": self.session.key,
            "title": self.session.title,
            "clock": self.session.clock.value,
            "started": iso(self.session.started_us),
            "rows": self.rows,
            "samples": self.samples,
            "chunks": self.chunks,
            "cars": dict(self.cars),
            "notes": list(self.notes),
        }

    def text(self) -> list[str]:
        """The report as lines for people."""
        return [
            f"{self.out}: {self.session.title} ({self.session.key}), "
            f"{counted(len(self.cars), 'car')}, {counted(self.rows, 'row')}, "
            f"{counted(self.samples, 'sample')}",
            *self.notes,
        ]


def import_files(
    paths: Sequence[Path],
    out: Path,
    *,
    key: str | None = None,
    title: str | None = None,
    overwrite: bool = False,
    progress: OnProgress | None = None,
    car: str | None = None,
    wanted: Wanted | None = None,
) -> ImportReport:
    """Import ``paths`` (telemetry of one or several cars of one session, and official timing of
    it) into a new recording ``out``.

    ``car`` names the car of files that hold one; ``wanted`` says what the files leave open.
    Every row of every file is checked before anything is written; the recording is built beside
    ``out`` under another name and renamed when whole. ``progress`` may raise to cancel: nothing is
    left then. Raises BadInput (``file:line`` and reason) or Failure.
    """
    if not paths:
        raise BadInput("import: no files named")
    if out.exists() and not overwrite:
        raise BadInput(f"{out}: exists already; choose another name or remove it")
    if not out.parent.is_dir():
        raise BadInput(f"{out}: there is no folder {out.parent}")
    _no_repeats(paths)
    meter = _Meter(paths, progress)
    sources, tables = _opened(paths, wanted or Wanted())
    surveys = []
    for source, files in sources:
        surveys.append(source.survey(meter.tick("checking")))
        meter.next_files(files)
    official: list[Official] = []
    for read, files in tables:
        official += read(files, meter.tick("checking"))
        meter.next_files(files)
    labels = _labels(surveys, car)
    session = _session(surveys, official, key, title)
    notes = tuple(
        [n for s in surveys for n in s.notes] + [n for table in official for n in table.notes]
    )
    meta = {k: v for s in surveys for k, v in s.meta.items()}
    if official:
        meta[OFFICIAL_META] = official_to_json(official)
    packer = Packer(session.key, session.catalog)
    temporary = out.with_name(f".{out.name}.{os.getpid()}.importing")
    _remove(temporary)
    try:
        recording = Recording.create(temporary, session)
        try:
            _write(recording, sources, packer, labels, meter)
            recording.apply(
                Batch(
                    Leg.IMPORT,
                    heads=packer.heads(),
                    received_us=max((s.t_last for s in surveys), default=session.started_us),
                    meta={
                        **meta,
                        CARS_META: json.dumps(dict(labels)),
                        NOTES_META: json.dumps(notes),
                        FILES_META: json.dumps([p.name for p in paths]),
                    },
                )
            )
        finally:
            recording.close()
        os.replace(temporary, out)
    except OSError as error:
        raise Failure(f"{out}: cannot be written ({error.strerror or error})") from error
    finally:
        _remove(temporary)
    totals = packer.totals()
    return ImportReport(
        out,
        session,
        sum(s.rows for s in surveys),
        sum(samples for samples, _ in totals.values()),
        sum(chunks for _, chunks in totals.values()),
        labels,
        notes,
    )


class _Meter:
    """Adds up the bytes of all files for the progress callback."""

    def __init__(self, paths: Sequence[Path], progress: OnProgress | None) -> None:
        self._progress = progress
        self._sizes = {path: path.stat().st_size if path.is_file() else 0 for path in paths}
        self._total = 2 * sum(self._sizes.values())
        self._before = 0

    def tick(self, stage: str) -> Callable[[int], None]:
        def done(count: int) -> None:
            if self._progress is not None:
                self._progress(Progress(stage, self._before + count, self._total))

        return done

    def next_files(self, paths: Sequence[Path]) -> None:
        self._before += sum(self._sizes[path] for path in paths)


def _opened(
    paths: Sequence[Path], wanted: Wanted
) -> tuple[list[tuple[Source, list[Path]]], list[tuple[ReadTiming, list[Path]]]]:
    """Sources of telemetry with their files, and readers of official timing with theirs."""
    sources: list[tuple[Source, list[Path]]] = []
    timing: dict[str, tuple[ReadTiming, list[Path]]] = {}
    joined: dict[str, tuple[OpenSource, list[Path]]] = {}
    for path in paths:
        found = detect(path)
        if found.timing is not None:
            timing.setdefault(found.name, (found.timing, []))[1].append(path)
        elif found.open is not None and found.joins:
            joined.setdefault(found.name, (found.open, []))[1].append(path)
        elif found.open is not None:
            sources.append((found.open([path], wanted), [path]))
    sources += [(make(files, wanted), files) for make, files in joined.values()]
    return sources, list(timing.values())


def _write(
    recording: Recording,
    sources: Iterable[tuple[Source, Sequence[Path]]],
    packer: Packer,
    labels: Mapping[str, str],
    meter: _Meter,
) -> None:
    label_of = {original: label for label, original in labels.items()}
    pending: list[Segment] = []
    received = 0
    for source, files in sources:
        for block in source.blocks(meter.tick("importing")):
            received = max(received, block.received_us)
            pending.extend(packer.segments(label_of[block.car], block))
            if len(pending) >= _BATCH_SEGMENTS:
                recording.apply(Batch(Leg.IMPORT, tuple(pending), received_us=received))
                pending = []
        meter.next_files(files)
    if pending:
        recording.apply(Batch(Leg.IMPORT, tuple(pending), received_us=received))


def _labels(surveys: Sequence[Survey], car: str | None) -> dict[str, str]:
    """Label -> original id. The label is ``car`` where the person who imports says so; else the
    id's last number, unless two cars would share it or it says nothing (zeros)."""
    originals: list[str] = []
    for survey in surveys:
        for original in survey.cars:
            if original in originals:
                raise BadInput(
                    f"car {original} is in two of the files; import one file for each car"
                )
            originals.append(original)
    if car is not None:
        if len(originals) != 1:
            raise BadInput(
                f"--car {car}: names the car of files that hold one; these hold {len(originals)}"
            )
        return {check_car(car): originals[0]}
    given = {k: v for s in surveys for k, v in s.labels.items()}
    if set(given) >= set(originals) and len(set(given.values())) == len(given):
        return {given[original]: original for original in originals}
    short = {original: _number(original) for original in originals}
    numbers = list(short.values())
    labels: dict[str, str] = {}
    for original in originals:
        number = short[original]
        label = number if number and numbers.count(number) == 1 else original
        if len(label) > 16:
            # The end of a file's name is no name; what it was called is kept beside it.
            free = (str(n) for n in range(1, len(originals) + 1))
            label = next(n for n in free if n not in labels and n not in numbers)
        if label in labels:
            raise BadInput(f"cars {labels[label]} and {original} cannot be told apart by their ids")
        labels[label] = original
    return labels


def _number(car: str) -> str:
    match = re.search(r"(\d+)$", car)
    digits = match.group(1).lstrip("0") if match else ""
    return digits[:16]


def _title(words: str) -> str:
    """Words as a title: as they are where somebody chose their letters, else with capitals."""
    plain = " ".join(re.sub(r"[-_\s]+", " ", words).split())
    return plain.title() if plain == plain.lower() else plain


def _session(
    surveys: Sequence[Survey],
    official: Sequence[Official],
    key: str | None,
    title: str | None,
) -> Session:
    """The session that the files are of; official timing names it where there is no telemetry."""
    own = [s.session for s in surveys if s.session is not None]
    if own and len(own) == len(surveys) == 1 and own[0] is not None:
        return replace(own[0], key=key or own[0].key, title=title or own[0].title)
    hints = [(s.t_first, s.event, s.name) for s in surveys]
    hints = hints or [(o.started_us, o.event, o.name) for o in official]
    started, event, name = min(hints, key=lambda hint: hint[0] or 1 << 62)
    words = _slug(f"{event}-{name}") or "import"
    key = key or f"{iso(started)[:10]}-{words}"[:80].rstrip("-")
    # One receipt-only file makes the session's clock the weaker one.
    weak = any(s.clock is ClockKind.RECONSTRUCTED for s in surveys)
    return Session(
        key=key,
        title=title or _title(f"{event} {name}") or "Import",
        catalog=_merge([s.groups for s in surveys]),
        started_us=started,
        clock=ClockKind.RECONSTRUCTED if weak else ClockKind.EVENT,
    )


def _merge(all_groups: Sequence[tuple[Group, ...]]) -> Catalog:
    """One catalog for all files: the union of their groups and channels, in first order."""
    merged: dict[str, Group] = {}
    for groups in all_groups:
        for group in groups:
            before = merged.get(group.name)
            if before is None:
                merged[group.name] = group
                continue
            channels: dict[str, Channel] = {c.name: c for c in before.channels}
            for channel in group.channels:
                channels.setdefault(channel.name, channel)
            merged[group.name] = Group(
                group.name,
                max(before.rate_hz, group.rate_hz),
                before.chunk_us,
                tuple(channels.values()),
            )
    return Catalog(tuple(merged.values()))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _no_repeats(paths: Sequence[Path]) -> None:
    seen: set[Path] = set()
    for path in paths:
        real = path.resolve()
        if real in seen:
            raise BadInput(f"{path}: named twice")
        seen.add(real)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal", "-lock", "-new"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
