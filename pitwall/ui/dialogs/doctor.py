"""The doctor on screen: each step of the way to the data, as it is checked."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from pitwall.runtime.errands import Errand, Errands
from pitwall.telemetry import PitwallError
from pitwall.telemetry.plural import counted
from pitwall.ui.address import Address
from pitwall.ui.dialogs.base import AskingDialog
from pitwall.ui.dialogs.lines import Line, ListColumn, ListView
from pitwall.ui.dialogs.services import Cloud, Finding, Patient
from pitwall.ui.dialogs.style import Combo, Words, button, heading, labelled
from pitwall.ui.dialogs.trouble_box import TroubleBox
from pitwall.ui.panes.rows import Cell
from pitwall.ui.qt import QtGui, QtWidgets
from pitwall.ui.remembered import Memory
from pitwall.ui.theme import Theme

SIZE = (980, 680)
COLUMNS = (
    ListColumn("Result", "! warning"),
    ListColumn("What", "may read sealed laps of every car", wrap=True),
    ListColumn("Found, and what to do", wrap=True),
)
_GRADES = {
    "ok": Cell("✓ ok", "live"),
    "skipped": Cell("– skipped", "dim"),
    "warning": Cell("! warning", "attention", bold=True),
    "fault": Cell("✕ fault", "fault", bold=True),
}
_NEEDS_CARS = ("driver", "producer")
_NEEDS_GROUPS = ("partner",)


class DoctorDialog(AskingDialog):
    """The dialog; it never stops the window behind it.

    Attributes:
        role, scope: whose permissions, and the cars or groups that role is narrowed to.
        findings: the list.
        trouble: why it could not begin, or go on.
    """

    def __init__(
        self,
        cloud: Cloud,
        errands: Errands,
        memory: Memory,
        address: Address,
        session: str,
        theme: Theme,
        parent: QtWidgets.QWidget | None = None,
    ) -> None:
        super().__init__("Doctor", errands, theme, parent)
        self._cloud = cloud
        self._memory = memory
        self._address = address
        self._session = session
        self._found: tuple[Finding, ...] = ()
        self._running = False
        self._stopped = False
        self.role = Combo(theme, 150)
        self.role.addItems(list(cloud.roles()))
        self.role.setCurrentText(memory.now.role)
        self.scope = QtWidgets.QLineEdit()
        self.findings = ListView(theme, COLUMNS, "Findings")
        self.trouble = TroubleBox(theme)
        self.again = button("&Run", "main", "Check everything anew (F5)")
        self.cancel = button("Cancel", tip="Stop after the check that is running (Esc)")
        self.copy_text = button("Copy as &text", tip="As `pitwall cloud doctor` prints it")
        self.copy_json = button("Copy as &JSON", tip="For programs")
        self.close_button = button("Close", tip="Esc")
        self._lay_out(theme)
        self.errands.told.connect(self._told)
        self.role.activated.connect(self._role_chosen)
        self.scope.returnPressed.connect(self.examine)
        self.again.clicked.connect(self.examine)
        self.cancel.clicked.connect(self.stop)
        self.copy_text.clicked.connect(lambda: self._copy(cloud.as_text(self._found), "text"))
        self.copy_json.clicked.connect(lambda: self._copy(cloud.as_json(self._found), "JSON"))
        self.close_button.clicked.connect(self.close)
        self.keys((("F5", self.examine),))
        self.open_sized(theme, SIZE)
        self._role_changed()
        self.findings.setFocus()

    def _lay_out(self, theme: Theme) -> None:
        page = self.page(theme)
        top = QtWidgets.QHBoxLayout()
        top.setSpacing(theme.px(12))
        where = Words(_place(self._address, self._session))
        left = QtWidgets.QVBoxLayout()
        left.setSpacing(theme.px(6))
        left.addWidget(heading("Doctor"))
        left.addWidget(where)
        left.addStretch(1)
        top.addLayout(left, 1)
        role, _ = labelled("R&ole", self.role, tip="Whose permissions are tried")
        top.addLayout(role)
        scope, self._scope_label = labelled("Car&s", self.scope)
        self.scope.setMinimumWidth(theme.px(220))
        top.addLayout(scope)
        page.addLayout(top)
        page.addWidget(self.trouble)
        page.addLayout(self.middle(self.findings), 1)
        buttons = (self.cancel, self.copy_text, self.copy_json, self.close_button, self.again)
        page.addLayout(self.foot(*buttons))
        self.tabs_through(
            self.findings, self.again, self.cancel, self.copy_text, self.copy_json,
            self.close_button, self.role, self.scope,
        )  # fmt: skip

    # -- examining ----------------------------------------------------------------------

    def examine(self) -> None:
        """Check everything anew; what was found before goes."""
        role = self.role.currentText()
        names = tuple(filter(None, re.split(r"[,;\s]+", self.scope.text())))
        cars = names if role in _NEEDS_CARS else ()
        groups = names if role in _NEEDS_GROUPS else ()
        self._forget()
        if role in (*_NEEDS_CARS, *_NEEDS_GROUPS) and not names:
            self.trouble.say(f"name the {self._scope_words} first", doctor=False)
            self.scope.setFocus()
            self._say_state()
            return
        self._memory.examined(role)
        cloud, address = self._cloud, self._address
        patient = Patient(role, cars, groups, self._session)

        def job(errand: Errand) -> None:
            found: list[Finding] = []

            def say(finding: Finding) -> None:
                found.append(finding)
                errand.tell("findings", tuple(found))

            cloud.examine(address, patient, say, errand.cancelled)

        self._running = True
        self.again.setText("&Run again")
        self.errands.run(job)
        self._say_state()

    def _forget(self) -> None:
        self._found = ()
        self._stopped = False
        self.findings.lines.set_lines(())
        self.findings.set_hint("")
        self.trouble.say("")
        self._say_state()

    @property
    def _scope_words(self) -> str:
        role = self.role.currentText()
        what = "cars" if role in _NEEDS_CARS else "channel groups"
        return f"{what} that the {role} is narrowed to"

    def stop(self) -> None:
        """Do not wait for the rest; what was found stays."""
        self.errands.cancel()
        self._stopped, self._running = self._running, False
        self._say_state()

    def _told(self, key: str, value: Any) -> None:
        if key == "findings":
            self._show(value)
        elif key == "failed":
            words = str(value) if isinstance(value, PitwallError) else repr(value)
            self.trouble.say(words, doctor=False)
        elif key == "ended" and not self.errands.busy:
            self._running = False
            self._say_state()
            self._to_the_worst()

    def _to_the_worst(self) -> None:
        """What wants doing comes into view; the top where nothing does."""
        order = {"fault": 0, "warning": 1}
        rows = sorted(self._found, key=lambda one: order.get(one.grade, 2))
        if rows:
            self.findings.choose(str(self._found.index(rows[0])))

    def _show(self, found: tuple[Finding, ...]) -> None:
        self._found = found
        self.findings.lines.set_lines([_line(i, one) for i, one in enumerate(found)])
        self.findings.scrollToBottom()
        self._say_state()

    # -- showing ------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Other colours and sizes from now on."""
        super().set_theme(theme)
        self.role.set_theme(theme)
        self.findings.set_theme(theme)

    def _role_chosen(self) -> None:
        self._role_changed()
        if self.scope.isHidden():
            self.examine()
        else:
            self.errands.cancel()
            self._running = False
            self._forget()
            self.findings.set_hint(f"Name the {self._scope_words}, then Return.")
            self.scope.setFocus()

    def _role_changed(self) -> None:
        role = self.role.currentText()
        groups = role in _NEEDS_GROUPS
        shown = groups or role in _NEEDS_CARS
        name = "Channel &groups" if groups else "Car&s"
        self._scope_label.setText(name)
        self.scope.setAccessibleName(name.replace("&", ""))
        self.scope.setPlaceholderText("pos, driver" if groups else "7, 13")
        self.scope.setVisible(shown)
        self._scope_label.setVisible(shown)

    def _say_state(self) -> None:
        self._bar.setVisible(self._running)
        self.cancel.setVisible(self._running)
        self.again.setEnabled(not self._running)
        for one in (self.copy_text, self.copy_json):
            one.setEnabled(bool(self._found))
        counts = Counter(one.grade for one in self._found)
        words = (
            f"{counts['ok']} ok",
            *([f"{counts['skipped']} skipped"] if counts["skipped"] else []),
            counted(counts["warning"], "warning"),
            counted(counts["fault"], "fault"),
        )
        text = " · ".join(words) if self._found else ""
        if self._running:
            text = f"Checking… {text}"
        elif self._stopped:
            text = f"Stopped before the end · {text}".rstrip(" ·")
        elif self._found and not counts["fault"] and not counts["warning"]:
            text = f"{text} · nothing to do"
        self._status.setText(text)

    def _copy(self, text: str, kind: str) -> None:
        QtGui.QGuiApplication.clipboard().setText(text)
        self._status.setText(f"Copied as {kind}")

    # -- the way out --------------------------------------------------------------------

    def step_back(self) -> bool:
        """Esc: out of the examination."""
        running = self._running
        if running:
            self.stop()
        return running


def _line(index: int, one: Finding) -> Line:
    grade = _GRADES.get(one.grade, Cell(one.grade))
    told = f"{one.told}\n→ {one.todo}" if one.todo else one.told
    role = "text" if one.grade in ("warning", "fault") else "dim"
    return Line(str(index), (grade, Cell(one.what), Cell(told, role)), tip=told)


def _place(address: Address, session: str) -> str:
    parts = [
        f"table {address.table}" if address.table else "",
        f"profile {address.profile}" if address.profile else "",
        address.region,
        address.endpoint,
        f"session {session}" if session else "",
    ]
    return " · ".join(filter(None, parts)) or "the AWS configuration as it is"
