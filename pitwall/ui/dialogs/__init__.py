"""Dialogs, always opened without a nested event loop."""

from pitwall.ui.dialogs.connect import ConnectDialog
from pitwall.ui.dialogs.desk import Desk
from pitwall.ui.dialogs.doctor import DoctorDialog
from pitwall.ui.dialogs.message import show_error
from pitwall.ui.dialogs.open_file import choose_recording
from pitwall.ui.dialogs.services import Cloud, Patient

__all__ = [
    "Cloud",
    "ConnectDialog",
    "Desk",
    "DoctorDialog",
    "Patient",
    "choose_recording",
    "show_error",
]
