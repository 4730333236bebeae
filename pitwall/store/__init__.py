"""The recording, the ledger and the columns: one writer in, many readers out."""

from pitwall.store.alarm_log import Arrival, Logged, PutAlarm
from pitwall.store.alarm_rules import MOST_RULES, Kind, Rule, usual_rule
from pitwall.store.alarms import Alarm, AlarmBoard, AlarmEngine
from pitwall.store.batch import Applied, Batch, Conflict, Fresh, Gap, Quarantined, Source
from pitwall.store.between import Between
from pitwall.store.block import Block
from pitwall.store.columns import Columns, Span, Window
from pitwall.store.computed import MARK, Computed, is_computed
from pitwall.store.edits import Edit
from pitwall.store.holes import Hole, named_parts, runs_of
from pitwall.store.identity import MAX_SPAN_US, Unpack, open_segments, segment_fault
from pitwall.store.ledger import Ledger, SeriesLedger
from pitwall.store.load import load, open_session
from pitwall.store.notes import DropNote, Note, PutNote
from pitwall.store.pager import Pager, PagerStats, budget_bytes
from pitwall.store.recording import Recording
from pitwall.store.runs import Runs
from pitwall.store.session_store import SessionStore, View
from pitwall.store.thin import Thin
from pitwall.store.writer import Writer, WriterStats

__all__ = [
    "Alarm",
    "AlarmBoard",
    "AlarmEngine",
    "MARK",
    "MOST_RULES",
    "Computed",
    "is_computed",
    "Kind",
    "Rule",
    "usual_rule",
    "Applied",
    "Arrival",
    "Batch",
    "Between",
    "Block",
    "Columns",
    "Conflict",
    "DropNote",
    "Edit",
    "Fresh",
    "Gap",
    "Hole",
    "MAX_SPAN_US",
    "Ledger",
    "Logged",
    "Note",
    "PutAlarm",
    "PutNote",
    "Pager",
    "PagerStats",
    "Quarantined",
    "Recording",
    "Runs",
    "SeriesLedger",
    "SessionStore",
    "Source",
    "Span",
    "Thin",
    "View",
    "budget_bytes",
    "Window",
    "Writer",
    "WriterStats",
    "load",
    "named_parts",
    "Unpack",
    "open_segments",
    "segment_fault",
    "open_session",
    "runs_of",
]
