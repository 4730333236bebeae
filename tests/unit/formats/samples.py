"""Small files of every format, made here: what the tests of formats read, break and write back."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import numpy as np

from pitwall.formats.motec_layout import CHANNEL, EVENT, HEADER, MARKER

LAT0, LON0 = 43.8, -87.99


def ring(seconds: np.ndarray, lap_s: float = 40.0, radius: float = 250.0):
    """Position and speed (m/s) on a circle: a lap every ``lap_s``."""
    angle = seconds / lap_s * 2 * math.pi
    x, y = radius * np.sin(angle), radius * (np.cos(angle) - 1)
    lat = LAT0 + y / 111_195
    lon = LON0 + x / (111_195 * math.cos(math.radians(LAT0)))
    return lat, lon, np.full(len(seconds), 2 * math.pi * radius / lap_s)


def vbo(laps: float = 3.6, hz: float = 10.0, start: int = 43_200) -> str:
    """A car that starts a little before its gate at LAT0, LON0, heading east."""
    t = np.arange(0, laps * 40, 1 / hz)
    lat, lon, v = ring(t - 5.0)
    gate = f"{-LON0 * 60:+.6f} {LAT0 * 60:+.6f} {-LON0 * 60 + 0.003:+.6f} {LAT0 * 60:+.6f}"
    head = [
        "File created on 01/08/2025 @ 12:00:00", "", "[header]", "satellites", "time", "latitude",
        "longitude", "velocity kmh", "Throttle_Pedal", "", "[channel units]", "%", "",
        "[comments]", "(c) nobody", "", "[laptiming]", f"Start {gate} ¬ Start / Finish", "",
        "[column names]", "sats time lat long velocity Throttle_Pedal", "", "[data]",
    ]  # fmt: skip
    rows = []
    for at, a, b, speed in zip(t, lat, lon, v, strict=True):
        s = (start + at) % 86_400
        clock = f"{int(s // 3600):02d}{int(s // 60) % 60:02d}{s % 60:06.3f}"
        rows.append(f"012 {clock} {a * 60:+.8f} {-b * 60:+.8f} {speed * 3.6:07.3f} +5.00E+01")
    return "\r\n".join([*head, *rows]) + "\r\n"


def ld(channels: list[tuple[str, str, int, np.ndarray]], date: bytes = b"23/11/2005") -> bytes:
    """A .ld file of int16 channels ``(name, unit, rate, samples)``, one decimal each."""
    meta = HEADER.size + EVENT.size
    data = meta + len(channels) * CHANNEL.size
    out = HEADER.pack(
        MARKER, meta, data, HEADER.size, 0, 0, 0, 1, b"ADL", 420, 0, len(channels), b"", date,
        b"09:53:00", b"", b"11A", b"Calder", 0, b"",
    )  # fmt: skip
    out += EVENT.pack(b"a day", b"2", b"", 0)
    at = data
    for i, (name, unit, rate, samples) in enumerate(channels):
        here = meta + i * CHANNEL.size
        after = here + CHANNEL.size if i + 1 < len(channels) else 0
        out += CHANNEL.pack(
            0, after, at, len(samples), i, 3, 2, rate, 0, 1, 1, 1, name.encode(), b"",
            unit.encode(),
        )  # fmt: skip
        at += 2 * len(samples)
    return out + b"".join(s.astype("<i2").tobytes() for _, _, _, s in channels)


def segment(lap: int = 6, src: str = "one", rows: int = 60, start: int = 0) -> bytes:
    """A lap segment, gzipped: two clocks, partial rows."""
    docs = []
    for i in range(rows):
        ms = start + i * 43
        stamp = f"{ms // 60_000:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}000"
        late = ms + 300
        receipt = f"{late // 60_000:02d}:{late // 1000 % 60:02d}.{late % 1000:03d}000"
        docs.append(
            {
                "vid": "GR86-022-13",
                "mt": f"2025-09-06 18:{receipt}+00:00",
                "ts": f"2025-09-05 00:{stamp}+00:00",
                "lap": lap,
                "dist": None,
                "steer": 1.0,
                "spd": 100.0 if i % 5 == 0 else None,
                "src": src,
            }
        )
    return gzip.compress(json.dumps(docs).encode())


def f1_lap(number: int, seconds: float, car: str = "NOR", hz: float = 5.0) -> str:
    """One lap of a track of 4,000 m at steady speed, with bare NaN."""
    t = np.round(np.append(np.arange(0, seconds, 1 / hz), seconds), 3)
    way = t / seconds * 4000
    angle = way / 4000 * 2 * math.pi
    tel = {
        "time": t.tolist(),
        "speed": [4000 / seconds * 3.6] * len(t),
        "distance": way.tolist(),
        "x": (6366 * np.sin(angle)).tolist(),
        "y": (6366 * np.cos(angle)).tolist(),
        "rpm": [float("nan"), *[9000.0] * (len(t) - 1)],
        "dataKey": f"2025-Test Grand Prix-Race-{car}-{number}",
    }
    return json.dumps({"tel": tel})


SECTIONS = (
    "\ufeffNUMBER; DRIVER_NUMBER; LAP_NUMBER; LAP_TIME; CROSSING_FINISH_LINE_IN_PIT; S1; ELAPSED; "
    "HOUR;S1_SECONDS;S2_SECONDS;S3_SECONDS;PIT_TIME;FLAG_AT_FL\n"
    "3;1;1;1:54.168;;33.413;1:54.168;13:42:35.322;33.413;43.534;37.221;;FCY\n"
    "3;1;2;2:13.691;B;39.57;4:07.859;13:44:49.013;39.57;57.345;36.776;0:00:35.158;GF\n"
    "7;1;1;0:00.000;;33.4;1:55.0;13:42:36.322;33.4;43.5;37.2;;GF\n"
)
FEED = (
    "expire_at,lap,meta_event,meta_session,meta_time,outing,timestamp,vehicle_id\n"
    ",2,I_R06_2025-09-07,R1,2025-09-06T18:40:41.927Z,0,2025-09-06T18:40:41.775Z,GR86-004-78\n"
    ",32768,I_R06_2025-09-07,R1,2025-09-06T18:42:28.189Z,0,2025-09-06T18:42:25.504Z,GR86-004-78\n"
    ",3,I_R06_2025-09-07,R1,2025-09-06T18:42:29.189Z,0,2025-09-06T18:42:25.604Z,GR86-004-78\n"
)
LIVE = "\n".join(
    json.dumps({"Type": "TimingData", "Json": {"Lines": lines}, "DateTime": f"2024-07-05T11:5{at}"})
    for at, lines in (
        ("0:44.449+00:00", {"4": {"NumberOfLaps": 8, "Position": "2", "InPit": False}}),
        ("1:10.000+00:00", {"4": {"Sectors": {"0": {"Value": "28.9"}}}}),
        ("2:15.000+00:00", {"4": {"NumberOfLaps": 9, "Sectors": {"2": {"Value": "24.6"}}}}),
        ("2:15.400+00:00", {"4": {"LastLapTime": {"Value": "1:30.617"}}}),
        ("3:00.000+00:00", {"4": {"InPit": True}}),
        ("4:00.000+00:00", {"4": {"InPit": False}}),
    )
)
NASCAR = "\ufeffhttps://example.invalid/lap-times.json\n\n" + json.dumps(
    {
        "laps": [
            {
                "Number": "21",
                "FullName": "A Driver",
                "Manufacturer": "Chv",
                "RunningPos": 1,
                "NASCARDriverID": 4133,
                "Laps": [
                    {"Lap": 0, "LapTime": None, "RunningPos": 3},
                    {"Lap": 1, "LapTime": 35.735, "RunningPos": 4},
                    {"Lap": 2, "LapTime": 42.676, "RunningPos": 4},
                ],
            }
        ],
        "flags": [{"LapsCompleted": 1, "FlagState": 1}],
    }
)


def everything() -> dict[str, tuple[str, bytes]]:
    """A small whole file of each format: format name -> (file name, bytes)."""
    ticks = np.arange(100)
    lap = np.repeat([0, 10, 20, 30], 25)
    logger = ld([("Ground Speed", "km/h", 10, ticks), ("Lap Number", "", 1, lap[:10])])
    times = {"time": ["None", 76.6], "lap": [1.0, 2.0], "compound": ["SOFT", "SOFT"]}
    return {
        "vbo": ("run.vbo", vbo(laps=0.2).encode()),
        "motec": ("log.ld", logger),
        "grcup-segments": ("lap.json.gz", segment()),
        "f1-laps": ("1_tel.json", f1_lap(1, 20.0).encode()),
        "grcup-sections": ("23_laps.csv", SECTIONS.encode()),
        "grcup-lap-feed": ("lap_end.csv", FEED.encode()),
        "f1-lap-times": ("laptimes.json", json.dumps(times).encode()),
        "f1-live-timing": ("live.txt", LIVE.encode()),
        "nascar": ("laps.json", NASCAR.encode()),
    }


def put(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return path
