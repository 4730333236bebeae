"""The notes of the session: found by words, gone to, changed, taken away."""

from __future__ import annotations

from collections.abc import Callable

from pitwall.store import Note
from pitwall.telemetry import BadInput
from pitwall.telemetry.clock import clock_text
from pitwall.ui.dialogs.lines import Line, ListColumn
from pitwall.ui.dialogs.style import button
from pitwall.ui.fragments import matching
from pitwall.ui.inputs import Inputs
from pitwall.ui.model import Workspace
from pitwall.ui.panes.editor import EditorPane, PaneField, PaneList, on_click, row
from pitwall.ui.panes.rows import Cell
from pitwall.ui.scene import Scene
from pitwall.ui.theme import Theme

COLUMNS = (
    ListColumn("Time", "00:00:00", mono=True),
    ListColumn("Car", "GR86-2", mono=True),
    ListColumn("Lap", "L00", mono=True),
    ListColumn("Note", wrap=True),
)


class NotesPane(EditorPane):
    """Return goes to a note; its words are changed in the field below; Delete takes it away.

    Attributes:
        list: the notes.
        field: the words of the chosen one.
        search: what is looked for.
    """

    def __init__(self, theme: Theme, workspace: Workspace, inputs: Inputs) -> None:
        super().__init__(theme, "Notes")
        self._workspace = workspace
        self._inputs = inputs
        self._known: object = None
        self._gone: Note | None = None
        self.search = PaneField("Find a note", "find: words, car, lap")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda _: self._list())
        self.search.left.connect(self.search.clear)
        self.list = PaneList(theme, COLUMNS, "Notes", (2, 0))
        self.list.chosen.connect(self._go)
        self.list.removed.connect(self._drop)
        self.list.selectionModel().selectionChanged.connect(lambda *_: self._chosen())
        self.field = PaneField("Words of the note", "the chosen note")
        self.field.returnPressed.connect(self._change)
        self.field.left.connect(self._chosen)
        self._save = on_click(button("Change", tip="Keep these words"), self._change)
        self._delete = on_click(button("Delete"), lambda: self._drop(self.list.key))
        self._back = on_click(button("Put back", "link"), self._put_back)
        self._back.hide()
        self.body.addWidget(self.search)
        self.body.addWidget(self.list, 1)
        self.body.addLayout(row(self.field, 1, self._save, self._delete, self._back))
        self.setFocusProxy(self.search)
        self.ready()
        self._chosen()

    def handlers(self) -> dict[str, Callable[[], None]]:
        """The action of this pane."""
        return {"notes": self.search.setFocus}

    def show_scene(self, scene: Scene) -> None:
        """List what there is."""
        book = self._inputs.channels.notes
        known = (book.version, self._inputs.channels.trouble)
        if known != self._known:
            self._known = known
            self._list()

    def needed_width(self) -> int:
        """Room for the words."""
        return self.theme.px(420)

    # -- the list -----------------------------------------------------------------------

    def _list(self) -> None:
        notes = self._inputs.channels.notes.notes
        found = list(matching(self.search.text(), notes, _text))
        key = self.list.key
        self.list.lines.set_lines([self._line(note) for note in found])
        hint = "No notes yet: N writes one at the cursor" if not notes else "No such note"
        self.list.set_hint(hint)
        if key in {line.key for line in self.list.lines.lines}:
            self.list.choose(key)
        self.set_titles("Notes", str(len(notes)) if notes else "")
        trouble = self._inputs.channels.trouble
        self.say(f"Not kept: {trouble}" if trouble else "", wrong=True)
        self._chosen()

    def _line(self, note: Note) -> Line:
        at = clock_text(note.t_us - self._inputs.store.session.started_us)
        lap = f"L{note.lap}" if note.lap is not None else ""
        cells = (Cell(at, "dim"), Cell(note.car, "dim"), Cell(lap, "dim"), Cell(note.text))
        return Line(str(note.id), cells)

    def _chosen(self) -> None:
        note = self._note(self.list.key)
        self.field.setText(note.text if note is not None else "")
        for part in (self.field, self._save, self._delete):
            part.setEnabled(note is not None)

    def _note(self, key: str) -> Note | None:
        notes = self._inputs.channels.notes.notes
        return next((one for one in notes if str(one.id) == key), None)

    # -- what is done -------------------------------------------------------------------

    def _go(self, key: str) -> None:
        note = self._note(key)
        if note is None:
            return
        if note.car in self._inputs.store.cars():
            self._workspace.select_car(note.car)
        self._workspace.scrub(note.t_us)

    def _change(self) -> None:
        note = self._note(self.list.key)
        if note is None:
            return
        try:
            self._inputs.channels.notes.change(note.id, self.field.text())
        except BadInput as error:
            self.say(str(error), wrong=True)
            return
        self._list()

    def _drop(self, key: str) -> None:
        note = self._note(key)
        if note is None:
            return
        self._gone = self._inputs.channels.notes.drop(note.id)
        self._back.show()
        self._list()

    def _put_back(self) -> None:
        if self._gone is not None:
            self._inputs.channels.notes.put_back(self._gone)
        self._gone = None
        self._back.hide()
        self._list()


def _text(note: Note) -> str:
    lap = f"L{note.lap}" if note.lap is not None else ""
    return f"{note.text} {note.car} {lap}"
