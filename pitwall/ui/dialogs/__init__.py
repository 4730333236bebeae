"""Dialogs, always opened without a nested event loop.

Those of the cloud are imported when they are opened: the start window shows without them.
"""

from pitwall.ui.dialogs.desk import Desk
from pitwall.ui.dialogs.message import show_error
from pitwall.ui.dialogs.open_file import choose_recording
from pitwall.ui.dialogs.services import Cloud, Patient

__all__ = [
    "Cloud",
    "Desk",
    "Patient",
    "choose_recording",
    "show_error",
]
