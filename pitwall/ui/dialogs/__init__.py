"""Dialogs, always opened without a nested event loop."""

from pitwall.ui.dialogs.message import show_error

__all__ = ["show_error"]
