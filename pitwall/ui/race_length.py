"""The race's length where the session does not say it, and whether its rules ask for a stop: typed
over the timeline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pitwall.telemetry import BadInput
from pitwall.ui.modelling import Modelling
from pitwall.ui.panes.prompt import Prompt

STOP = "stop"
HINT = f"Laps, such as 45; `45 {STOP}` where the rules ask for a stop; nothing: the session's time"
MOST_LAPS = 2000


class RaceLength:
    """Asks for it; what is typed counts for every car."""

    def __init__(self, prompt: Prompt, model: Modelling) -> None:
        self._prompt = prompt
        self._model = model

    def handlers(self) -> dict[str, Callable[[], None]]:
        """The action."""
        return {"race_length": self.ask}

    def ask(self) -> None:
        """Open the field with what counts now."""
        asked = self._model.asked
        words = [str(asked.laps)] if asked.laps is not None else []
        words += [STOP] if asked.must_stop else []
        self._prompt.ask("Race length", HINT, " ".join(words), self._take)

    def _take(self, text: str) -> None:
        laps, must_stop = read_length(text)
        self._model.ask(replace(self._model.asked, laps=laps, must_stop=must_stop))


def read_length(text: str) -> tuple[int | None, bool]:
    """Laps (None for the session's time), and whether a stop is due. Raises BadInput."""
    words = text.lower().split()
    must_stop = STOP in words
    numbers = [word for word in words if word != STOP]
    if not numbers:
        return None, must_stop
    if len(numbers) > 1 or not numbers[0].isdecimal() or not 1 <= int(numbers[0]) <= MOST_LAPS:
        raise BadInput(f"{text.strip()!r} is no length of a race: {HINT}")
    return int(numbers[0]), must_stop
