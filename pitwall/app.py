"""The composition root of the window: wires the rooms together and runs one command to its end."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pitwall.display import RunOptions, choose_display, no_display, unattended
from pitwall.places import recording_path
from pitwall.runtime import collector
from pitwall.telemetry import BadInput
from pitwall.voice import Note, Voice

# The start window is painted before anything is imported that it does not need.
if TYPE_CHECKING:
    from pitwall.address import CloudAddress
    from pitwall.demo import Demo
    from pitwall.run import Run

OPEN_S = 5.0
"""How long a recording is drawn offscreen unless told otherwise."""


def run_window() -> int:
    """`pitwall` alone: the start window, which offers sessions of a table, recordings, the demo."""
    collector.rarely()
    from pitwall.desktop import Desktop
    from pitwall.opening import memory

    voice = Voice(time.monotonic())
    options = RunOptions()
    if not choose_display(options, voice):
        raise BadInput("no display for the window: use `pitwall demo`, or one of `pitwall --help`")
    demos: list[Demo] = []
    ending = threading.Event()

    def prepare(note: Note) -> Run:
        from pitwall.demo import Demo

        if not demos:
            demos.append(Demo(None, 1.0, voice))
        if ending.is_set():
            demos[0].cancel()
        return demos[0].prepare(note)

    def cancel() -> None:
        ending.set()
        for demo in demos:
            demo.cancel()

    try:
        return Desktop(options, voice, demo=prepare, cancel=cancel, memory=memory()).loop()
    finally:
        for demo in demos:
            demo.stop()


def run_file(path: Path, options: RunOptions) -> int:
    """`pitwall open`: a recording in the window."""
    collector.rarely()
    from pitwall.desktop import Desktop
    from pitwall.opening import memory, open_file

    voice = Voice(time.monotonic())
    seen = choose_display(options, voice) and options.seconds is None
    if not seen and options.seconds is None:
        options = unattended(options, OPEN_S, Path("pitwall-open.png"))
    desktop = Desktop(
        options,
        voice,
        prepare=lambda note: open_file(path),
        path=path,
        memory=memory() if seen else None,
    )
    code = desktop.loop()
    if options.screenshot and code == 0:
        voice.say(f"wrote {options.screenshot}")
    return code


def run_live(
    *,
    session: str,
    cloud: CloudAddress,
    recording: Path | None,
    options: RunOptions,
    json_out: bool,
) -> int:
    """`pitwall live`: follow a session, in the window or headless."""
    collector.rarely()
    voice = Voice(time.monotonic(), quiet=json_out)
    path = recording or recording_path(session)
    unseen = options.headless or no_display()
    if unseen and options.screenshot is None:
        from pitwall.headless import Lines, follow
        from pitwall.run import Run

        voice.say(f"joining {session}")
        lines = Lines(sys.stdout if json_out else None)
        told = lines.event if json_out else voice.event
        follow(Run.joined(session, cloud, path, told), options.seconds, lines, voice)
        return 0

    def prepare(note: Note) -> Run:
        from pitwall.run import Run

        note(None, f"joining {session}")
        return Run.joined(session, cloud, path, voice.event)

    from pitwall.cloud_desk import address_of
    from pitwall.desktop import Desktop
    from pitwall.opening import memory

    seen = choose_display(options, voice) and options.seconds is None
    desktop = Desktop(
        options,
        voice,
        prepare=prepare,
        address=address_of(cloud),
        path=path,
        memory=memory() if seen else None,
    )
    code = desktop.loop()
    if json_out and desktop.last_summary is not None:
        from pitwall.headless import line_of

        sys.stdout.write(line_of(desktop.last_summary) + "\n")
    return code
