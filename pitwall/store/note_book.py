"""The notes of a session as the window sees them: changed at once, written behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pitwall.store.edits import Edit
from pitwall.store.notes import MOST_NOTES, DropNote, Note, PutNote, new_id, tidy
from pitwall.telemetry import BadInput, Failure
from pitwall.telemetry.clock import NowUs, now_us


class NoteBook:
    """Notes in order of event time. Belongs to one thread; reading :attr:`notes` to any.

    Attributes:
        notes: all of them, replaced whole.
        version: counts changes.
        trouble: why the last change is not kept, in one line; empty when it is.
    """

    def __init__(
        self,
        notes: Iterable[Note],
        keep: Callable[[Iterable[Edit]], None],
        now: NowUs = now_us,
    ) -> None:
        self.notes = tuple(notes)
        self.version = 0
        self.trouble = ""
        self._keep = keep
        self._now = now

    def write(self, car: str, t_us: int, lap: int | None, text: str) -> Note:
        """A new note. Raises BadInput for an empty one, or when there are too many."""
        if len(self.notes) >= MOST_NOTES:
            raise BadInput(f"there are {MOST_NOTES} notes already: remove some")
        return self._put(Note(new_id(), car, t_us, lap, _worth(text), self._now()))

    def change(self, note_id: int, text: str) -> None:
        """Another text for a note. Raises BadInput for an empty one; KeyError for no such note."""
        old = self.of(note_id)
        self._put(Note(old.id, old.car, old.t_us, old.lap, _worth(text), self._now()))

    def drop(self, note_id: int) -> Note:
        """Take a note away; it is returned, so that it can be put back. Raises KeyError."""
        old = self.of(note_id)
        self._set([one for one in self.notes if one.id != note_id], DropNote(note_id))
        return old

    def put_back(self, note: Note) -> None:
        """A note that was taken away."""
        self._put(note)

    def of(self, note_id: int) -> Note:
        """The note with this id. Raises KeyError."""
        for one in self.notes:
            if one.id == note_id:
                return one
        raise KeyError(note_id)

    def _put(self, note: Note) -> Note:
        rest = [one for one in self.notes if one.id != note.id]
        self._set([*rest, note], PutNote(note))
        return note

    def _set(self, notes: list[Note], edit: Edit) -> None:
        self.notes = tuple(sorted(notes, key=lambda one: (one.t_us, one.id)))
        self.version += 1
        try:
            self._keep((edit,))
            self.trouble = ""
        except Failure as error:
            self.trouble = str(error)


def _worth(text: str) -> str:
    kept = tidy(text)
    if not kept:
        raise BadInput("a note without words is none")
    return kept
