"""Makes reports on a thread of their own, and says where they are."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import platformdirs

from pitwall.analysis import Lap
from pitwall.runtime.errands import Errand, Errands
from pitwall.telemetry import Failure, PitwallError
from pitwall.ui.inputs import Inputs
from pitwall.ui.model import View
from pitwall.ui.report.content import stint_of
from pitwall.ui.report.html import to_html
from pitwall.ui.report.pages import pages_of
from pitwall.ui.report.pdf import write_pdf

STOP_S = 5.0
Say = Callable[[str, bool], None]
"""Words for the user, and whether something went wrong."""


class ReportDesk:
    """One report at a time. Belongs to the Qt thread.

    Attributes:
        folder: where reports are written.
        written: files of the newest report.
    """

    def __init__(self, inputs: Inputs, say: Say, folder: Path | None = None) -> None:
        self.folder = folder
        self.written: tuple[Path, ...] = ()
        self._inputs = inputs
        self._say = say
        self._errands = Errands("pitwall-report")
        self._errands.told.connect(self._told)

    @property
    def busy(self) -> bool:
        """True while one is being made."""
        return self._errands.busy

    def make(self, view: View, reference: Lap | None) -> None:
        """Write the selected car's stint as PDF and HTML."""
        if self.busy:
            self._say("A report is being made.", False)
            return
        inputs = self._inputs
        timing, debrief = inputs.timing(), inputs.debrief()
        notes = tuple(inputs.channels.notes.notes)
        folder = self.folder
        self._say("The report is being made …", False)

        def job(errand: Errand) -> None:
            stint = stint_of(inputs.store, timing, debrief, notes, view.car, view.lap, reference)
            pages = pages_of(stint)
            title = f"{stint.title}, car {stint.car}"
            first, last = stint.laps[0].number, stint.laps[-1].number
            name = f"{stint.session}-car{_safe(stint.car)}-laps{first}-{last}"
            place = folder or _documents()
            errand.tell("progress", 0.1)
            files = write_both(pages, title, place, name, lambda s: _tick(errand, s))
            errand.tell("written", files)

        self._errands.run(job)

    def stop(self) -> bool:
        """No more reports; True when the thread has ended in time."""
        return self._errands.stop(STOP_S)

    def _told(self, key: str, value: Any) -> None:
        if key == "written":
            self.written = value
            self._say(f"Report written: {value[0]} and .html beside it", False)
        elif key == "progress":
            self._say(f"The report is being made … {100 * value:.0f} %", False)
        elif key == "failed":
            text = str(value) if isinstance(value, PitwallError) else f"no report: {value!r}"
            self._say(text, True)


def write_both(
    pages: list[Any], title: str, folder: Path, name: str, tick: Callable[[float], None]
) -> tuple[Path, Path]:
    """PDF and HTML in ``folder``, each whole or not at all. Raises Failure."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".report-", dir=folder) as part:
            pdf, html = Path(part) / f"{name}.pdf", Path(part) / f"{name}.html"
            write_pdf(pages, pdf, title, tick)
            html.write_text(to_html(pages, title), encoding="utf-8")
            targets = (folder / pdf.name, folder / html.name)
            for made, target in zip((pdf, html), targets, strict=True):
                if not made.stat().st_size:
                    raise Failure(f"{target}: came out empty: is the disk full?")
                os.replace(made, target)
    except OSError as error:
        raise Failure(f"{folder}: no report there ({error.strerror or error})") from error
    return targets


def _tick(errand: Errand, share: float) -> None:
    errand.tell("progress", 0.1 + 0.9 * share)


def _documents() -> Path:
    return Path(platformdirs.user_documents_dir()) / "Pitwall"


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text)[:24]
