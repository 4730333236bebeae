"""What is being done in the background for this window, how far it is, and a way out of it."""

from __future__ import annotations

from pitwall.ui.panes.loading import LoadingBar
from pitwall.ui.theme import Theme
from pitwall.ui.words import percent


class JobLine(LoadingBar):
    """A line under the header while a file is opened or imported.

    Signals:
        cancelled: nobody wants it any more.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.setAccessibleName("At work")
        self.button.setToolTip("Stop it; nothing is left of it (this session stays)")

    def show_job(self, share: float | None, text: str) -> None:
        """How far it is, 0..1, None while nobody knows, and what is done."""
        words = f"{text[:1].upper()}{text[1:]}"
        if share is not None:
            words += f"  ·  {percent(share)}"
        if self.isHidden():
            self.button.setEnabled(True)
            self.show()
        self.say(share or 0.0, words)

    def done(self) -> None:
        """Nothing is done any more."""
        self.hide()
