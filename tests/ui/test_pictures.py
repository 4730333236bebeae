"""What a window shows is what the session says, word by word as painted; and the judge of pictures
sees it when it is not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from PySide6 import QtCore, QtGui, QtWidgets

from pitwall.moment import take
from pitwall.ui.main_window import MainWindow
from pitwall.ui.roles import Role
from pitwall.ui.theme import load_theme, scale_for
from tests.pictures.compare import judge
from tests.pictures.painted import words_of
from tests.pictures.tables import figure, spots, table
from tests.pictures.walk import by_pane
from tests.ui.session import Wall

Open = Callable[..., MainWindow]


@pytest.fixture
def doc(finished: Wall, open_window: Open) -> dict[str, Any]:
    """A picture's document, of the engineer's workspace."""
    return document(finished, open_window(finished, (1920, 1080)))


def document(wall: Wall, window: MainWindow) -> dict[str, Any]:
    _, moment = take(window, wall.inputs())
    return {"moment": moment, "panes": by_pane(window, words_of(window))}


def test_what_is_shown_is_what_the_session_says(doc: dict[str, Any]) -> None:
    judged = judge(doc)
    assert [str(fault) for fault in judged.faults] == []
    assert judged.checked > 60
    assert doc["moment"]["still"]


@pytest.mark.parametrize("role", [Role.DRIVER, Role.STRATEGY, Role.DEBRIEF])
def test_so_it_is_in_the_other_workspaces(
    finished: Wall, open_window: Open, role: Role, settle: Callable[[], None]
) -> None:
    window = open_window(finished, (1920, 1080))
    window.bench.show_role(role)
    settle()
    judged = judge(document(finished, window))
    assert [str(fault) for fault in judged.faults] == []
    assert judged.checked > 10


def word(doc: dict[str, Any], pane: str, like: Callable[[str], bool]) -> dict[str, Any]:
    """A painted word, to be tampered with."""
    return next(w for w in doc["panes"][pane] if like(w["text"]))


@pytest.mark.parametrize(
    ("pane", "like", "instead"),
    [
        ("timing", lambda t: t.startswith("1:2"), "1:11.111"),
        ("timing", lambda t: t.startswith("+"), "+9.999"),
        ("laps", lambda t: t.startswith("1:2"), "1:22.222"),
        ("values", lambda t: t.replace(".", "").isdigit() and "." in t, "999.9"),
        ("traces", lambda t: t.startswith("predicted"), "predicted 1:00.000"),
        ("header", lambda t: "chunks" in t, "✓ 1 of 1 chunks"),
        ("strip", lambda t: t.startswith("missing"), "missing 99"),
        ("map", str.isdigit, "99"),
    ],
)
def test_a_wrong_figure_is_found(
    doc: dict[str, Any], pane: str, like: Callable[[str], bool], instead: str
) -> None:
    wrong = copy.deepcopy(doc)
    word(wrong, pane, like)["text"] = instead
    assert [fault.pane for fault in judge(wrong).faults] == [pane]


def test_a_car_that_is_not_shown_is_missed(doc: dict[str, Any]) -> None:
    wrong = copy.deepcopy(doc)
    wrong["moment"]["order"].append({**wrong["moment"]["order"][0], "car": "99"})
    assert any("car 99" in fault.text for fault in judge(wrong).faults)


def test_text_over_text_and_cut_text_are_found(doc: dict[str, Any]) -> None:
    wrong = copy.deepcopy(doc)
    words = wrong["panes"]["header"]
    words[1]["rect"] = words[0]["rect"]
    words[2]["cut"] = 5.0
    found = [fault.text for fault in judge(wrong).faults if fault.pane == "header"]
    assert any("lies over" in text for text in found)
    assert any("is cut" in text for text in found)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("size", [(1366, 768), (3840, 2160)])
def test_nothing_is_cut_or_written_over_another(
    finished: Wall,
    open_window: Open,
    role: Role,
    size: tuple[int, int],
    settle: Callable[[], None],
) -> None:
    window = open_window(finished, (3840, 2160))  # and made smaller: what was large must not stay
    window.bench.show_role(role)
    window.resize(*size)
    window.set_theme(load_theme("sunlight", scale_for(*size)))
    settle()
    faults = judge(document(finished, window)).faults
    cut = [str(one) for one in faults if "is cut" in one.text or "lies over" in one.text]
    assert cut == []


def test_the_least_size_of_a_pane_follows_the_scale(finished: Wall, open_window: Open) -> None:
    window = open_window(finished, (3840, 2160))
    window.bench.show_role(Role.DEBRIEF)
    pane = window.bench.pane("histogram")
    assert pane is not None
    large = pane.minimumHeight()
    window.set_theme(load_theme("dark", 0.85))
    assert pane.minimumHeight() == pytest.approx(large * 0.85 / 2.0, abs=2)


class Cut(QtWidgets.QWidget):
    """Writes where there is no room."""

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: ARG002, N802
        painter = QtGui.QPainter(self)
        box = QtCore.QRect(10, 10, 200, 4)
        painter.drawText(box, QtCore.Qt.AlignmentFlag.AlignCenter, "a line in half a line")
        painter.drawText(10, 60, "a line")
        painter.drawText(self.width() - 20, 60, "out at the side")
        painter.end()


def test_the_painted_words_know_that_they_are_cut(finished: Wall, open_window: Open) -> None:
    window = open_window(finished)
    cut = Cut(window)
    cut.setGeometry(300, 300, 300, 80)
    cut.show()
    words = {one.text: one for one in words_of(window)}
    assert words["a line in half a line"].cut > 1
    assert words["a line"].cut == 0
    assert words["a line"].rect[0] == pytest.approx(310, abs=1)
    assert words["out at the side"].cut > 20


def test_figures_are_read_as_they_are_written() -> None:
    def read(text: str) -> tuple[float, float] | None:
        found = figure(text)
        return (found.value, found.half) if found is not None else None

    assert read("1:26.845") == (pytest.approx(86.845), pytest.approx(0.0005))
    assert read("00:41:02") == (pytest.approx(2462), pytest.approx(0.5))
    assert read("\u22120.14") == (pytest.approx(-0.14), pytest.approx(0.005))
    assert read("124\u2009803") == (pytest.approx(124803), pytest.approx(0.5))
    assert read("PIT") is None


def test_a_table_is_read_by_its_headings() -> None:
    def at(text: str, left: float, right: float, top: float) -> dict[str, Any]:
        return {"text": text, "rect": [left, top, right, top + 12]}

    words = [
        at("P", 0, 6, 0), at("Car", 20, 40, 0), at("Δ", 90, 100, 0), at("Δ", 130, 140, 0),
        at("1", 0, 6, 20), at("88", 20, 33, 20), at("+0.1", 70, 100, 21), at("+0.2", 110, 140, 20),
        at("km/h", 150, 170, 20),
    ]  # fmt: skip
    (row,) = table(spots(words), "P", "Car")
    assert {name: spot.text for name, spot in row.items()} == {
        "P": "1", "Car": "88", "Δ": "+0.1", "Δ2": "+0.2", "": "km/h",
    }  # fmt: skip
