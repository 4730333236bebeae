"""The limits of one alarm, as fields."""

from __future__ import annotations

import math
from collections.abc import Callable

from pitwall.store import Kind, Rule, usual_rule
from pitwall.telemetry import BadInput, Catalog
from pitwall.ui.dialogs.style import Combo, button, labelled
from pitwall.ui.panes.editor import PaneField, on_click
from pitwall.ui.plot.choice import hidden
from pitwall.ui.qt import QtWidgets
from pitwall.ui.theme import Theme

Keep = Callable[[Rule, Rule | None], None]
_KINDS = {Kind.OUTSIDE: "outside of", Kind.ABOVE: "above", Kind.BELOW: "below"}


class AlarmForm(QtWidgets.QWidget):
    """Fields for a rule. A channel that is chosen brings its own limits along."""

    def __init__(self, theme: Theme, keep: Keep, drop: Callable[[], None]) -> None:
        """
        Args:
            theme: the present theme.
            keep: takes a rule, and the one in whose place (None: a new one); its BadInput is said.
            drop: the one that is being changed is to go.
        """
        super().__init__()
        self._keep = keep
        self._instead: Rule | None = None
        self._catalog: Catalog | None = None
        self.channel = Combo(theme, 150, editable=True)
        self.channel.activated.connect(lambda _: self._usual())
        self.kind = Combo(theme, 100)
        for kind, words in _KINDS.items():
            self.kind.addItem(words, kind)
        self.kind.currentIndexChanged.connect(lambda _: self._enable())
        self.low = PaneField("Low limit", typed=True)
        self.high = PaneField("High limit", typed=True)
        self.hysteresis = PaneField("Hysteresis", typed=True)
        self.delay = PaneField("Delay, seconds", typed=True)
        self.name = PaneField("Name", "name: as shown; empty for the limits")
        self.cars = PaneField("Cars", "all, or 7, 22")
        self.on = QtWidgets.QCheckBox("watched")
        self.on.setChecked(True)
        self.sound = QtWidgets.QCheckBox("sound")
        self.save = on_click(button("Keep"), self.keep)
        self.new = on_click(button("New"), lambda: self.edit(None))
        self.remove = on_click(button("Remove"), drop)
        self.said = QtWidgets.QLabel()
        self.said.setWordWrap(True)
        grid = QtWidgets.QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        fields = (
            ("Channel", self.channel, "its own limits come along"),
            ("Is", self.kind, "on which side something is wrong"),
            ("Low", self.low, "in the channel's unit"),
            ("High", self.high, "in the channel's unit"),
            ("Back by", self.hysteresis, "how far inside a value must be before it is over"),
            ("For, s", self.delay, "how long without a break before it goes off"),
        )
        for i, (text, field, tip) in enumerate(fields):
            grid.addLayout(labelled(text, field, tip=tip)[0], i // 3, i % 3)
        grid.addLayout(labelled("Name", self.name)[0], 2, 0, 1, 2)
        grid.addLayout(labelled("Cars", self.cars)[0], 2, 2)
        buttons = QtWidgets.QHBoxLayout()
        for part in (self.on, self.sound):
            buttons.addWidget(part)
            buttons.addSpacing(theme.px(12))
        buttons.addStretch(1)
        for press in (self.save, self.new, self.remove):
            buttons.addWidget(press)
        grid.addLayout(buttons, 3, 0, 1, 3)
        grid.addWidget(self.said, 4, 0, 1, 3)
        for one in (self.low, self.high, self.hysteresis, self.delay, self.name, self.cars):
            one.returnPressed.connect(self.keep)
        self.said.hide()
        self.edit(None)

    def offer(self, catalog: Catalog, cars: tuple[str, ...]) -> None:
        """The channels there are, computed ones included."""
        if catalog == self._catalog:
            return
        self._catalog = catalog
        text = self.channel.currentText()
        self.channel.clear()
        names = [c.name for group in catalog.groups for c in group.channels if not hidden(c)]
        self.channel.addItems(list(dict.fromkeys(names)))
        self.channel.setCurrentText(text)
        self.cars.setPlaceholderText(f"all, or {', '.join(cars[:2])}" if cars else "all")

    def edit(self, rule: Rule | None) -> None:
        """Show a rule; None for a new one."""
        self._instead = rule
        one = rule or Rule("", "", Kind.OUTSIDE, math.nan, math.nan)
        self.channel.setCurrentText(one.channel)
        self._show(one)
        self.name.setText(one.name)
        self.cars.setText(", ".join(one.cars))
        self.on.setChecked(one.on)
        self.sound.setChecked(one.sound)
        self.remove.setEnabled(rule is not None)
        self._say("")

    def rule(self) -> Rule:
        """What the fields say. Raises BadInput in one line."""
        kind = Kind(self.kind.currentData())
        low = _number("low limit", self.low) if kind is not Kind.ABOVE else 0.0
        high = _number("high limit", self.high) if kind is not Kind.BELOW else 0.0
        cars = tuple(part for part in self.cars.text().replace(",", " ").split() if part != "all")
        rule = Rule(
            " ".join(self.name.text().split()),
            self.channel.currentText().strip(),
            kind,
            low,
            high,
            _number("hysteresis", self.hysteresis, empty=0.0),
            _number("delay", self.delay, empty=0.0),
            cars,
            self.on.isChecked(),
            self.sound.isChecked(),
        )
        if rule.fault():
            raise BadInput(rule.fault())
        return rule

    def keep(self) -> None:
        """Take what the fields say."""
        try:
            rule = self.rule()
            self._keep(rule, self._instead)
        except BadInput as error:
            self._say(str(error))
            return
        self._instead = rule
        self.remove.setEnabled(True)
        self._say("")

    def _usual(self) -> None:
        """The limits that the channel itself states."""
        if self._catalog is None:
            return
        try:
            group, index = self._catalog.find(self.channel.currentText())
        except KeyError:
            return
        channel = group.channels[index]
        self._show(usual_rule(channel))
        unit = f" ({channel.unit})" if channel.unit != "1" else ""
        self._say(f"The channel's own limits{unit}; change them to what matters", wrong=False)

    def _show(self, rule: Rule) -> None:
        self.kind.setCurrentIndex(list(_KINDS).index(rule.kind))
        for field, value in (
            (self.low, rule.low),
            (self.high, rule.high),
            (self.hysteresis, rule.hysteresis),
            (self.delay, rule.delay_s),
        ):
            field.setText(f"{value:g}" if math.isfinite(value) else "")
        self._enable()

    def _enable(self) -> None:
        kind = Kind(self.kind.currentData())
        self.low.setEnabled(kind is not Kind.ABOVE)
        self.high.setEnabled(kind is not Kind.BELOW)

    def _say(self, text: str, *, wrong: bool = True) -> None:
        self.said.setText(f"! {text}" if wrong and text else text)
        self.said.setVisible(bool(text))


def _number(what: str, field: PaneField, empty: float | None = None) -> float:
    text = field.text().strip().replace(",", ".").replace("−", "-")
    if not text and empty is not None:
        return empty
    try:
        return float(text)
    except ValueError:
        raise BadInput(f"the {what} is not a number") from None
