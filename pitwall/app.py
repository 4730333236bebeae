"""The composition root of the window: wires the rooms together and runs one command to its end."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from pitwall.display import RunOptions, choose_display, no_display, unattended
from pitwall.headless import Lines, follow, line_of
from pitwall.places import recording_path
from pitwall.run import CloudAddress, Run
from pitwall.telemetry import BadInput
from pitwall.voice import Note, Voice

OPEN_S = 5.0
"""How long a recording is drawn offscreen unless told otherwise."""


def run_window() -> int:
    """`pitwall` alone: the start window, which offers sessions of a table, recordings, the demo."""
    from pitwall.demo import Demo
    from pitwall.desktop import Desktop, memory

    voice = Voice(time.monotonic())
    options = RunOptions()
    if not choose_display(options, voice):
        raise BadInput("no display for the window: use `pitwall demo`, or one of `pitwall --help`")
    demo = Demo(None, 1.0, voice)
    try:
        return Desktop(
            options, voice, demo=demo.prepare, cancel=demo.cancel, memory=memory()
        ).loop()
    finally:
        demo.stop()


def run_file(path: Path, options: RunOptions) -> int:
    """`pitwall open`: a recording in the window."""
    from pitwall.desktop import Desktop, memory

    voice = Voice(time.monotonic())
    seen = choose_display(options, voice) and options.seconds is None
    if not seen and options.seconds is None:
        options = unattended(options, OPEN_S, Path("pitwall-open.png"))
    desktop = Desktop(
        options,
        voice,
        prepare=lambda note: Run.of_file(path),
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
    voice = Voice(time.monotonic(), quiet=json_out)
    path = recording or recording_path(session)
    unseen = options.headless or no_display()
    if unseen and options.screenshot is None:
        voice.say(f"joining {session}")
        lines = Lines(sys.stdout if json_out else None)
        told = lines.event if json_out else voice.event
        follow(Run.joined(session, cloud, path, told), options.seconds, lines)
        return 0

    def prepare(note: Note) -> Run:
        note(None, f"joining {session}")
        return Run.joined(session, cloud, path, voice.event)

    from pitwall.cloud_desk import address_of
    from pitwall.desktop import Desktop, memory

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
        sys.stdout.write(line_of(desktop.last_summary) + "\n")
    return code
