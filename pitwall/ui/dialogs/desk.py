"""The dialogs over whichever window there is: opened once each, and ended with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pitwall.runtime.errands import Errands
from pitwall.ui.address import Address
from pitwall.ui.dialogs.services import Cloud
from pitwall.ui.qt import QtCore, QtWidgets
from pitwall.ui.remembered import Memory
from pitwall.ui.theme import Theme

if TYPE_CHECKING:
    from pitwall.ui.dialogs.connect import ConnectDialog
    from pitwall.ui.dialogs.doctor import DoctorDialog
    from pitwall.ui.dialogs.recordings import Look, RecordingsDialog


class Desk(QtCore.QObject):
    """Opens the dialogs and owns their threads.

    Attributes:
        dialog: the connect dialog while it is open.
        doctor: the doctor's while it is open.
        recordings: the recordings' while it is open.

    Signals:
        open_requested: path of a recording.
        connect_requested: (address, session key).
        join_cancelled: nobody waits for that session any more.
    """

    open_requested = QtCore.Signal(object)
    connect_requested = QtCore.Signal(object, str)
    join_cancelled = QtCore.Signal()

    def __init__(self, cloud: Cloud, memory: Memory, look: Look | None = None) -> None:
        super().__init__()
        self.dialog: ConnectDialog | None = None
        self.doctor: DoctorDialog | None = None
        self.recordings: RecordingsDialog | None = None
        self._look: Look = look or (lambda folder, say, cancelled: say([]))
        self._cloud = cloud
        self._memory = memory
        self._errands: list[Errands] = []

    def connect_over(self, window: QtWidgets.QWidget, theme: Theme) -> ConnectDialog:
        """Open the connect dialog, or bring it to the front."""
        if self.dialog is None:
            from pitwall.ui.dialogs.connect import ConnectDialog

            errands = self._make_errands("pitwall-connect")
            made = ConnectDialog(self._cloud, errands, self._memory, theme, window)
            made.connect_requested.connect(self.connect_requested)
            made.join_cancelled.connect(self.join_cancelled)
            made.doctor_requested.connect(
                lambda address: self.doctor_over(window, theme, address, made.sessions.key)
            )
            made.finished.connect(self._connect_closed)
            self.dialog = made
            made.show()
            made.begin()
        _to_front(self.dialog)
        return self.dialog

    def doctor_over(
        self, window: QtWidgets.QWidget, theme: Theme, address: Address, session: str = ""
    ) -> DoctorDialog:
        """Open the doctor's dialog and begin; one that is open for another place is closed."""
        from pitwall.ui.dialogs.doctor import DoctorDialog

        if self.doctor is not None:
            self.doctor.close()
        errands = self._make_errands("pitwall-doctor")
        made = DoctorDialog(self._cloud, errands, self._memory, address, session, theme, window)
        made.finished.connect(self._doctor_closed)
        self.doctor = made
        made.show()
        made.examine()
        _to_front(made)
        return made

    def recordings_over(self, window: QtWidgets.QWidget, theme: Theme) -> RecordingsDialog:
        """Open the list of recordings, or bring it to the front."""
        if self.recordings is None:
            from pitwall.ui.dialogs.recordings import RecordingsDialog

            made = RecordingsDialog(
                self._look, self._make_errands("pitwall-recordings"), theme, window
            )
            made.open_requested.connect(self.open_requested)
            made.cloud_requested.connect(
                lambda text: self.connect_over(window, theme).filter.setText(text)
            )
            made.finished.connect(self._recordings_closed)
            self.recordings = made
            made.show()
            made.ask(None)
        _to_front(self.recordings)
        return self.recordings

    def set_theme(self, theme: Theme) -> None:
        """The window has other colours or sizes now."""
        for dialog in (self.dialog, self.doctor, self.recordings):
            if dialog is not None:
                dialog.set_theme(theme)

    def close(self) -> None:
        """Close what is open."""
        for dialog in (self.doctor, self.dialog, self.recordings):
            if dialog is not None:
                dialog.close()

    def stop(self, limit_s: float) -> bool:
        """Close what is open and wait for its threads; True when they ended in time."""
        self.close()
        return all([errands.stop(limit_s) for errands in self._errands])

    def _make_errands(self, name: str) -> Errands:
        self._errands = [one for one in self._errands if one.alive]
        made = Errands(name)
        self._errands.append(made)
        return made

    def _connect_closed(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None

    def _recordings_closed(self) -> None:
        if self.recordings is not None:
            self.recordings.deleteLater()
            self.recordings = None

    def _doctor_closed(self) -> None:
        if self.doctor is not None:
            self.doctor.deleteLater()
            self.doctor = None


def _to_front(dialog: QtWidgets.QDialog) -> None:
    dialog.raise_()
    dialog.activateWindow()
