"""The source's health in full, beside the traces: sums above, every shard below."""

from __future__ import annotations

from pitwall.runtime import READS_PER_SHARD_S, HealthDetail, ShardHealth, State
from pitwall.telemetry.clock import SECOND_US
from pitwall.ui.panes.rows import Cell, Column, Row, RowsPane
from pitwall.ui.qt import QtGui, QtWidgets
from pitwall.ui.splitter import GAP
from pitwall.ui.theme import Theme
from pitwall.ui.words import DASH, age, signed

COMPACT = 23
OLD_US = 5 * SECOND_US
FAILING = 3
_FAULTS = frozenset({"failing", "in doubt", "lost", "stalled"})
_NAME = 8
"""Characters of a shard's name that tell it from others."""
_FACTS = (
    Column("", "Busiest shard", right=False, mono=False),
    Column("", "behind 000.0 s", right=False),
    Column("", "Last write to disk", right=False, mono=False),
    Column("", "+00.00 s of server", right=False),
)
_SHARDS = (
    Column("Shard", "0" * _NAME, right=False),
    Column("State", "draining", right=False, mono=False),
    Column("Answer", "000.0 s"),
    Column("Lag", "000.0 s"),
    Column("Record", "000.0 s"),
    Column("Saved", "000.0 s"),
    Column("Reads/s", "0.0"),
    Column("Reads", "000 000", optional=2),
    Column("Records", "0 000 000", optional=3),
    Column("Refused", "0 000", optional=1),
    Column("Retries", "0 000", optional=1),
    Column("Gaps", "00"),
)


class FactsPane(RowsPane):
    """Two columns of names and figures under the title."""

    def __init__(self, theme: Theme, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(theme, "Health", _FACTS, row_height=COMPACT, parent=parent)

    @property
    def first_y(self) -> int:
        """Facts have no column headings."""
        return self.top

    def _paint_heading(self, painter: QtGui.QPainter) -> None:
        return None

    def show_facts(self, detail: HealthDetail) -> None:
        """Show other figures."""
        self.set_titles("Health", detail.health.source)
        self.set_rows([_row(i, pair) for i, pair in enumerate(_facts(detail))])
        self.setFixedHeight(self.first_y + len(self.rows) * self.row_height + self.theme.px(8))


class ShardsPane(RowsPane):
    """A row for each shard; those that need a look first, and one for all that are finished.

    Only rows in view have their cells: there may be hundreds, and all of them change every second.
    """

    def __init__(self, theme: Theme, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(theme, "Shards", _SHARDS, row_height=COMPACT, parent=parent)
        self._known: tuple[ShardHealth, ...] = ()
        self._over = 0
        """Finished ones that are one row; 0 when they have rows of their own."""

    def show_shards(self, detail: HealthDetail) -> None:
        """Show other figures."""
        health = detail.health
        remark = f"{health.shards_open} read of {health.shards_total} seen"
        self.set_titles("Shards", f"{remark} · {health.rotations} rotations")
        # A day's closed shards would hide those that are read.
        over = [s for s in detail.shards if s.state == "finished" and not (s.gaps or s.stalled)]
        self._over = len(over) if len(over) > 1 else 0
        done = {s.id for s in over} if self._over else frozenset()
        self._known = tuple(s for s in detail.shards if s.id not in done)
        self._fill()

    def _fill(self) -> None:
        scroll = -1
        while scroll != self._scroll:  # fewer rows than before may move what is in view
            scroll = self._scroll
            shown = range(scroll, scroll + self.visible_rows)
            rows = [
                _shard_row(shard) if i in shown else Row(shard.id, ())
                for i, shard in enumerate(self._known)
            ]
            self.set_rows([*rows, _over_row(self._over)] if self._over else rows)

    def _scroll_by(self, rows: int) -> None:
        super()._scroll_by(rows)
        self._fill()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: D102, N802
        super().resizeEvent(event)
        self._fill()


class HealthPane(QtWidgets.QWidget):
    """Both, one over the other.

    Attributes:
        facts, shards: the two tables.
    """

    def __init__(self, theme: Theme, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.facts = FactsPane(theme)
        self.shards = ShardsPane(theme)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self.facts)
        column.addWidget(self.shards, 1)
        self.setAccessibleName("Health")
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Paint with another theme or scale from now on."""
        self.facts.set_theme(theme)
        self.shards.set_theme(theme)

    def needed_width(self) -> int:
        """Width at which no column is dropped."""
        return max(self.facts.needed_width(), self.shards.needed_width())

    def show_detail(self, detail: HealthDetail) -> None:
        """Show other figures; rows that are as before are not painted."""
        self.facts.show_facts(detail)
        self.shards.show_shards(detail)


Fact = tuple[str, Cell]


def _facts(detail: HealthDetail) -> list[tuple[Fact, Fact]]:
    """Line by line, what stands at the left and at the right."""
    health, ledger = detail.health, detail.ledger
    state, offset = health.state, health.clock_offset_us
    lines = [
        ("State", Cell(state.word, _role(state), bold=True)),
        ("Age of the picture", _age(detail.lag_us)),
        ("Clock", _clock(offset)),
        ("Newest head read", _age(health.age_us, whole=True)),
        ("Reads", _rate(detail.reads_per_s)),
        ("Busiest shard", _rate(detail.busiest_per_s, f" of {READS_PER_SHARD_S:.0f}")),
        ("Queue", Cell(f"{_count(detail.queue)} batches", "attention" if detail.held else "text")),
        ("Last write to disk", _age(detail.commit_age_us)),
        ("Refused", _number(detail.throttles)),
        ("Retries", _number(detail.retries)),
        ("Gaps", _number(detail.gaps)),
        ("Failing shards", _number(detail.failing)),
        ("Missing", _missing(ledger.missing, known=state.current)),
        ("Repaired", _number(ledger.repaired)),
        ("Given up", _number(detail.named)),
        ("Quarantined", _number(ledger.quarantined)),
    ]
    return list(zip(lines[0::2], lines[1::2], strict=True))


def _role(state: State) -> str:
    if state is State.LIVE:
        return "live"
    if state in (State.OFFLINE, State.FAULT):
        return "fault"
    return "attention" if state.grave else "text"


def _clock(offset_us: int | None) -> Cell:
    if offset_us is None:
        return Cell(DASH, "faint")
    role = "attention" if abs(offset_us) > OLD_US else "text"
    return Cell(f"{signed(offset_us / SECOND_US, 2)} s", role)


def _rate(per_s: float | None, limit: str = "") -> Cell:
    return Cell(DASH, "faint") if per_s is None else Cell(f"{per_s:.1f}{limit} /s")


def _missing(chunks: int, *, known: bool) -> Cell:
    """While newer data is not known of, what is missing is at least what is known to be."""
    return _number(chunks) if known else Cell(f"{_count(chunks)} known", "attention")


def _row(index: int, pair: tuple[Fact, Fact]) -> Row:
    (left, one), (right, other) = pair
    return Row(index, (Cell(left, "dim"), one, Cell(right, "dim"), other))


def _shard_row(shard: ShardHealth) -> Row:
    failing = shard.read and shard.failures >= FAILING
    lost = shard.state == "gap"
    quiet = "text" if shard.read else "faint"
    doubt = shard.read and shard.doubt_us > 0
    state = "failing" if failing else "in doubt" if doubt else "lost" if lost else shard.state
    state = "stalled" if shard.stalled and not failing else state
    rate = DASH if shard.reads_per_s is None else f"{shard.reads_per_s:.1f}"
    cells = (
        Cell(shard.id[-_NAME:], quiet),
        Cell(state, "fault" if state in _FAULTS else "dim" if shard.read else "faint"),
        _age(shard.answer_age_us if shard.read else None),
        _age(shard.lag_us if shard.read else None),
        _age(shard.record_age_us, quiet),
        _age(shard.checkpoint_age_us, quiet),
        Cell(rate, quiet),
        Cell(_count(shard.polls), quiet),
        Cell(_count(shard.records), quiet),
        _number(shard.throttles, quiet),
        _number(shard.retries, quiet),
        _number(shard.gaps, quiet),
    )
    return Row(shard.id, cells, tip=shard.id)


def _over_row(shards: int) -> Row:
    """All that are finished, had no loss and want no look."""
    blank = Cell("", "faint")
    cells = (Cell(_count(shards), "faint"), Cell("finished", "faint"))
    return Row("finished", cells + (blank,) * (len(_SHARDS) - len(cells)))


def _age(us: int | None, role: str = "text", *, whole: bool = False) -> Cell:
    return Cell(DASH, "faint") if us is None else Cell(age(us, whole=whole), role)


def _count(n: int) -> str:
    """Of one width for each digit: the mono face has no thin space."""
    return f"{n:,}".replace(",", "\u00a0")


def _number(n: int, role: str = "text") -> Cell:
    return Cell(_count(n), role if n else "faint")
