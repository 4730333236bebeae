"""File formats: one module each, registered in one table, imported into a recording."""

from pitwall.formats.export import EXPORTS, ExportReport, export
from pitwall.formats.importer import (
    CARS_META,
    FILES_META,
    NOTES_META,
    ImportReport,
    OnProgress,
    Progress,
    import_files,
)
from pitwall.formats.registry import FORMATS, Format, detect
from pitwall.formats.source import Block, Source, Survey, Wanted
from pitwall.formats.table import LapRow

__all__ = [
    "CARS_META",
    "EXPORTS",
    "FILES_META",
    "FORMATS",
    "NOTES_META",
    "Block",
    "ExportReport",
    "Format",
    "ImportReport",
    "LapRow",
    "OnProgress",
    "Progress",
    "Source",
    "Survey",
    "Wanted",
    "detect",
    "export",
    "import_files",
]
