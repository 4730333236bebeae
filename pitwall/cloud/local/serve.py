"""The stand-in as a process: arguments, one line when ready, an end with its parent's.

On stdout: while seeding, ``{"progress": 0.34, "what": "..."}`` lines; when ready, one line
``{"endpoint", "table", "bucket", "stream_arn", "pid"}``. Nothing else.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from pitwall.cloud.archiver import make_handler
from pitwall.cloud.local.access import read_keys
from pitwall.cloud.local.errors import AwsError
from pitwall.cloud.local.gateway import Gateway
from pitwall.cloud.local.server import Server
from pitwall.cloud.local.service import Service, StandInConfig
from pitwall.telemetry.errors import BadInput, Failure

TICK_S = 0.05
# A request must not wait five milliseconds for the thread that feeds the function.
SWITCH_S = 0.0005
_log = logging.getLogger(__name__)


class _Stopped(Exception):
    """The parent went away while history was being made."""


def serve(argv: Sequence[str] | None = None) -> int:
    """Serve until stdin closes or SIGTERM; returns the exit code.

    Raises:
        BadInput: an argument makes no sense.
        Failure: the port cannot be had.
    """
    args = _parser().parse_args(argv)
    config = _config(args)
    spec = _spec(args.seed_spec)
    logging.basicConfig(level=logging.WARNING, format="stand-in: %(message)s")
    sys.setswitchinterval(SWITCH_S)
    stopping = threading.Event()
    _stop_on_signals(stopping)
    if not args.stay:
        _stop_with_parent(stopping)
    service = Service(config)
    if args.access is not None:
        try:
            service.access.give(read_keys(args.access))
        except AwsError as error:
            raise BadInput(f"stand-in: {args.access}: {error.message}") from None
    service.attach(make_handler(service.firehose, config.delivery, report_failures=True))
    if spec is not None:
        try:
            _seed(service, spec, stopping)
        except _Stopped:
            return 0
    gateway = Gateway(service, stopping)
    try:
        server = Server(gateway, args.port, lambda: service.told_us() / 1e6)
    except OSError as error:
        raise Failure(
            f"stand-in: cannot listen on 127.0.0.1:{args.port} ({error.strerror}); "
            "give another --port, or 0 for a free one"
        ) from None
    server.start()
    workers = [
        _every(TICK_S, service.tick, "stand-in clockwork", stopping),
        _every(TICK_S, lambda: _feed(service, stopping), "stand-in function", stopping),
    ]
    _say(
        {
            "endpoint": f"http://127.0.0.1:{server.port}",
            "table": config.table,
            "bucket": config.bucket,
            "stream_arn": service.stream.arn,
            "pid": os.getpid(),
        }
    )
    stopping.wait()
    server.stop()
    for worker in workers:
        worker.join(2.0)
    return 0


def _feed(service: Service, stopping: threading.Event) -> None:
    while service.feed() and not stopping.is_set():
        pass


def _seed(service: Service, spec: dict[str, Any], stopping: threading.Event) -> None:
    from pitwall.cloud.local.seed import seed

    def progress(share: float, what: str) -> None:
        if stopping.is_set():
            raise _Stopped
        _say({"progress": round(share, 4), "what": what})

    # History is a great many objects that live on; collecting among them finds nothing.
    gc.disable()
    try:
        seed(service, spec, progress)
    finally:
        gc.freeze()
        gc.enable()


def _every(
    interval_s: float, work: Callable[[], None], name: str, stopping: threading.Event
) -> threading.Thread:
    def loop() -> None:
        while not stopping.wait(interval_s):
            try:
                work()
            except Exception:  # noqa: BLE001
                # A clock that stops for one bad turn would silently end rotation or delivery.
                _log.exception("%s failed", name)

    thread = threading.Thread(target=loop, name=name, daemon=True)
    thread.start()
    return thread


def _say(line: dict[str, Any]) -> None:
    # The descriptor, not sys.stdout: a windowed frozen build has no sys.stdout.
    data = (json.dumps(line) + "\n").encode()
    try:
        while data:
            data = data[os.write(1, data) :]
    except OSError:
        pass  # The parent closed its end; stdin's closing says what to do.


def _stop_on_signals(stopping: threading.Event) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    if threading.current_thread() is not threading.main_thread():
        return
    signal.signal(signal.SIGTERM, stop)
    # A Ctrl-C at the terminal reaches parent and child; the parent decides when this one ends.
    alone = sys.stdin is not None and sys.stdin.isatty()
    signal.signal(signal.SIGINT, stop if alone else signal.SIG_IGN)


def _stop_with_parent(stopping: threading.Event) -> None:
    def watch() -> None:
        try:
            while os.read(0, 4096):
                pass
        except OSError:
            pass
        stopping.set()

    threading.Thread(target=watch, name="stand-in parent watch", daemon=True).start()


def _parser() -> argparse.ArgumentParser:
    default = StandInConfig()
    parser = argparse.ArgumentParser(
        prog="pitwall stand-in",
        description="A local stand-in for DynamoDB, its streams, Firehose and S3 on 127.0.0.1.",
    )
    add = parser.add_argument
    add("--port", type=int, default=0, help="0 takes a free one")
    add("--table", default=default.table)
    add("--bucket", default=default.bucket)
    add("--delivery", default=default.delivery, help="name of the delivery stream")
    add("--prefix", default=default.prefix, help="key prefix of what the delivery stream writes")
    add("--region", default=default.region)
    add("--shards", type=int, default=default.shards)
    add("--rotate-every", type=float, default=default.rotate_every_s, metavar="SECONDS")
    add("--retention-s", type=float, default=default.retention_s, metavar="SECONDS")
    add("--firehose-interval-s", type=float, default=default.firehose_interval_s)
    add("--firehose-bytes", type=int, default=default.firehose_bytes)
    add("--latency-ms", type=float, default=default.latency_ms)
    add("--batch-size", type=int, default=default.batch_size, help="records of a function's batch")
    add("--window-s", type=float, default=default.window_s, help="wait for a batch to fill")
    add("--access", metavar="FILE", help="let in only these access keys: {key id: policy}, JSON")
    add("--seed-spec", metavar="JSON", help="history to make before serving")
    add("--stay", action="store_true", help="go on serving when stdin is closed")
    return parser


def _config(args: argparse.Namespace) -> StandInConfig:
    limits = {
        "port": (0, 65535), "shards": (1, 4096), "rotate_every": (0, 1e9), "retention_s": (1, 1e9),
        "firehose_interval_s": (0, 900), "firehose_bytes": (1024, 128 << 20),
        "latency_ms": (0, 60_000), "batch_size": (1, 10_000), "window_s": (0, 300),
    }  # fmt: skip
    for name, (low, high) in limits.items():
        value = getattr(args, name)
        if not low <= value <= high:
            flag = name.replace("_", "-")
            raise BadInput(f"stand-in: --{flag} must be {low:g} to {high:g}, not {value:g}")
    for name in ("table", "bucket", "delivery"):
        if not 3 <= len(getattr(args, name)) <= 63 or "/" in getattr(args, name):
            raise BadInput(f"stand-in: --{name} must have 3 to 63 characters and no slash")
    return StandInConfig(
        table=args.table,
        bucket=args.bucket,
        delivery=args.delivery,
        prefix=args.prefix,
        shards=args.shards,
        region=args.region,
        retention_s=args.retention_s,
        rotate_every_s=args.rotate_every,
        firehose_interval_s=args.firehose_interval_s,
        firehose_bytes=args.firehose_bytes,
        latency_ms=args.latency_ms,
        batch_size=args.batch_size,
        window_s=args.window_s,
    )


def _spec(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        spec = json.loads(text)
    except ValueError as error:
        raise BadInput(f"stand-in: --seed-spec is not JSON: {error}") from None
    if not isinstance(spec, dict):
        raise BadInput("stand-in: --seed-spec must be a JSON object")
    return spec
