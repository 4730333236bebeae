"""The bundled faces, and what stands in for them when a build left them out."""

from __future__ import annotations

import logging
from functools import cache

from pitwall.telemetry import Failure
from pitwall.telemetry.resources import resource_path
from pitwall.ui.qt import QtGui

log = logging.getLogger(__name__)

SANS = "Inter"
MONO = "JetBrains Mono"
_ENDINGS = (".ttf", ".otf")


@cache
def load_fonts() -> tuple[str, ...]:
    """Register every bundled font file with Qt; the families it found. Needs an application."""
    found: list[str] = []
    try:
        paths = sorted(resource_path("fonts").iterdir())
    except (Failure, OSError) as error:
        log.warning("fonts: %s; the system's are used", error)
        return ()
    for path in paths:
        if path.suffix.lower() in _ENDINGS:
            handle = QtGui.QFontDatabase.addApplicationFont(str(path))
            if handle < 0:
                log.warning("font %s cannot be read", path.name)
                continue
            found += QtGui.QFontDatabase.applicationFontFamilies(handle)
    return tuple(dict.fromkeys(found))


@cache
def family(wanted: str) -> str:
    """``wanted`` when it is bundled or installed, else the system's face of the same kind."""
    load_fonts()
    if QtGui.QFontDatabase.hasFamily(wanted):
        return wanted
    system = QtGui.QFontDatabase.SystemFont
    kind = system.FixedFont if wanted == MONO else system.GeneralFont
    return QtGui.QFontDatabase.systemFont(kind).family()
