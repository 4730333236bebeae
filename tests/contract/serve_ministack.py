"""Run ministack on a free port of the loopback, until standard input closes.

Run by ministack's own interpreter. Its command would bind a port that somebody has to choose
first, on every interface unless told otherwise, and leave a pid file; this binds first and then
says which port it is: one line, `PORT <number>`.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys


async def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    os.environ |= {
        "GATEWAY_PORT": str(port),  # read when the package is imported
        "BIND_HOST": "127.0.0.1",
        "SERVICES": "dynamodb,dynamodbstreams,kinesis,s3",
        "LOG_LEVEL": "ERROR",
    }
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    config = Config()
    config.bind = [f"fd://{listening.fileno()}"]
    config.loglevel = "ERROR"
    config.keep_alive_timeout = 75
    print(f"PORT {port}", flush=True)
    loop = asyncio.get_running_loop()
    parent_gone = loop.run_in_executor(None, sys.stdin.read)
    await serve(app, config, shutdown_trigger=lambda: parent_gone)


asyncio.run(main())
