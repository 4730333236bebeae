"""What the window may ask of the model: advice for a car's setup, and when to stop.

Nothing of the model is imported here: the window is there before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pitwall.prerace.ask import Papers
    from pitwall.prerace.job import AdviceResult
    from pitwall.strategy import Plan

RACE, QUALIFYING = VARIANTS = ("race", "qualifying")
CAUTIONS = ("road-cup", "formula", "stock-car", "none")
"""Models of cautions, by name."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked at.

    Attributes:
        car: whose advice and plan; empty for none, which costs nothing.
        variant: ``race`` or ``qualifying``.
        cautions: name of the model of cautions.
        laps: the race's length; None takes it from the session.
        must_stop: whether the rules ask for a stop.
    """

    car: str = ""
    variant: str = RACE
    cautions: str = "road-cup"
    laps: int | None = None
    must_stop: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What came of it.

    Attributes:
        asked: for what.
        lap: newest finished lap of the car that went into it.
        advice: None while there is none; ``advice_trouble`` says why, in one line.
        plan: None while there is none; ``plan_trouble`` says why.
        papers: sheets, words and log as they were.
    """

    asked: Asked
    lap: int = 0
    advice: AdviceResult | None = None
    advice_trouble: str = ""
    plan: Plan | None = None
    plan_trouble: str = ""
    papers: Papers | None = None


class Modelling(Protocol):
    """Works elsewhere; nothing here waits."""

    @property
    def asked(self) -> Asked:
        """What is looked at."""

    @property
    def answer(self) -> Answer:
        """The newest answer; to another question than :attr:`asked` while that is worked on."""

    @property
    def version(self) -> object:
        """Another one when there is something new to show."""

    @property
    def trouble(self) -> str:
        """Why something is not kept, in one line; empty when all is."""

    def ask(self, asked: Asked) -> None:
        """Look at another car, or for another purpose. Raises BadInput."""

    def keep(self, entries: Mapping[str, str]) -> None:
        """Write entries into the recording's table; they count at once. Raises Failure."""

    def papers(self, car: str | None = None) -> Papers:
        """What people wrote down. Raises BadInput."""


class NoModel:
    """For windows over data that nothing is worked out of."""

    asked = Asked()
    answer = Answer(Asked())
    version: object = 0
    trouble = ""

    def ask(self, asked: Asked) -> None:
        """Nothing answers."""

    def keep(self, entries: Mapping[str, str]) -> None:
        """There is nothing to keep them in."""

    def papers(self, car: str | None = None) -> Papers:
        """There are none."""
        from pitwall.prerace.ask import Papers

        return Papers((), (), ())
