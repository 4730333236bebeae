"""Official timing for the panes: read once, kept while it is the same."""

from __future__ import annotations

from pitwall.analysis import RaceControl, race_control
from pitwall.store import SessionStore
from pitwall.telemetry import BadInput
from pitwall.telemetry.official import OFFICIAL_META


class ControlBook:
    """What race control says of a session, read again only when it is another one."""

    def __init__(self) -> None:
        self._text: str | None = None
        self._control = RaceControl()

    def of(self, store: SessionStore) -> RaceControl:
        """What official timing says; empty where there is none or it cannot be read."""
        text = store.meta(OFFICIAL_META)
        if text is not self._text:
            self._text = text
            try:
                self._control = race_control(store)
            except BadInput:
                # The import says what is wrong with a table; the panes go without.
                self._control = RaceControl()
        return self._control
