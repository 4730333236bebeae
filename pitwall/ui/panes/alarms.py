"""Alarms: what went off, and the limits that say when."""

from __future__ import annotations

from collections.abc import Callable

from pitwall.store import Alarm, Arrival, Rule
from pitwall.telemetry.clock import clock_text
from pitwall.ui.dialogs.lines import Line, ListColumn
from pitwall.ui.dialogs.style import button
from pitwall.ui.feeds.marks import alarm_role, alarm_tip
from pitwall.ui.inputs import Inputs
from pitwall.ui.model import Workspace
from pitwall.ui.panes.alarm_form import AlarmForm
from pitwall.ui.panes.editor import EditorPane, PaneList, on_click, row
from pitwall.ui.panes.rows import Cell
from pitwall.ui.qt import QtCore, QtWidgets
from pitwall.ui.scene import Scene
from pitwall.ui.theme import Theme
from pitwall.ui.units import unit_text
from pitwall.ui.words import seconds

LOG = (
    ListColumn("Time", "00:00:00", mono=True),
    ListColumn("Car", "GR86", mono=True),
    ListColumn("Alarm"),
    ListColumn("Worst", "000.0 km/h", right=True, mono=True),
    ListColumn("For", "00.0 s", right=True, mono=True),
)
RULES = (
    ListColumn("Alarm"),
    ListColumn("Limits", "outside 1000 … 12000", mono=True),
    ListColumn("Cars", "7, 22, 31"),
    ListColumn("", "watched"),
)
MOST_LINES = 500
_WORDS = {Arrival.LIVE: "", Arrival.LATE: "late", Arrival.HISTORY: ""}


class AlarmsPane(EditorPane):
    """Return goes to an alarm; acknowledging says that it was seen. The limits are behind the
    button, and change what is watched at once.

    Attributes:
        log: what went off, the newest first.
        rules: the limits.
        form: one of them.
    """

    def __init__(self, theme: Theme, workspace: Workspace, inputs: Inputs) -> None:
        super().__init__(theme, "Alarms")
        self._workspace = workspace
        self._inputs = inputs
        self._known: object = None
        self.log = PaneList(theme, LOG, "Alarms that went off", (4, 0))
        self.log.chosen.connect(self._go)
        self.rules = PaneList(theme, RULES, "Limits", (2, 3))
        self.rules.removed.connect(self._remove)
        self.rules.selectionModel().selectionChanged.connect(lambda *_: self._chosen())
        self.rules.set_hint("No limits yet: choose a channel below")
        self.form = AlarmForm(theme, self._keep, lambda: self._remove(self.rules.key))
        self._one = on_click(button("Seen", tip="Acknowledge the chosen one"), self._seen)
        self._all = on_click(button("All seen"), self.acknowledge)
        self._turn = on_click(button("Limits…"), self._toggle)
        self._pages = _Pages()
        page = QtWidgets.QWidget()
        page.setObjectName("page")
        second = QtWidgets.QScrollArea()  # a low pane shows a part of the fields
        second.setWidgetResizable(True)
        second.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        second.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        second.setWidget(page)
        column = QtWidgets.QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.rules, 1)
        column.addWidget(self.form)
        self._pages.addWidget(self.log)
        self._pages.addWidget(second)
        self.body.addWidget(self._pages, 1)
        self.body.addLayout(row(QtWidgets.QLabel(), 1, self._one, self._all, self._turn))
        self.ready()

    def handlers(self) -> dict[str, Callable[[], None]]:
        """The actions of this pane."""
        return {"alarms": self.log.setFocus, "acknowledge": self.acknowledge}

    def needed_width(self) -> int:
        """Room for the log."""
        return self.theme.px(560)

    def show_scene(self, scene: Scene) -> None:
        """List what there is."""
        board, trouble = self._inputs.channels.alarms, self._inputs.channels.trouble
        catalog, cars = scene.store.catalog, scene.store.cars()
        known = (board.version, trouble, catalog, cars, scene.view.alarms)
        if known == self._known:
            return
        self._known = known
        started = scene.store.session.started_us
        newest = tuple(reversed(board.alarms))[:MOST_LINES]
        self.log.lines.set_lines([_line(alarm, started) for alarm in newest])
        self.log.set_hint(
            "Nothing went off" if board.rules else "No limits are set: the button below sets them"
        )
        self.rules.lines.set_lines([_rule_line(r, board.unknown) for r in scene.view.alarms.rules])
        self.form.offer(catalog, cars)
        unseen, going = len(board.unseen), len(board.going)
        self._one.setEnabled(bool(unseen))
        self._all.setEnabled(bool(unseen))
        words = [f"{going} going on"] if going else []
        words += [f"{unseen} not seen"] if unseen else []
        words += [f"{board.dropped} more"] if board.dropped else []
        self.set_titles("Alarms", ", ".join(words))
        wrong = trouble or board.trouble
        if board.unknown and not wrong:
            wrong = f"this session has no {', '.join(board.unknown)}"
        self.say(wrong, wrong=True)

    def acknowledge(self) -> None:
        """All that are there were seen."""
        unseen = self._inputs.channels.alarms.unseen
        self._inputs.channels.acknowledge([alarm.entry.id for alarm in unseen])

    # -- the log ------------------------------------------------------------------------

    def _alarm(self, key: str) -> Alarm | None:
        alarms = self._inputs.channels.alarms.alarms
        return next((one for one in alarms if str(one.entry.id) == key), None)

    def _go(self, key: str) -> None:
        alarm = self._alarm(key)
        if alarm is None:
            return
        if alarm.entry.car in self._inputs.store.cars():
            self._workspace.select_car(alarm.entry.car)
        self._workspace.scrub(alarm.entry.raised_us)

    def _seen(self) -> None:
        alarm = self._alarm(self.log.key)
        if alarm is not None:
            self._inputs.channels.acknowledge([alarm.entry.id])

    # -- the limits ---------------------------------------------------------------------

    def _toggle(self) -> None:
        limits = self._pages.currentIndex() == 0
        self._pages.setCurrentIndex(1 if limits else 0)
        self._turn.setText("Log" if limits else "Limits…")

    def _rule(self, key: str) -> Rule | None:
        rules = self._workspace.view.alarms.rules
        return next((one for one in rules if one.to_text() == key), None)

    def _chosen(self) -> None:
        self.form.edit(self._rule(self.rules.key))

    def _keep(self, rule: Rule, instead: Rule | None) -> None:
        self._workspace.change(alarms=self._workspace.view.alarms.put(rule, instead))

    def _remove(self, key: str) -> None:
        rule = self._rule(key)
        if rule is not None:
            self._workspace.change(alarms=self._workspace.view.alarms.without(rule))
            self.form.edit(None)


class _Pages(QtWidgets.QStackedWidget):
    """One of several, as low as the place is."""

    def minimumSizeHint(self) -> QtCore.QSize:  # noqa: D102, N802
        return QtCore.QSize(0, 0)


def _line(alarm: Alarm, started_us: int) -> Line:
    entry, role = alarm.entry, alarm_role(alarm)
    how = "withdrawn" if entry.withdrawn else _WORDS[entry.arrival]
    title = f"{how}: {alarm.rule.title}" if how else alarm.rule.title
    lasted = seconds(entry.t_hi - entry.t_lo) if entry.t_hi is not None else "on"
    unit = unit_text(alarm.unit)
    cells = (
        Cell(clock_text(entry.t_lo - started_us), "dim"),
        Cell(entry.car, "text"),
        Cell(f"! {title}" if alarm.unseen else title, role, bold=alarm.unseen),
        Cell(f"{entry.worst:.4g} {unit}".strip(), "text"),
        Cell(lasted, "text" if alarm.going else "dim"),
    )
    return Line(str(entry.id), cells, alarm_tip(alarm, started_us))


def _rule_line(rule: Rule, unknown: tuple[str, ...]) -> Line:
    state = "off" if not rule.on else "no channel" if rule.channel in unknown else "watched"
    role = "live" if state == "watched" else "attention" if rule.on else "faint"
    delay = f" for {rule.delay_s:g} s" if rule.delay_s else ""
    cells = (
        Cell(rule.name or rule.channel),
        Cell(f"{rule.limits}{delay}", "dim"),
        Cell(", ".join(rule.cars) or "all", "dim"),
        Cell(state, role),
    )
    return Line(rule.to_text(), cells, f"{rule.channel} {rule.limits}, back by {rule.hysteresis:g}")
