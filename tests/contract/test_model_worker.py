"""The model's worker: what happens when its process dies, hangs, or its work fails."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from pitwall.model_worker import ModelWorker
from pitwall.telemetry import BadInput, Failure

SHORT_S = 3.0


def halve(number: int) -> int:
    if number % 2:
        raise BadInput(f"{number} is odd")
    return number // 2


def divide(number: int) -> float:
    return 1.0 / number


def pid(_: int) -> int:
    return os.getpid()


def die_once(marker: str) -> str:
    path = Path(marker)
    if not path.exists():
        path.write_text("", encoding="utf-8")
        os._exit(3)
    return "done"


def die(_: int) -> int:
    os._exit(3)


def hang(marker: str) -> int:
    with Path(marker).open("a", encoding="utf-8") as file:
        file.write(f"{os.getpid()}\n")
    while True:
        time.sleep(60.0)


def gone(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    except OSError:
        return True
    return state[0] == "Z"


def test_answers_and_what_the_work_refuses_goes_through():
    worker = ModelWorker(halve)
    assert worker.run(8) == 4
    with pytest.raises(BadInput, match="3 is odd"):
        worker.run(3)
    assert worker.run(2) == 1
    worker.stop()


def test_one_process_serves_many_jobs_and_gives_way():
    worker = ModelWorker(pid)
    assert worker.run(0) == worker.run(1) != os.getpid()
    worker.stop()


def test_a_mistake_in_the_work_is_one_line_and_the_worker_lives():
    worker = ModelWorker(divide)
    with pytest.raises(Failure, match="ZeroDivisionError.*next lap asks again"):
        worker.run(0)
    assert worker.run(2) == 0.5
    worker.stop()


def test_a_process_that_dies_is_replaced_and_the_job_done(tmp_path):
    worker = ModelWorker(die_once)
    assert worker.run(str(tmp_path / "died")) == "done"
    worker.stop()


def test_a_job_that_kills_two_is_given_up():
    worker = ModelWorker(die)
    with pytest.raises(Failure, match="its process died"):
        worker.run(0)
    worker.stop()


def test_a_job_that_hangs_is_given_up_and_no_process_is_left(tmp_path):
    marker = tmp_path / "pids"
    worker = ModelWorker(hang, SHORT_S)
    with pytest.raises(Failure, match="did not answer within 3 s"):
        worker.run(str(marker))
    started = marker.read_text(encoding="utf-8").split() if marker.exists() else []
    tick = threading.Event()
    for _ in range(400):
        if all(gone(int(process)) for process in started):
            break
        tick.wait(0.05)
    assert all(gone(int(process)) for process in started)
    worker.stop()


def test_an_end_in_the_middle_of_a_job_frees_who_waits(tmp_path):
    marker = tmp_path / "pids"
    worker = ModelWorker(hang)
    found: list[BaseException] = []

    def ask() -> None:
        try:
            worker.run(str(marker))
        except Failure as error:
            found.append(error)

    asking = threading.Thread(target=ask, name="asks")
    asking.start()
    tick = threading.Event()
    for _ in range(600):
        if marker.exists():
            break
        tick.wait(0.05)
    worker.stop()
    asking.join(60.0)
    assert not asking.is_alive()
    assert "ended" in str(found[0])
    with pytest.raises(Failure, match="ended"):
        worker.run("again")
