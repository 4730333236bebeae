"""Maths channels: written, checked as they are typed, and listed with their values."""

from __future__ import annotations

from collections.abc import Callable

from pitwall.analysis.maths import Definition, Worked, check
from pitwall.analysis.maths_tree import MathsError
from pitwall.store import MARK
from pitwall.telemetry import BadInput
from pitwall.ui.dialogs.lines import Line, ListColumn
from pitwall.ui.dialogs.style import button
from pitwall.ui.inputs import Inputs
from pitwall.ui.model import Workspace
from pitwall.ui.panes.editor import EditorPane, PaneField, PaneList, on_click, row
from pitwall.ui.panes.rows import Cell
from pitwall.ui.qt import QtGui, QtWidgets
from pitwall.ui.reading import sample_at
from pitwall.ui.scene import Scene
from pitwall.ui.theme import Theme
from pitwall.ui.units import unit_text
from pitwall.ui.words import DASH

COLUMNS = (
    ListColumn("Name", "longitudinal", mono=True),
    ListColumn("Expression", mono=True),
    ListColumn("Now", "-00000.00", right=True, mono=True),
    ListColumn("Unit", "km/h/s"),
)
ROOMY = 420
HELP = (
    "+ - * / ** · < > == and or not · where(c, a, b) · min max abs sqrt exp log sin … · "
    "smooth(x, s) mean(x, s) lag(x, s) · derivative(x) integral(x) per lap · "
    'lookup(x, x1, y1, …) · unit(x, "km/h") · pi gravity'
)


class MathsPane(EditorPane):
    """What is typed is checked at once: a line of carets says where it is wrong, and a right one
    is worked out at the cursor when it is kept.

    Attributes:
        list: the definitions.
        name, field: what is being written.
        told: what becomes of it: its unit, or where it is wrong.
    """

    def __init__(self, theme: Theme, workspace: Workspace, inputs: Inputs) -> None:
        super().__init__(theme, "Maths channels")
        self._workspace = workspace
        self._inputs = inputs
        self._known: object = None
        self._editing = ""
        """Name of the definition that is being changed; empty for a new one."""
        self.list = PaneList(theme, COLUMNS, "Maths channels", (3,))
        self.list.chosen.connect(self._edit)
        self.list.removed.connect(self._remove)
        self.list.selectionModel().selectionChanged.connect(lambda *_: self._chosen())
        self.list.set_hint("None yet. An example: slip = (wheel_speed - speed) / speed")
        self.name = PaneField("Name", "name", typed=True)
        self.field = PaneField("Expression", "expression", typed=True)
        self.told = QtWidgets.QLabel()
        self.told.setWordWrap(False)
        self.told.setMinimumHeight(theme.px(52))
        self.told.setSizePolicy(
            QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed
        )
        for part in (self.name, self.field):
            part.textEdited.connect(lambda _: self._check())
            part.returnPressed.connect(self._keep)
            part.left.connect(self._chosen)
        self._save = on_click(button("Keep"), self._keep)
        self._new = on_click(button("New"), self._begin)
        self._delete = on_click(button("Remove"), lambda: self._remove(self._editing))
        self._help = QtWidgets.QLabel(HELP)
        self._help.setWordWrap(True)
        self.field.setToolTip(HELP)
        self.body.addWidget(self.list, 1)
        self.body.addLayout(row(self.name, 1, self.field, 4))
        self.body.addWidget(self.told)
        self.body.addWidget(self._help)
        self.body.addLayout(row(QtWidgets.QLabel(), 1, self._save, self._new, self._delete))
        self.setFocusProxy(self.field)
        self.ready()
        self._check()

    def set_theme(self, theme: Theme) -> None:
        """As :meth:`EditorPane.set_theme`; carets stand under what they are about."""
        super().set_theme(theme)
        self.told.setMinimumHeight(theme.px(52))
        self._check()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: D102, N802
        super().resizeEvent(event)
        # Where there is little room the list needs it; the field's tool tip says the same.
        self._help.setVisible(self.height() > self.theme.px(ROOMY))

    def handlers(self) -> dict[str, Callable[[], None]]:
        """The action of this pane."""
        return {"maths": self._begin}

    def needed_width(self) -> int:
        """Room for an expression."""
        return self.theme.px(560)

    def show_scene(self, scene: Scene) -> None:
        """List what there is, with the values at the cursor."""
        board, view = self._inputs.channels.maths, scene.view
        at = view.cursor or view.moment or (scene.store.latest_us(view.car) if view.car else 0)
        lines = [self._line(one, view.car, at) for one in board.worked]
        self.list.lines.set_lines(lines)
        bad = sum(one.fault is not None for one in board.worked)
        self.set_titles("Maths channels", f"{bad} not understood" if bad else "")

    def show_cursor(self, scene: Scene) -> None:
        """The values there."""
        self.show_scene(scene)

    # -- the list -----------------------------------------------------------------------

    def _line(self, one: Worked, car: str | None, at: int) -> Line:
        definition = one.definition
        if one.fault is not None:
            cells = (
                Cell(definition.name, "attention"),
                Cell(f"! {one.fault}", "attention"),
                Cell(DASH, "faint"),
                Cell(""),
            )
            return Line(definition.name, cells, one.fault.pointed(definition.expression))
        value = one.constant
        if value is None and car is not None:
            sample = sample_at(self._inputs.store, car, MARK + definition.name, at)
            value = sample.values[0] if sample is not None else None
        cells = (
            Cell(definition.name),
            Cell(definition.expression, "dim"),
            Cell(f"{value:.5g}" if value is not None else DASH, "text" if value else "faint"),
            Cell(unit_text(one.unit), "dim"),
        )
        return Line(definition.name, cells, one.note)

    def _chosen(self) -> None:
        """The chosen one into the fields."""
        key = self.list.key
        found = [one for one in self._workspace.view.maths.definitions if one.name == key]
        if found:
            self._editing = key
            self.name.setText(found[0].name)
            self.field.setText(found[0].expression)
        self._check()

    def _edit(self, _name: str) -> None:
        self.field.setFocus()

    # -- what is typed ------------------------------------------------------------------

    def _typed(self) -> Definition:
        old = [o for o in self._workspace.view.maths.definitions if o.name == self._editing]
        name, expression = self.name.text().strip(), self.field.text()
        if old:
            one = old[0]
            return Definition(name, expression, one.label, one.low, one.high)
        return Definition(name, expression)

    def _check(self) -> Worked | None:
        """Say what becomes of what is typed."""
        colours = self.theme.colours
        one = self._typed()
        empty = not one.name and not one.expression.strip()
        self._save.setEnabled(not empty)
        self._delete.setEnabled(bool(self._editing))
        self.told.setFont(self.theme.body(mono=True))
        if empty:
            self._tell("", colours.dim.name())
            return None
        others = [
            other for other in self._workspace.view.maths.definitions if other.name != self._editing
        ]
        worked = check(one, self._inputs.store.session.catalog, others)
        if worked.fault is None:
            value = f" = {worked.constant:.6g}" if worked.constant is not None else ""
            note = f"\n{worked.note}" if worked.note else ""
            text = f"{one.name}{value} in {unit_text(worked.unit) or 'plain numbers'}{note}"
            self._tell(text, colours.live.name())
        else:
            self._tell(self._pointed(worked.fault, one.expression), colours.attention.name())
        return worked

    def _pointed(self, fault: MathsError, expression: str) -> str:
        """As much of the expression as there is room for, with what is wrong in it."""
        each = max(QtGui.QFontMetrics(self.theme.body(mono=True)).horizontalAdvance("0"), 1)
        room = max(self.told.width() // each, 20)
        skip = 0
        if len(expression) > room and fault.column + fault.length > room:
            skip = min(fault.column, fault.column + fault.length - room + 3)
        part = ("…" if skip else "") + expression[skip:]
        moved = MathsError(str(fault), fault.column - skip + bool(skip), fault.length)
        return moved.pointed(part[:room])

    def _tell(self, text: str, colour: str) -> None:
        mono = self.theme.body(mono=True)
        self.told.setStyleSheet(
            f'color: {colour}; font-family: "{mono.family()}"; font-size: {mono.pixelSize()}px'
        )
        self.told.setText(text)

    def _keep(self) -> None:
        worked = self._check()
        if worked is None:
            return
        if worked.fault is not None:
            self.say("Not kept: see where the carets are", wrong=True)
            return
        try:
            book = self._workspace.view.maths.put(worked.definition, self._editing)
        except BadInput as error:
            self.say(str(error), wrong=True)
            return
        self._workspace.change(maths=book)
        self._editing = worked.definition.name
        self.say(f"Kept: {worked.definition.name} is among all channels now")
        self._check()

    def _begin(self) -> None:
        self._editing = ""
        self.list.clearSelection()
        self.name.clear()
        self.field.clear()
        self.say("")
        self._check()
        self.name.setFocus()

    def _remove(self, name: str) -> None:
        if not name:
            return
        self._workspace.change(maths=self._workspace.view.maths.without(name))
        if self._editing == name:
            self._begin()
        self.say(f"Removed: {name}; undo brings it back")
