"""What the user defined, as parts of the view: maths channels and alarms. Layouts keep them."""

from __future__ import annotations

from dataclasses import dataclass

from pitwall.analysis.maths import MOST_DEFINITIONS, Definition
from pitwall.store import MOST_RULES, Rule
from pitwall.telemetry import BadInput


@dataclass(frozen=True, slots=True)
class MathsBook:
    """The maths channels, in the order in which they are listed."""

    definitions: tuple[Definition, ...] = ()

    def put(self, one: Definition, instead: str = "") -> MathsBook:
        """With ``one`` in the place of the one called ``instead``, or at the end. Raises BadInput
        when another one has its name."""
        rest = [each for each in self.definitions if each.name != instead]
        if any(each.name == one.name for each in rest):
            raise BadInput(f"there is a maths channel {one.name} already")
        if len(rest) >= MOST_DEFINITIONS:
            raise BadInput(f"more than {MOST_DEFINITIONS} maths channels: remove some")
        at = next((i for i, each in enumerate(self.definitions) if each.name == instead), len(rest))
        return MathsBook((*rest[:at], one, *rest[at:]))

    def without(self, name: str) -> MathsBook:
        """Without the one called so."""
        return MathsBook(tuple(one for one in self.definitions if one.name != name))

    def to_plain(self) -> dict[str, object]:
        """As a layout keeps it."""
        return {"channels": [one.plain() for one in self.definitions]}

    @staticmethod
    def from_plain(doc: object) -> MathsBook:
        """Inverse of :meth:`to_plain`. Raises BadInput."""
        found = tuple(Definition.from_plain(one) for one in _listed(doc, "channels"))
        if len(found) > MOST_DEFINITIONS or len({one.name for one in found}) < len(found):
            raise BadInput(f"more than {MOST_DEFINITIONS} maths channels, or two of one name")
        return MathsBook(found)


@dataclass(frozen=True, slots=True)
class AlarmBook:
    """The alarms, in the order in which they are listed."""

    rules: tuple[Rule, ...] = ()

    def put(self, one: Rule, instead: Rule | None = None) -> AlarmBook:
        """With ``one`` in the place of ``instead``, or at the end. Raises BadInput for one that is
        wrong, or goes off like another one."""
        if one.fault():
            raise BadInput(one.fault())
        rest = [each for each in self.rules if each != instead]
        if any(each.condition == one.condition for each in rest):
            raise BadInput("there is an alarm that goes off alike")
        if len(rest) >= MOST_RULES:
            raise BadInput(f"more than {MOST_RULES} alarms: remove some")
        at = next((i for i, each in enumerate(self.rules) if each == instead), len(rest))
        return AlarmBook((*rest[:at], one, *rest[at:]))

    def without(self, one: Rule) -> AlarmBook:
        """Without that one."""
        return AlarmBook(tuple(each for each in self.rules if each != one))

    def to_plain(self) -> dict[str, object]:
        """As a layout keeps it."""
        return {"rules": [one.plain() for one in self.rules]}

    @staticmethod
    def from_plain(doc: object) -> AlarmBook:
        """Inverse of :meth:`to_plain`. Raises BadInput."""
        found = tuple(Rule.from_plain(one) for one in _listed(doc, "rules"))
        if len(found) > MOST_RULES or len({one.condition for one in found}) < len(found):
            raise BadInput(f"more than {MOST_RULES} alarms, or two that go off alike")
        return AlarmBook(found)


def _listed(doc: object, name: str) -> list[object]:
    found = doc.get(name) if isinstance(doc, dict) else None
    if not isinstance(found, list):
        raise BadInput(f"a list of {name} is missing")
    return found
