"""What the crew changed on the selected car, typed over the timeline: it becomes the new sheet."""

from __future__ import annotations

from collections.abc import Callable

from pitwall.telemetry import BadInput, PitwallError
from pitwall.telemetry.clock import now_us
from pitwall.ui.inputs import Inputs
from pitwall.ui.model import Workspace
from pitwall.ui.panes.prompt import Prompt


class SheetChange:
    """Asks for it; what is typed counts from the next lap on, unless it says another."""

    def __init__(
        self,
        prompt: Prompt,
        inputs: Inputs,
        workspace: Workspace,
        say: Callable[[str, bool], None],
    ) -> None:
        """``say`` tells the user; True for what went wrong."""
        self._prompt = prompt
        self._inputs = inputs
        self._workspace = workspace
        self._say = say

    def handlers(self) -> dict[str, Callable[[], None]]:
        """The action."""
        return {"sheet_change": self.ask}

    def ask(self) -> None:
        """Open the field for the selected car."""
        from pitwall.prerace.sheet_edit import HOW

        car = self._workspace.view.car
        if not car:
            self._say("Select a car first: its setup sheet is what changes.", False)
            return
        hint = f"From lap {self._next(car)} on, {HOW}; the first one: `vehicle NAME`"
        self._prompt.ask(f"Changed on car {car}", hint, "", lambda text: self._take(car, text))

    def _next(self, car: str) -> int:
        timing = self._inputs.timing()
        of = timing.cars.get(car) if timing is not None else None
        return of.last.number + 1 if of is not None and of.last is not None else 1

    def _take(self, car: str, text: str) -> None:
        from pitwall.prerace.sheet import changes, in_force, sheet_text
        from pitwall.prerace.sheet_edit import edited

        model = self._inputs.model
        try:
            known = in_force(model.papers(car).sheets, car)
            before = known[-1] if known else None
            sheet = edited(text, before, car, self._next(car), now_us())
            model.keep({sheet.key: sheet_text(sheet)})
        except BadInput:
            raise
        except PitwallError as error:
            raise BadInput(str(error)) from error
        made = ", ".join(
            f"{c.key} {'' if c.before is None else f'{c.before:g} → '}{c.after:g}"
            for c in changes(before, sheet)
            if c.after is not None
        )
        words = made or "nothing is changed"
        self._say(f"Car {car}, from lap {sheet.from_lap}: {words}", False)
