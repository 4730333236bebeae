"""Sealed laps: many chunks of one lap and series as one segment.

Sealing decodes the chunks and packs their samples again as one payload, a fraction of their size;
decoding the sealed payload gives every sample bit for bit as the chunks gave it, and the crcs of
the chunks stay with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pitwall.telemetry import BadInput, Group, Samples, Segment, decode_many, encode
from pitwall.telemetry.payload import MAX_SAMPLES

MAX_SEALED = 256 * 1024
"""Bytes of a sealed payload: an item holds 400 KB, with crcs, counts and room to spare."""
MAX_CHUNKS = 16_384
"""Chunks in one sealed segment: their crcs and counts take 6 bytes each of the same item."""
_MOST_STEPS = float(1 << 51)


def seal(
    segments: Sequence[Segment],
    group: Group,
    catalog_version: int,
    samples: Samples | None = None,
) -> Segment:
    """One segment of consecutive chunks (or runs) of one lap and series.

    ``samples``, with times in event time, are those that the chunks were cut from, as measured:
    whoever still has them is spared decoding. The result is the same to the byte.

    Raises BadInput when they are none, leave out an n, differ in series or lap, or a payload of
    theirs cannot be decoded.
    """
    if not segments:
        raise BadInput("nothing to seal")
    first, last = segments[0], segments[-1]
    for before, after in zip(segments, segments[1:], strict=False):
        same = after.series == first.series and after.lap == first.lap
        if not same or after.n_lo != before.n_hi + 1:
            raise BadInput(
                f"cannot seal {after.series} lap {after.lap} n {after.n_lo} after "
                f"{before.series} lap {before.lap} n {before.n_hi}"
            )
    if samples is None or not _are_of(samples, segments, group):
        samples = _decoded(segments, group, catalog_version)
    return Segment(
        first.series,
        first.n_lo,
        last.n_hi,
        first.lap,
        first.t_lo,
        last.t_hi,
        tuple(count for s in segments for count in s.counts),
        tuple(crc for s in segments for crc in s.crcs),
        encode(samples.t, samples.values, group, catalog_version),
    )


def seal_lap(
    segments: Sequence[Segment],
    group: Group,
    catalog_version: int,
    samples: Samples | None = None,
) -> list[Segment]:
    """The chunks of one lap and series, in order of n, sealed into as few segments as items hold:
    one, unless the lap is huge or leaves out an n. ``samples`` help when it is one. Raises BadInput
    as :func:`seal` does."""
    done: list[Segment] = []
    todo = [list(run) for run in _runs(segments)][::-1]
    while todo:
        run = todo.pop()
        total = sum(sum(s.counts) for s in run)
        chunks = sum(s.chunks for s in run)
        if total <= MAX_SAMPLES and chunks <= MAX_CHUNKS:
            whole = seal(run, group, catalog_version, samples)
            if len(whole.payload) <= MAX_SEALED or len(run) == 1:
                done.append(whole)
                continue
        elif len(run) == 1:
            raise BadInput(f"cannot seal {run[0].series} n {run[0].n_lo}: {total} samples")
        half = len(run) // 2
        todo += [run[half:], run[:half]]
    return done


def _decoded(segments: Sequence[Segment], group: Group, catalog_version: int) -> Samples:
    """Samples of all segments, times in event time."""
    counts, samples, bad = decode_many([s.payload for s in segments], group, catalog_version)
    for i, error in bad.items():
        at = segments[i]
        raise BadInput(f"cannot seal {at.series} n {at.n_lo}: {error}") from error
    starts = np.array([s.t_lo for s in segments], np.int64)
    return Samples(samples.t + np.repeat(starts, counts), samples.values)


def _are_of(samples: Samples, segments: Sequence[Segment], group: Group) -> bool:
    """Whether packing ``samples`` gives what packing the chunks' decoded samples would."""
    t = samples.t
    if len(t) != sum(sum(s.counts) for s in segments):
        return False
    if t[0] != segments[0].t_lo or t[-1] != segments[-1].t_hi:
        return False
    # A value beyond the integer form leaves its own chunk's column as it was measured, but the
    # columns of the other chunks rounded: then only decoding tells.
    steps = np.array([channel.resolution for channel in group.channels])
    largest = np.abs(samples.values).max(axis=1, where=~np.isnan(samples.values), initial=0.0)
    return bool(np.all(largest <= steps * _MOST_STEPS, where=steps > 0))


def _runs(segments: Sequence[Segment]) -> list[Sequence[Segment]]:
    cuts = [i for i in range(1, len(segments)) if segments[i].n_lo != segments[i - 1].n_hi + 1]
    edges = [0, *cuts, len(segments)]
    return [segments[a:b] for a, b in zip(edges, edges[1:], strict=False) if a < b]
