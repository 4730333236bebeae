"""The command line: one verb, one job; errors are one line on stderr.

Exit codes: 0 done, 1 a failure (network, disk, permission), 2 bad input.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from pitwall import __version__
from pitwall.cloud_cli import add_cloud
from pitwall.crash import one_line, report_logged_errors
from pitwall.model_cli import add_model
from pitwall.telemetry import BadInput, PitwallError

Handler = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the process exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    hidden = _HIDDEN.get(words[0]) if words else None
    try:
        if hidden is not None:
            return hidden(words[1:])
        if argv is None:
            # A whole process of ours: asked to end it ends as with Ctrl-C, nothing half done.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        report_logged_errors()
        args = _parser().parse_args(words)
        handler: Handler = args.handler
        return handler(args)
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        _say("interrupted")
        return 130
    except Exception as error:  # noqa: BLE001 - the last net: a user never sees a traceback
        _say(one_line(error))
        return error.exit_code if isinstance(error, PitwallError) else 1


def _say(text: str) -> None:
    sys.stderr.write(f"pitwall: {text.splitlines()[0] if text else 'failed'}\n")


def _print_json(doc: Any) -> None:
    sys.stdout.write(json.dumps(doc, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.flush()


class _Parser(argparse.ArgumentParser):
    """One that is as brief about what is wrong as everything else here."""

    def error(self, message: str) -> NoReturn:
        """Raises BadInput in place of printing the usage."""
        raise BadInput(f"{message}; see '{self.prog} --help'")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="pitwall", description="Race telemetry from AWS: history in seconds, then live."
    )
    parser.add_argument("--version", action="version", version=f"pitwall {__version__}")
    parser.set_defaults(handler=_window)
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND")

    demo = _verb(verbs, "demo", _demo, "a simulated race through the whole path, on this machine")
    demo.add_argument("--from", dest="source", type=Path, metavar="FILE", help="replay a recording")
    demo.add_argument("--speed", type=_speed, default=1.0, help="live pace, 1 = real time")
    _run_options(demo)
    demo.add_argument("--json", action="store_true", help="print the summary as JSON")

    live = _verb(verbs, "live", _live, "join a session in the table: history first, then live")
    live.add_argument("--session", required=True, help="session key, e.g. 2025-09-06-barber-r1")
    _cloud_options(live)
    live.add_argument(
        "--kinesis",
        type=_stream,
        metavar="NAME",
        help="follow this Kinesis stream (name or ARN) in place of the table's own",
    )
    live.add_argument(
        "--mapping",
        type=Path,
        metavar="FILE",
        help="follow plain items of another producer, as this file says how to read them",
    )
    live.add_argument(
        "--table-only",
        action="store_true",
        help="follow by reading the table, without stream and archive, as restricted roles do",
    )
    live.add_argument("--recording", type=Path, metavar="FILE", help="where to keep the session")
    _run_options(live)
    live.add_argument("--json", action="store_true", help="print status lines and summary as JSON")

    opening = _verb(verbs, "open", _open, "open a recording in the window")
    opening.add_argument("file", type=Path)
    _run_options(opening)

    importing = _verb(verbs, "import", _import, "make a recording from logger files")
    importing.add_argument("files", type=Path, nargs="+", metavar="FILE")
    importing.add_argument("--out", type=Path, required=True, metavar="S.pitwall")
    importing.add_argument("--session", help="session key, if not from the data")
    importing.add_argument("--title", help="title to show")
    importing.add_argument("--json", action="store_true")

    info = _verb(verbs, "info", _info, "what a recording holds")
    info.add_argument("file", type=Path)
    info.add_argument("--json", action="store_true")

    laps = _verb(verbs, "laps", _laps, "laps of a recording")
    laps.add_argument("file", type=Path)
    laps.add_argument("--car")
    laps.add_argument("--json", action="store_true")

    publish = _verb(verbs, "publish", _publish, "play a recording into a table")
    publish.add_argument("file", type=Path)
    publish.add_argument("--session", required=True)
    publish.add_argument("--speed", type=_speed, default=1.0)
    publish.add_argument("--spool", type=Path, metavar="DIR", help="where chunks wait on disk")
    publish.add_argument(
        "--spool-mb", type=_megabytes, default=0, metavar="N", help="that may wait there (512)"
    )
    publish.add_argument(
        "--when-full",
        choices=("wait", "refuse"),
        default="wait",
        help="the recording waits, or publishing ends as a car that cannot wait has to",
    )
    publish.add_argument(
        "--restart", action="store_true", help="begin again, and give up what waits from before"
    )
    publish.add_argument("--json", action="store_true", help="print the figures as JSON")
    _cloud_options(publish)

    add_model(verbs)

    add_cloud(verbs, _cloud_options)

    selftest = _verb(verbs, "selftest", _selftest, "check that this installation works")
    selftest.add_argument("--json", action="store_true")
    return parser


def _verb(verbs: Any, name: str, handler: Handler, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    parser.set_defaults(handler=handler)
    return parser


def _run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=_seconds, help="stop by itself after so many seconds")
    parser.add_argument("--headless", action="store_true", help="no window")
    parser.add_argument("--screenshot", type=Path, metavar="PNG", help="save what the window shows")
    parser.add_argument("--size", type=_size, metavar="WxH", help="window size, e.g. 1920x1080")
    parser.add_argument("--theme", choices=("dark", "sunlight", "contrast"), default="dark")


def _cloud_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--table", default="pitwall")
    parser.add_argument("--bucket", help="of the archive; the stack's own when left out")
    parser.add_argument("--profile")
    parser.add_argument("--region")
    parser.add_argument(
        "--endpoint-url", type=_url, help="one address for every service (a stand-in)"
    )


def _speed(text: str) -> float:
    return _number(text, 0, 1000)


def _megabytes(text: str) -> int:
    return round(_number(text, 0, 1_000_000) * 1024 * 1024)


def _seconds(text: str) -> float:
    return _number(text, 0, 86_400)


def _number(text: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = low
    if not low < value <= high:
        raise argparse.ArgumentTypeError(f"a number above {low:g} and up to {high:g}, not {text!r}")
    return value


def _url(text: str) -> str:
    from pitwall.cloud.clients import NO_USER

    scheme, _, rest = text.partition("://")
    if "@" in text:
        # not repeated: what is said ends in logs
        raise argparse.ArgumentTypeError(NO_USER)
    if scheme not in ("http", "https") or not rest:
        raise argparse.ArgumentTypeError(f"a URL such as http://127.0.0.1:8000, not {text!r}")
    return text


def _stream(text: str) -> str:
    if not re.fullmatch(
        r"[a-zA-Z0-9_.-]{1,128}|arn:aws[^:]*:kinesis:[^:]*:\d{12}:stream/\S+", text
    ):
        raise argparse.ArgumentTypeError(f"name or ARN of a Kinesis stream, not {text!r}")
    return text


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError(f"as in 1920x1080, not {text!r}")
    size = int(width), int(height)
    if not (640 <= size[0] <= 7680 and 400 <= size[1] <= 4320):
        raise argparse.ArgumentTypeError(f"between 640x400 and 7680x4320, not {text!r}")
    return size


def _existing(path: Path) -> Path:
    if path.is_dir():
        raise BadInput(f"{path}: a folder; give the path of a file in it")
    if not path.is_file():
        raise BadInput(f"{path}: no such file; give the path of an existing one")
    return path


def _window(args: argparse.Namespace) -> int:
    from pitwall import app

    return app.run_window()


def _demo(args: argparse.Namespace) -> int:
    from pitwall import demo

    return demo.run(
        demo.DemoOptions(
            source=_existing(args.source) if args.source else None,
            speed=args.speed,
            run=_options(args),
            json_out=args.json,
        )
    )


def _options(args: argparse.Namespace) -> Any:
    from pitwall.app import RunOptions

    picture: Path | None = args.screenshot
    # Now, not when the time is up.
    if picture is not None and (picture.is_dir() or not picture.absolute().parent.is_dir()):
        raise BadInput(f"{picture}: no place for a picture; name a file in an existing folder")
    return RunOptions(
        seconds=args.seconds,
        headless=args.headless,
        screenshot=args.screenshot,
        size=args.size,
        theme=args.theme,
    )


def _live(args: argparse.Namespace) -> int:
    from pitwall import app
    from pitwall.cloud.mapping import load_mapping

    return app.run_live(
        session=args.session,
        cloud=app.CloudAddress(
            args.table,
            args.bucket,
            args.profile,
            args.region,
            args.endpoint_url,
            args.kinesis or "",
            None if args.mapping is None else load_mapping(args.mapping),
            _table_only(args),
        ),
        recording=args.recording,
        options=_options(args),
        json_out=args.json,
    )


def _table_only(args: argparse.Namespace) -> bool:
    for other in ("kinesis", "mapping"):
        if args.table_only and getattr(args, other) is not None:
            raise BadInput(f"--table-only and --{other}: the one leaves out what the other needs")
    return bool(args.table_only)


def _open(args: argparse.Namespace) -> int:
    from pitwall import app

    return app.run_file(_existing(args.file), _options(args))


def _import(args: argparse.Namespace) -> int:
    from pitwall.formats import import_files

    for path in args.files:
        _existing(path)
    report = import_files(args.files, args.out, key=args.session, title=args.title)
    if args.json:
        _print_json(report.to_json())
    else:
        sys.stdout.write("\n".join(report.text()) + "\n")
    return 0


def _info(args: argparse.Namespace) -> int:
    from pitwall.analysis import info_report, info_text
    from pitwall.store import open_session

    recording, store = open_session(_existing(args.file), read_only=True)
    with recording:
        doc = info_report(store)
    if args.json:
        _print_json(doc)
    else:
        sys.stdout.write("\n".join(info_text(doc)) + "\n")
    return 0


def _laps(args: argparse.Namespace) -> int:
    from pitwall.analysis import laps_report, laps_text
    from pitwall.store import open_session

    recording, store = open_session(_existing(args.file), read_only=True)
    with recording:
        doc = laps_report(store, args.car)
    if args.json:
        _print_json(doc)
    else:
        sys.stdout.write("\n".join(laps_text(doc)) + "\n")
    return 0


def _publish(args: argparse.Namespace) -> int:
    from pitwall import app

    return app.run_publish(
        _existing(args.file),
        session=args.session,
        cloud=app.CloudAddress(
            args.table, args.bucket, args.profile, args.region, args.endpoint_url
        ),
        options=app.PublishOptions(
            args.speed, args.spool, args.spool_mb, args.when_full == "refuse", args.restart
        ),
        json_out=args.json,
    )


def _selftest(args: argparse.Namespace) -> int:
    from pitwall import selftest

    return selftest.run(json_out=args.json)


def _stand_in(words: list[str]) -> int:
    from pitwall.cloud.local import main as stand_in

    return stand_in(words)


def _demo_publisher(words: list[str]) -> int:
    from pitwall.cloud.local.demo_publisher import main as demo_publisher

    return demo_publisher(words)


def _demo_prepare(words: list[str]) -> int:
    from pitwall.demo import prepare_race

    if words:
        raise BadInput("demo-prepare takes no arguments")
    prepare_race()
    return 0


def _read_plain(words: list[str]) -> int:
    from pitwall.turbo.plain_child import main as read_plain

    if words:
        raise BadInput("read-plain takes no arguments")
    read_plain()
    return 0


_HIDDEN: dict[str, Callable[[list[str]], int]] = {
    "stand-in": _stand_in,
    "demo-publisher": _demo_publisher,
    "demo-prepare": _demo_prepare,
    "read-plain": _read_plain,
}
"""Verbs that our own child processes use; the frozen build has no other way to run them."""
