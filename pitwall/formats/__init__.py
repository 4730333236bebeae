"""File formats: one module each, registered in one table, imported into a recording."""

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

__all__ = [
    "CARS_META",
    "FILES_META",
    "FORMATS",
    "NOTES_META",
    "Block",
    "Format",
    "ImportReport",
    "OnProgress",
    "Progress",
    "Source",
    "Survey",
    "Wanted",
    "detect",
    "import_files",
]
