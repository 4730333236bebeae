"""The self-test finds what works and names what does not."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from pitwall import selftest
from pitwall.telemetry import Failure
from pitwall.telemetry.resources import resource_path
from pitwall.ui.theme import THEMES


def test_every_check_passes_here(capsys: pytest.CaptureFixture[str]) -> None:
    code = selftest.run(json_out=True)
    report = json.loads(capsys.readouterr().out)
    assert [check for check in report["checks"] if not check["ok"]] == []
    assert code == 0
    assert report["ok"] is True
    assert report["frozen"] is False
    assert {check["name"] for check in report["checks"]} == set(selftest.CHECKS)
    found = {check["name"]: check["detail"] for check in report["checks"]}
    fonts = [*resource_path("fonts").glob("*.otf"), *resource_path("fonts").glob("*.ttf")]
    assert found["resources"] == f"{len(fonts)} fonts, {len(THEMES)} themes, 1 track"
    assert all(set(check) == {"name", "ok", "detail", "ms"} for check in report["checks"])


def broken() -> str:
    """A check that finds something broken."""
    raise Failure("the thing is not there")


def crashing() -> str:
    """A check whose part breaks in a way nobody thought of."""
    raise ZeroDivisionError


@pytest.mark.parametrize("fault", [broken, crashing])
def test_a_fault_is_reported_and_the_others_still_run(
    fault: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(selftest, "CHECKS", {"bad": fault, "good": lambda: "fine"})
    assert selftest.run(json_out=True) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False
    assert [check["ok"] for check in report["checks"]] == [False, True]


def test_text_has_a_line_for_each_check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(selftest, "CHECKS", {"bad": broken, "good": lambda: "fine"})
    assert selftest.run(json_out=False) == 1
    bad, good, summary = capsys.readouterr().out.splitlines()
    assert bad.startswith("fault bad")
    assert "the thing is not there" in bad
    assert good.startswith("ok    good")
    assert summary == "2 checks, 1 fault"
