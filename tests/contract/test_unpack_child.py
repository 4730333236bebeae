"""Unpacking in processes: the same as on the thread that asks, whatever becomes of the process."""

from __future__ import annotations

import gc
import io
import logging
import os
import signal
from collections.abc import Iterator

import msgspec
import numpy as np
import pytest

from pitwall.telemetry import decode_many
from pitwall.turbo import children as module
from pitwall.turbo.children import receive, send
from pitwall.turbo.unpack_child import UnpackChildren, _answers, _Job, serve
from tests.unit.store.helpers import CATALOG, DRIVER, TYRE, one, run

FLOAT32 = np.dtype(np.float32)
PAYLOADS = [
    run(range(1, 41)).payload,
    b"garbage",
    one(41).payload,
    one(42).payload[:-3],
    run(range(43, 60)).payload,
]


@pytest.fixture
def children(memory_or_pipe: None) -> Iterator[UnpackChildren]:
    made = UnpackChildren(2)
    yield made
    made.close()


def assert_same(children: UnpackChildren, payloads: list[bytes], dtype: np.dtype) -> None:
    counts, samples, bad = children.decode_many(payloads, DRIVER, CATALOG.version, dtype)
    right, plain, faults = decode_many(payloads, DRIVER, CATALOG.version, dtype)
    assert counts.tolist() == right.tolist()
    assert samples.t.tobytes() == plain.t.tobytes()
    assert samples.values.dtype == dtype
    assert samples.values.shape == plain.values.shape
    assert samples.values.tobytes() == plain.values.tobytes()
    assert {i: str(e) for i, e in bad.items()} == {i: str(e) for i, e in faults.items()}


def test_the_same_as_here(children: UnpackChildren) -> None:
    for dtype in (FLOAT32, np.dtype(np.float64)):
        assert_same(children, PAYLOADS, dtype)
    assert_same(children, [], FLOAT32)
    assert_same(children, [b""], FLOAT32)
    assert not children.failed
    counts, samples, bad = children.decode_many([], TYRE, CATALOG.version, FLOAT32)
    assert (len(counts), samples.values.shape, bad) == (0, (1, 0), {})


def test_samples_stay_when_the_process_is_gone(children: UnpackChildren) -> None:
    _, samples, _ = children.decode_many(PAYLOADS, DRIVER, CATALOG.version, FLOAT32)
    children.close()
    gc.collect()
    _, plain, _ = decode_many(PAYLOADS, DRIVER, CATALOG.version, FLOAT32)
    assert samples.values.tobytes() == plain.values.tobytes()
    with pytest.raises(ValueError, match="read-only"):
        samples.values[0, 0] = 1.0


def test_no_handles_are_left_over(children: UnpackChildren) -> None:
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("handles cannot be counted here")
    kept = [children.decode_many(PAYLOADS, DRIVER, CATALOG.version, FLOAT32)]
    before = len(os.listdir("/proc/self/fd"))
    kept += [children.decode_many(PAYLOADS, DRIVER, CATALOG.version, FLOAT32) for _ in range(20)]
    assert len(os.listdir("/proc/self/fd")) == before
    assert len(kept) == 21


def test_one_that_dies_is_done_without(
    children: UnpackChildren, caplog: pytest.LogCaptureFixture
) -> None:
    children.start()
    for child in children._children._all:
        os.kill(child._process.pid, signal.SIGKILL)
        child._process.wait(20)
    with caplog.at_level(logging.WARNING):
        assert_same(children, PAYLOADS, FLOAT32)
        assert_same(children, PAYLOADS, FLOAT32)
    assert [r.message.rpartition(": ")[2] for r in caplog.records] == [
        "unpacking goes on in this process, slower"
    ]


def test_where_none_can_be_started(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module.sys, "executable", "/nowhere/python")
    made = UnpackChildren(1)
    with caplog.at_level(logging.WARNING):
        made.start()
        assert_same(made, PAYLOADS, FLOAT32)
    made.close()
    assert "could not be started" in caplog.text


def test_a_child_ends_with_its_input() -> None:
    sink = io.BytesIO()
    serve(io.BytesIO(), sink)
    assert sink.getvalue() == b""


def test_answers_hold_the_values_where_memory_cannot_be_given() -> None:
    source, sink = io.BytesIO(), io.BytesIO()
    job = _Job(DRIVER, CATALOG.version, "<f4", PAYLOADS[:1])
    send(source, msgspec.msgpack.encode(job))
    source.seek(0)
    serve(source, sink)
    sink.seek(0)
    message = receive(sink)
    assert message is not None
    answer = _answers.decode(message)
    assert answer.data is not None
    assert [len(part) for part in answer.data] == [200 * 8, 2 * 200 * 4]
    assert receive(sink) is None
