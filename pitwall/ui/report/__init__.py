"""The stint on paper: pages drawn once, written as PDF and as HTML."""

from pitwall.ui.report.content import Stint, stint_of
from pitwall.ui.report.desk import ReportDesk
from pitwall.ui.report.html import to_html
from pitwall.ui.report.pages import pages_of
from pitwall.ui.report.pdf import write_pdf

__all__ = ["ReportDesk", "Stint", "pages_of", "stint_of", "to_html", "write_pdf"]
