"""The soak through the window, in short: it runs, its books close, and it tells growth apart."""

from __future__ import annotations

from dataclasses import replace

from tests.soak.window import Look, judge, soak

LOOK = Look(0.0, 0, 20.0, 15.0, 40.0, 400.0, 100.0, 0.0, 4, 7, 13, 25_000, 0)


def looks(**ends: float) -> list[Look]:
    """A race's worth, in which some figures go from what they are in LOOK to another."""
    found = []
    for i in range(24):
        grown = {
            name: type(getattr(LOOK, name))(
                getattr(LOOK, name) + (end - getattr(LOOK, name)) * i / 23
            )
            for name, end in ends.items()
        }
        found.append(replace(LOOK, race_s=300.0 * i, frames=80 * i, **grown))
    return found


def test_what_stays_alike_is_no_fault_and_data_may_grow() -> None:
    assert judge(looks()) == []
    assert judge(looks(memory_mb=900.0, data_mb=600.0)) == []


def test_what_grows_is_named() -> None:
    assert "frames grew" in judge(looks(frame_cpu_ms=90.0))[0]
    assert "memory beside the data grew" in judge(looks(memory_mb=900.0))[0]
    assert "timers grew" in judge(looks(timers=60))[0]
    assert "threads grew" in judge(looks(threads=30))[0]
    assert "files grew" in judge(looks(files=99))[0]
    assert "None lost" in judge(looks(none_refs=100))[0]
    assert judge(looks()[:3]) == ["too short to tell"]


def test_a_short_race_goes_through_the_window() -> None:
    told: list[Look] = []
    document = soak(0.1, 3, 20.0, 256, told.append)
    assert document["chunks"] > 1000
    assert document["frames"] > 0
    assert len(told) > 2
    assert not [fault for fault in document["faults"] if "books" in fault or "Error" in fault]
