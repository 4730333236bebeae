"""The fields that say where sessions are: profile, region, table, and what few people need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pitwall.ui.address import Address
from pitwall.ui.dialogs.services import Configuration
from pitwall.ui.dialogs.style import Combo, button, labelled
from pitwall.ui.qt import QtCore, QtWidgets
from pitwall.ui.theme import Theme

FROM_ELSEWHERE = "(environment)"
"""Shown where no profile is in force: credentials come from variables, a container, an instance."""


class AddressForm(QtWidgets.QWidget):
    """The fields of an address.

    Signals:
        changed: another address was chosen or typed to its end (Return, Tab, a choice).
    """

    changed = QtCore.Signal()

    def __init__(self, theme: Theme, address: Address) -> None:
        super().__init__()
        self.setObjectName("page")
        self._configuration: Configuration | None = None
        self._told = address
        self.profile = Combo(theme, 180)
        self.region = Combo(theme, 170, editable=True)
        self.table = Combo(theme, 220, editable=True)
        self.endpoint = QtWidgets.QLineEdit()
        self.bucket = QtWidgets.QLineEdit()
        self.kinesis = QtWidgets.QLineEdit()
        self.more = button("Ad&vanced", "link", "Endpoint, archive bucket, Kinesis stream")
        self.more.setCheckable(True)
        self._lay_out(theme)
        self._fill(address)
        self.profile.activated.connect(self._profile_chosen)
        for box in (self.region, self.table):
            box.activated.connect(self._settled)
            edit = box.lineEdit()
            if edit is not None:
                edit.setPlaceholderText("as configured" if box is self.region else "choose or type")
                edit.setAccessibleName(box.accessibleName())
                edit.editingFinished.connect(self._settled)
        for line in (self.endpoint, self.bucket, self.kinesis):
            line.editingFinished.connect(self._settled)
        self.more.toggled.connect(self._advanced.setVisible)
        self.more.toggled.connect(self._say_more)
        self.more.setChecked(bool(address.endpoint or address.bucket or address.kinesis))
        self._advanced.setVisible(self.more.isChecked())
        self._say_more(self.more.isChecked())

    def _lay_out(self, theme: Theme) -> None:
        gap = theme.px(12)
        main = QtWidgets.QHBoxLayout()
        main.setSpacing(gap)
        for text, field, stretch, tip in (
            ("&Profile", self.profile, 3, "Of the AWS configuration on this machine"),
            ("&Region", self.region, 3, "Where the table is; the profile's unless chosen"),
            ("&Table", self.table, 4, "Listed where permitted; any name can be typed"),
        ):
            column, _ = labelled(text, field, tip=tip)
            main.addLayout(column, stretch)
        main.addWidget(self.more, 0, QtCore.Qt.AlignmentFlag.AlignBottom)
        self._advanced = QtWidgets.QWidget()
        self._advanced.setObjectName("page")
        rest = QtWidgets.QHBoxLayout(self._advanced)
        rest.setContentsMargins(0, theme.px(8), 0, 0)
        rest.setSpacing(gap)
        for text, line, hint, tip in (
            ("&Endpoint", self.endpoint, "AWS", "One address for every service: a stand-in"),
            ("Archive &bucket", self.bucket, "the stack's", "History comes from here first"),
            (
                "&Kinesis stream",
                self.kinesis,
                "the table's own stream",
                "Name or ARN of a stream that carries the table's changes",
            ),
        ):
            line.setPlaceholderText(hint)
            column, _ = labelled(text, line, tip=tip)
            rest.addLayout(column)
        page = QtWidgets.QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addLayout(main)
        page.addWidget(self._advanced)

    def set_theme(self, theme: Theme) -> None:
        """Other colours and sizes from now on."""
        for box in (self.profile, self.region, self.table):
            box.set_theme(theme)

    # -- values -------------------------------------------------------------------------

    @property
    def address(self) -> Address:
        """As the fields have it."""
        return Address(
            str(self.profile.currentData() or ""),
            self.region.currentText().strip(),
            self.endpoint.text().strip(),
            self.table.currentText().strip(),
            self.bucket.text().strip(),
            self.kinesis.text().strip(),
        )

    def _fill(self, address: Address) -> None:
        self.profile.addItem(address.profile or FROM_ELSEWHERE, address.profile)
        self.region.setEditText(address.region)
        self.table.setEditText(address.table)
        self.endpoint.setText(address.endpoint)
        self.bucket.setText(address.bucket)
        self.kinesis.setText(address.kinesis)

    def set_configuration(self, configuration: Configuration) -> None:
        """Offer profiles and regions; what is chosen stays, when it is there."""
        self._configuration = configuration
        wanted = self.address.profile
        self.profile.clear()
        known = [one.name for one in configuration.profiles]
        if not configuration.profile or not known:
            self.profile.addItem(FROM_ELSEWHERE, "")
        for name in known:
            self.profile.addItem(name, name)
        at = self.profile.findData(wanted or configuration.profile)
        self.profile.setCurrentIndex(max(at, 0))
        region = self.region.currentText()
        self.region.clear()
        self.region.addItems(list(configuration.regions))
        self.region.setEditText(region or self._usual_region())
        self._told = self.address

    def set_tables(self, tables: Sequence[str] | None, table: str) -> None:
        """Offer tables; ``table`` is taken when none was chosen."""
        given = self.table.currentText()
        if tables is not None and list(tables) != self._offered_tables():
            self.table.clear()
            self.table.addItems(list(tables))
        self.table.setEditText(given or table)
        self._told = replace(self._told, table=self.address.table)

    def _offered_tables(self) -> list[str]:
        return [self.table.itemText(i) for i in range(self.table.count())]

    def _usual_region(self) -> str:
        configuration = self._configuration
        if configuration is None:
            return ""
        chosen = self.profile.currentData()
        found = [one.region for one in configuration.profiles if one.name == chosen]
        return (found[0] if found else "") or configuration.region

    # -- changes ------------------------------------------------------------------------

    def _profile_chosen(self) -> None:
        self.region.setEditText(self._usual_region())
        self.table.setEditText("")
        self._settled()

    def _settled(self) -> None:
        address = self.address
        if address == self._told:
            return
        elsewhere = replace(address, table="") != replace(self._told, table="")
        if elsewhere and address.table == self._told.table:
            # Another account's or region's tables are not these; a name that was typed stays.
            typed = address.table not in self._offered_tables()
            self.table.clear()
            self.table.setEditText(address.table if typed else "")
        self._told = self.address
        self.changed.emit()

    def _say_more(self, shown: bool) -> None:
        self.more.setText("Ad&vanced ▾" if shown else "Ad&vanced ▸")
