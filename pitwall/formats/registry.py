"""The one table of file formats, and how a file finds its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pitwall.formats import (
    f1_laps,
    grcup,
    grcup_segments,
    motec,
    motec_own,
    table_csv,
    table_parquet,
    timing_f1,
    timing_grcup,
    timing_nascar,
    vbo,
)
from pitwall.formats.lines import Tick, check_text
from pitwall.formats.source import Source, Wanted
from pitwall.telemetry import BadInput, Failure, Official

HEAD_BYTES = 8192
_SURE = 0.5


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        name: identifier, lower case.
        title: as shown.
        extensions: usual file name endings, with the dot; content decides, not the name.
        text: True when the file is UTF-8 text.
        sniff: how sure it is, 0..1, from a file's first bytes.
        open: makes the source of one file, or of all files of this format where it ``joins``;
            None for official timing.
        joins: several files make one source (a lap each).
        timing: reads the files of official timing, all of this format at once; None for telemetry.
    """

    name: str
    title: str
    extensions: tuple[str, ...]
    text: bool
    sniff: Callable[[bytes], float]
    open: Callable[[Sequence[Path], Wanted], Source] | None = None
    joins: bool = False
    timing: Callable[[Sequence[Path], Tick | None], Sequence[Official]] | None = None


FORMATS: tuple[Format, ...] = (
    Format(
        grcup.NAME,
        grcup.TITLE,
        grcup.EXTENSIONS,
        True,
        grcup.sniff,
        lambda paths, _: grcup.GrCupSource(paths[0]),
    ),
    Format(
        vbo.NAME,
        vbo.TITLE,
        vbo.EXTENSIONS,
        True,
        vbo.sniff,
        lambda paths, _: vbo.VboSource(paths[0]),
    ),
    Format(
        motec.NAME,
        motec.TITLE,
        motec.EXTENSIONS,
        False,
        motec.sniff,
        lambda paths, _: _motec(paths[0]),
    ),
    Format(
        table_csv.NAME,
        table_csv.TITLE,
        table_csv.EXTENSIONS,
        True,
        table_csv.sniff,
        lambda paths, _: table_csv.CsvTable(paths[0]),
    ),
    Format(
        table_parquet.NAME,
        table_parquet.TITLE,
        table_parquet.EXTENSIONS,
        False,
        table_parquet.sniff,
        lambda paths, _: table_parquet.ParquetTable(paths[0]),
    ),
    Format(
        grcup_segments.NAME,
        grcup_segments.TITLE,
        grcup_segments.EXTENSIONS,
        True,
        grcup_segments.sniff,
        grcup_segments.SegmentSource,
        joins=True,
    ),
    Format(
        f1_laps.NAME,
        f1_laps.TITLE,
        f1_laps.EXTENSIONS,
        True,
        f1_laps.sniff,
        f1_laps.LapFiles,
        joins=True,
    ),
    Format(
        timing_grcup.SECTIONS,
        "GR Cup laps with sections",
        (".csv",),
        True,
        timing_grcup.sniff_sections,
        timing=timing_grcup.read_sections,
    ),
    Format(
        timing_grcup.RESULTS,
        "GR Cup results",
        (".csv",),
        True,
        timing_grcup.sniff_results,
        timing=timing_grcup.read_results,
    ),
    Format(
        timing_grcup.BEST,
        "GR Cup best laps",
        (".csv",),
        True,
        timing_grcup.sniff_best,
        timing=timing_grcup.read_best,
    ),
    Format(
        timing_grcup.WEATHER,
        "GR Cup weather",
        (".csv",),
        True,
        timing_grcup.sniff_weather,
        timing=timing_grcup.read_weather,
    ),
    Format(
        timing_grcup.FEED,
        "GR Cup lap feed",
        (".csv",),
        True,
        timing_grcup.sniff_feed,
        timing=timing_grcup.read_feed,
    ),
    Format(
        timing_f1.LAPS,
        "F1 lap times (JSON)",
        (".json",),
        True,
        timing_f1.sniff_laps,
        timing=timing_f1.read_laps,
    ),
    Format(
        timing_f1.LIVE,
        "F1 live timing",
        (".txt", ".json"),
        True,
        timing_f1.sniff_live,
        timing=timing_f1.read_live,
    ),
    Format(
        timing_nascar.NAME,
        "NASCAR timing (JSON)",
        (".json",),
        True,
        timing_nascar.sniff,
        timing=timing_nascar.read,
    ),
)


def _motec(path: Path) -> Source:
    """A .ld file of ours knows more than the format holds."""
    return motec_own.OwnMotec(path) if motec_own.has_trailer(path) else motec.MotecSource(path)


def detect(path: Path) -> Format:
    """The format of ``path`` by its content. Raises BadInput when none fits or it is no file,
    Failure when it cannot be read."""
    if path.is_dir():
        raise BadInput(f"{path}: a folder; name the files in it")
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except FileNotFoundError as error:
        raise BadInput(f"{path}: no such file") from error
    except OSError as error:
        raise Failure(f"{path}: cannot be read ({error.strerror or error})") from error
    best = max(FORMATS, key=lambda f: f.sniff(head))
    sure = best.sniff(head)
    if sure < _SURE:
        known = path.suffix.lower() in {e for f in FORMATS if f.text for e in f.extensions}
        if not head or known:
            check_text(path, head)
        if sure == 0.0:
            titles = ", ".join(f.title for f in FORMATS)
            raise BadInput(f"{path}:1: not a file that can be imported ({titles})")
    return best
