"""Asking for a name."""

from __future__ import annotations

from collections.abc import Callable

from pitwall.ui.dialogs.style import button, dress, heading
from pitwall.ui.qt import QtCore, QtWidgets
from pitwall.ui.theme import Theme


def ask_name(
    parent: QtWidgets.QWidget,
    theme: Theme,
    title: str,
    name: str,
    most: int,
    chosen: Callable[[str], object],
) -> QtWidgets.QDialog:
    """Ask over ``parent`` and return at once; ``chosen`` is called with what was typed, never
    with nothing. ``most``: characters."""
    box = QtWidgets.QDialog(parent)
    box.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle(f"{title} — Pitwall")
    box.setAccessibleName(title)
    field = QtWidgets.QLineEdit(name)
    field.setMaxLength(most)
    field.setAccessibleName("Name")
    field.selectAll()
    save = button("Save", "main", "Return")
    save.setDefault(True)
    cancel = button("Cancel", tip="Esc")
    row = QtWidgets.QHBoxLayout()
    row.addStretch(1)
    row.addWidget(cancel)
    row.addWidget(save)
    column = QtWidgets.QVBoxLayout(box)
    column.setContentsMargins(theme.px(20), theme.px(16), theme.px(20), theme.px(16))
    column.setSpacing(theme.px(12))
    column.addWidget(heading(title))
    column.addWidget(field)
    column.addLayout(row)
    dress(box, theme)
    box.resize(theme.px(420), box.sizeHint().height())

    def said(text: str) -> None:
        save.setEnabled(bool(text.strip()))

    def take() -> None:
        text = field.text().strip()
        if text:
            box.close()
            chosen(text)

    field.textChanged.connect(said)
    save.clicked.connect(take)
    cancel.clicked.connect(box.close)
    said(name)
    box.open()
    field.setFocus()
    return box
