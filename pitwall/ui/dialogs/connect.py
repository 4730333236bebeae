"""Choosing a session of a table: where it is, which one, Return."""

from __future__ import annotations

import time
from typing import Any

from pitwall.runtime.errands import Errand, Errands
from pitwall.telemetry import PitwallError
from pitwall.telemetry.plural import counted
from pitwall.ui.dialogs.address_form import AddressForm
from pitwall.ui.dialogs.base import AskingDialog, steps_through
from pitwall.ui.dialogs.lines import ListView
from pitwall.ui.dialogs.services import Cloud, Configuration, Listing
from pitwall.ui.dialogs.session_list import COLUMNS, session_rows
from pitwall.ui.dialogs.style import button, heading
from pitwall.ui.dialogs.trouble_box import TroubleBox
from pitwall.ui.qt import QtCore, QtWidgets
from pitwall.ui.remembered import Memory
from pitwall.ui.theme import Theme

SIZE = (980, 660)


class ConnectDialog(AskingDialog):
    """The dialog; it never stops the window behind it.

    Asks for profiles, tables and sessions on threads of ``errands``; answers to what is no longer
    asked are dropped.

    Attributes:
        form: where.
        filter: what is typed to find a session.
        sessions: the list.
        trouble: what is in the way.

    Signals:
        connect_requested: (address, session key).
        join_cancelled: the user does not want to wait for the session chosen.
        doctor_requested: (address).
    """

    connect_requested = QtCore.Signal(object, str)
    join_cancelled = QtCore.Signal()
    doctor_requested = QtCore.Signal(object)

    def __init__(
        self,
        cloud: Cloud,
        errands: Errands,
        memory: Memory,
        theme: Theme,
        parent: QtWidgets.QWidget | None = None,
    ) -> None:
        super().__init__("Connect to a session", errands, theme, parent)
        self._cloud = cloud
        self._memory = memory
        self._listing: Listing | None = None
        self._asked = memory.now.address
        self._joining = ""
        self._step = ""
        self._since = 0.0
        self._as_of = ""
        self.form = AddressForm(theme, memory.now.address)
        self.filter = QtWidgets.QLineEdit()
        self.sessions = ListView(theme, COLUMNS, "Sessions")
        self.trouble = TroubleBox(theme)
        self._make_rest()
        self._lay_out(theme)
        self._connect_up()
        self.open_sized(theme, SIZE)
        self.filter.setFocus()
        self._say_state()

    def _make_rest(self) -> None:
        self.filter.setPlaceholderText("Type to filter: date, event, name, live")
        self.filter.setAccessibleName("Filter sessions")
        self.filter.setClearButtonEnabled(True)
        self.refresh = button("Refres&h", tip="Ask again (F5)")
        self.cancel = button("Cancel", tip="Stop asking (Esc)")
        self.doctor = button("&Doctor…", "link", "Checks the way to the data step by step")
        self.close_button = button("Close", tip="Esc")
        self.connect_button = button("Connect", "main", "Follow the chosen session (Return)")
        self._tick = QtCore.QTimer(self)
        self._tick.setInterval(1000)
        self._tick.timeout.connect(self._say_state)

    def _lay_out(self, theme: Theme) -> None:
        page = self.page(theme)
        page.addWidget(heading("Connect to a session"))
        page.addWidget(self.form)
        page.addWidget(self.trouble)
        line = QtWidgets.QHBoxLayout()
        line.setSpacing(theme.px(12))
        line.addWidget(self.filter, 1)
        line.addWidget(self.refresh)
        page.addLayout(line)
        page.addLayout(self.middle(self.sessions), 1)
        buttons = (self.cancel, self.doctor, self.close_button, self.connect_button)
        page.addLayout(self.foot(*buttons))
        self.tabs_through(
            self.filter, self.sessions, self.connect_button, self.form.profile, self.form.region,
            self.form.table, self.form.more, self.form.endpoint, self.form.bucket,
            self.form.kinesis, self.trouble.copy, self.trouble.ask, self.refresh, self.cancel,
            self.doctor, self.close_button,
        )  # fmt: skip

    def _connect_up(self) -> None:
        self.errands.told.connect(self._told)
        self.form.changed.connect(self.ask)
        self.filter.textChanged.connect(self._show_sessions)
        steps_through(self.filter, self.sessions.step, lambda: self._connect(self.sessions.key))
        self.sessions.chosen.connect(self._connect)
        self.sessions.selectionModel().selectionChanged.connect(self._say_state)
        self.refresh.clicked.connect(self.ask)
        self.cancel.clicked.connect(self.stop_asking)
        self.close_button.clicked.connect(self.close)
        self.connect_button.clicked.connect(lambda: self._connect(self.sessions.key))
        self.doctor.clicked.connect(lambda: self.doctor_requested.emit(self.form.address))
        self.trouble.doctor.connect(lambda: self.doctor_requested.emit(self.form.address))
        self.keys(
            (
                ("F5", self.ask),
                ("Ctrl+Return", lambda: self._connect(self.sessions.key)),
                ("Ctrl+F", self.filter.setFocus),
            )
        )

    # -- asking -------------------------------------------------------------------------

    def begin(self) -> None:
        """Ask what this machine is configured for, then for the sessions."""
        cloud = self._cloud
        self._busy("reading the AWS configuration")
        self.errands.run(lambda errand: errand.tell("configuration", cloud.configuration()))

    def ask(self) -> None:
        """Ask for tables and sessions of the address as it is now."""
        if self._joining:
            return
        address = self._asked = self.form.address
        self._listing = None
        self._show_sessions()
        fault = address.fault()
        self.trouble.say(fault, doctor=False)
        if fault:
            self.errands.cancel()
            self._idle()
            return
        cloud = self._cloud

        def job(errand: Errand) -> None:
            cloud.browse(address, lambda said: errand.tell("listing", said), errand.cancelled)

        self._busy("asking")
        self.errands.run(job)

    def stop_asking(self) -> None:
        """Nobody waits any more; what is listed stays. While joining: stay with what was."""
        if self._joining:
            self._joining = ""
            self.join_cancelled.emit()
        self.errands.cancel()
        self._idle()

    def _told(self, key: str, value: Any) -> None:
        if key == "configuration":
            self._configured(value)
        elif key == "listing":
            self._listed(value)
        elif key == "failed":
            words = str(value) if isinstance(value, PitwallError) else repr(value)
            self.trouble.say(words)
        elif key == "ended" and not self.errands.busy and not self._joining:
            self._idle()

    def _configured(self, configuration: Configuration) -> None:
        self.form.set_configuration(configuration)
        self.ask()

    def _listed(self, listing: Listing) -> None:
        self._listing = listing
        self._as_of = time.strftime("%H:%M:%S")
        self._step = listing.step or self._step
        if listing.table or listing.tables:
            self.form.set_tables(listing.tables, listing.table)
        self.trouble.say_trouble(listing.trouble)
        self._bar.setRange(0, 1000 if listing.share is not None else 0)
        self._bar.setValue(round((listing.share or 0.0) * 1000))
        self._show_sessions()

    # -- joining ------------------------------------------------------------------------

    def _connect(self, session: str) -> None:
        if not session or self._joining:
            return
        address = self.form.address
        fault = address.fault()
        if fault:
            self.trouble.say(fault, doctor=False)
            return
        if self.errands.busy:
            self.errands.cancel()
        self._joining = session
        self.trouble.say("")
        self._busy(f"joining {session}")
        self.connect_requested.emit(address, session)

    def joined(self) -> None:
        """The session chosen is on screen: remember where it is, and close."""
        if self._joining:
            self._memory.connected(self.form.address, self._joining)
            self._joining = ""
        self._idle()
        self.close()

    def join_failed(self, text: str, command: str = "") -> None:
        """The session chosen cannot be followed: one line that says why."""
        self._joining = ""
        self.trouble.say(text, command)
        self._idle()

    # -- showing ------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Other colours and sizes from now on."""
        super().set_theme(theme)
        self.form.set_theme(theme)
        self.sessions.set_theme(theme)

    def _show_sessions(self) -> None:
        listing = self._listing
        chosen = self.sessions.key or self._memory.now.session
        found = session_rows(listing.sessions or () if listing else (), self.filter.text())
        live = [line.key for line in found if line.cells[-1].text.startswith("●")]
        self.sessions.lines.set_lines(found)
        if self.sessions.key == "" or self.sessions.key != chosen:
            kept = any(line.key == chosen for line in found)
            self.sessions.choose(chosen if kept else live[0] if live else "")
        self._say_state()

    def _busy(self, step: str) -> None:
        self._step, self._since = step, time.monotonic()
        self._bar.setRange(0, 0)
        self._tick.start()
        self._say_state()

    def _idle(self) -> None:
        self._step = ""
        self._tick.stop()
        self._say_state()

    def _say_state(self) -> None:
        busy = bool(self._step)
        self._bar.setVisible(busy)
        self.cancel.setVisible(busy)
        self.refresh.setEnabled(not self._joining)
        self.form.setEnabled(not self._joining)
        self.connect_button.setEnabled(bool(self.sessions.key) and not self._joining)
        if busy:
            waited = time.monotonic() - self._since
            text = f"{self._step} · {waited:.0f} s" if waited >= 2 else self._step
            self._status.setText(f"{text[:1].upper()}{text[1:]}…")
        else:
            self._status.setText(self._summary())
        self.sessions.set_hint(self._hint())

    def _hint(self) -> str:
        """What stands where sessions would."""
        listing = self._listing
        if listing is None or listing.sessions is None or listing.trouble is not None:
            return ""
        if listing.sessions:
            return "No session has all these words. Esc clears the filter."
        return (
            f"Table {listing.table} lists no sessions yet. "
            "`pitwall publish RECORDING --session KEY` plays one into it."
        )

    def _summary(self) -> str:
        listing = self._listing
        if listing is None or listing.trouble is not None or listing.sessions is None:
            return listing.note if listing is not None else ""
        count, shown = len(listing.sessions), len(self.sessions.lines.lines)
        if shown < count:
            text = f"{shown} of {counted(count, 'session')}"
        else:
            live = sum(one.state == "live" for one in listing.sessions)
            text = f"{counted(count, 'session')} in {listing.table}, {live} live at {self._as_of}"
        return f"{text} · {listing.note}" if listing.note else text

    # -- the way out --------------------------------------------------------------------

    def stop(self) -> None:
        """As :meth:`stop_asking`."""
        self.stop_asking()

    def step_back(self) -> bool:
        """Esc: out of what is going on, then out of the filter."""
        if self._step:
            self.stop_asking()
        elif self.filter.text():
            self.filter.clear()
        else:
            return False
        return True
