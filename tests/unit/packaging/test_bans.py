"""Calls that the package must not contain, found in its syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "pitwall"
MODULES = sorted(PACKAGE.rglob("*.py"))

MAY_PRINT = {"cli.py"}
MAY_RUN_THE_EVENT_LOOP = {"desktop.py"}
MAY_DRAG = {"ui/panes/browser.py"}
"""Qt's drag and drop between widgets has no other way in; events go on meanwhile."""
UNSAFE_MODULES = {"pickle", "shelve", "marshal", "dill", "cloudpickle"}


def faults(source: str, module: str) -> Iterator[str]:
    """Every banned thing in one module's source, as `line: what and why`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name in imported(node):
                if name.split(".")[0] in UNSAFE_MODULES:
                    yield f"{node.lineno}: {name} executes what it reads"
        elif isinstance(node, ast.Attribute) and node.attr == "processEvents":
            yield f"{node.lineno}: processEvents re-enters the program from inside a slot"
        elif isinstance(node, ast.Call):
            fault = banned_call(node, module)
            if fault:
                yield f"{node.lineno}: {fault}"


def imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """The modules that an import statement names."""
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names]


def banned_call(call: ast.Call, module: str) -> str | None:
    """Why this call is banned in this module, or None."""
    if isinstance(call.func, ast.Name):
        if call.func.id in ("eval", "exec"):
            return f"{call.func.id} executes data"
        if call.func.id == "print" and module not in MAY_PRINT:
            return "print belongs to the command line; log, or return the text"
        return None
    if not isinstance(call.func, ast.Attribute):
        return None
    first_is_zero = (
        bool(call.args) and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0
    )
    name = call.func.attr
    if name == "exec" and module in MAY_DRAG and ast.unparse(call.func.value) == "drag":
        return None
    if name in ("exec", "exec_") and (module not in MAY_RUN_THE_EVENT_LOOP or call.args):
        return "exec nests an event loop; use open() and the finished signal"
    if name in ("singleShot", "setInterval", "start") and first_is_zero:
        return f"{name}(0) keeps a core busy and starves painting"
    return None


def test_the_package_has_modules() -> None:
    assert len(MODULES) > 20


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_module_keeps_the_bans(path: Path) -> None:
    module = path.relative_to(PACKAGE).as_posix()
    assert list(faults(path.read_text(encoding="utf-8"), module)) == []


@pytest.mark.parametrize(
    "bad",
    [
        "QApplication.processEvents()",
        "spin = app.processEvents",
        "dialog.exec()",
        "menu.exec_(position)",
        "QTimer.singleShot(0, later)",
        "timer.setInterval(0)",
        "timer.start(0)",
        "print('hello')",
        "import pickle",
        "from pickle import loads",
        "import shelve as s",
        "eval('1')",
        "exec('x = 1')",
    ],
)
def test_each_ban_is_seen(bad: str) -> None:
    assert len(list(faults(bad, "ui/panes/some.py"))) == 1


@pytest.mark.parametrize(
    ("good", "module"),
    [
        ("app.exec()", "desktop.py"),
        ("drag.exec(CopyAction)", "ui/panes/browser.py"),
        ("print('laps')", "cli.py"),
        ("timer.start(16)", "runtime/frame_pump.py"),
        ("timer.start()", "runtime/frame_pump.py"),
        ("db.execute('SELECT 1')", "store/recording.py"),
        ("'call processEvents() never'", "ui/panes/some.py"),
    ],
)
def test_what_is_allowed_passes(good: str, module: str) -> None:
    assert list(faults(good, module)) == []
