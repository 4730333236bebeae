"""Telemetry of other loggers, from files made here."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pitwall.analysis import LapSource, TimingEngine
from pitwall.formats import Wanted, detect, import_files
from pitwall.formats.motec_beacon import passes
from pitwall.store import open_session
from pitwall.telemetry import BadInput, Gate
from tests.unit.formats import samples


def opened(paths, out: Path, **more):
    report = import_files(paths, out, **more)
    recording, store = open_session(out, read_only=True)
    recording.close()
    return report, store


def column(store, car: str, channel: str):
    group, i = store.session.catalog.find(channel)
    span = store.columns(car, group.name).span(0, 1 << 62)
    return span.t, span.values[i]


def timed(store, source: LapSource | None = None):
    timing = TimingEngine(source=source).update(store)
    return timing, [lap for car in timing.cars.values() for lap in car.laps]


@pytest.mark.parametrize("name", samples.everything())
def test_a_file_is_known_by_its_content(tmp_path, name):
    _, content = samples.everything()[name]
    assert detect(samples.put(tmp_path, "download", content)).name == name


class TestVbo:
    def test_laps_begin_at_the_gate_of_the_header(self, tmp_path):
        path = samples.put(tmp_path, "run.vbo", samples.vbo().encode())
        _, store = opened([path], tmp_path / "o.pitwall", car="22")
        timing, laps = timed(store)
        assert timing.circuit.source is LapSource.GATE
        whole = [lap for lap in laps if lap.time_us is not None]
        assert [round(lap.time_us / 1e6, 2) for lap in whole] == [40.0, 40.0, 40.0]
        assert (whole[0].t_start / 1e6) % 86_400 == pytest.approx(43_205.0, abs=0.02)

    def test_longitude_is_positive_to_the_west_and_minutes_become_degrees(self, tmp_path):
        path = samples.put(tmp_path, "run.vbo", samples.vbo().encode())
        _, store = opened([path], tmp_path / "o.pitwall", car="22")
        _, lat = column(store, "22", "latitude")
        _, lon = column(store, "22", "longitude")
        assert abs(lat - samples.LAT0).max() < 0.01
        assert abs(lon - samples.LON0).max() < 0.01
        gate = Gate.from_json(store.meta("track.gate"))
        assert gate.longitude == pytest.approx(samples.LON0)
        assert store.session.catalog.group("can").channels[0].unit == "%"

    def test_midnight_and_the_place_s_own_date(self, tmp_path):
        text = samples.vbo(laps=1.0, start=86_390)
        path = samples.put(tmp_path, "run.vbo", text.replace("12:00:00", "18:59:00").encode())
        _, store = opened([path], tmp_path / "o.pitwall", car="22")
        t, _ = column(store, "22", "speed")
        assert (np.diff(t) > 0).all()
        # 18:59 on the spot is 23:59:50 UTC of the same day
        assert store.session.key.startswith("2025-08-01")

    def test_a_damaged_row_is_named(self, tmp_path):
        lines = samples.vbo(laps=0.1).split("\r\n")
        lines[-5] = lines[-5].replace("+5.00E+01", "+5.0x")
        path = samples.put(tmp_path, "run.vbo", "\r\n".join(lines).encode())
        with pytest.raises(BadInput, match=rf"run.vbo:{len(lines) - 4}: Throttle_Pedal '\+5.0x'"):
            import_files([path], tmp_path / "o.pitwall")


class TestMotec:
    def log(self, tmp_path, **more):
        speed = np.full(2000, 1800)  # 180 km/h, 10 Hz
        lap = np.zeros(200)
        lap[60:120], lap[120:180], lap[180:] = 10, 20, 30
        running = np.zeros(200)
        for start in (58.7, 118.9, 179.1):
            at = np.arange(200)
            running = np.where(at >= start + 1, np.rint((at - start) * 10), running)
        channels = [
            ("Ground Speed", "km/h", 10, speed),
            ("Lap Number", "", 1, lap),
            *more.get("channels", ()),
        ]
        if more.get("timer"):
            channels.append(("Running Lap Time", "s", 1, running))
        path = samples.put(tmp_path, "log.ld", samples.ld(channels))
        return opened([path], tmp_path / "o.pitwall")

    def test_units_rates_times_and_the_car(self, tmp_path):
        report, store = self.log(tmp_path)
        assert store.cars() == ("11A",)
        t, speed = column(store, "11A", "speed")
        assert speed[0] == pytest.approx(180.0)
        assert t[0] == store.session.started_us
        assert np.unique(np.diff(t)).tolist() == [100_000]
        assert store.session.key == "2005-11-23-calder-2"
        assert any("UTC" in note for note in report.notes)

    def test_laps_by_the_lap_number_are_known_to_a_sample(self, tmp_path):
        _, store = self.log(tmp_path)
        timing, laps = timed(store)
        assert timing.circuit.source is LapSource.LAP_NUMBER
        (first, second) = [lap for lap in laps if lap.time_us is not None]
        assert first.time_us == second.time_us == 60_000_000
        assert first.uncertainty_us == pytest.approx(640_000, abs=20_000)

    def test_the_lap_timer_says_more_exactly_when(self, tmp_path):
        _, store = self.log(tmp_path, timer=True)
        _, laps = timed(store)
        whole = [lap for lap in laps if lap.time_us is not None]
        assert [lap.time_us for lap in whole] == [60_200_000, 60_200_000]
        assert whole[0].uncertainty_us < 20_000

    def test_error_values_are_left_out_and_counted(self, tmp_path):
        odd = np.array([1, 2, 32767, -32768] * 50)
        report, store = self.log(tmp_path, channels=[("Oil Temp", "C", 1, odd)])
        _, values = column(store, "11A", "oil_temp")
        assert int(np.isnan(values).sum()) == 100
        assert any("100 samples are the logger's error values" in note for note in report.notes)

    def test_a_chain_that_goes_round_is_no_log(self, tmp_path):
        content = bytearray(samples.ld([("A", "", 1, np.arange(5)), ("B", "", 1, np.arange(5))]))
        first = int.from_bytes(content[8:12], "little")
        content[first + 124 + 4 : first + 124 + 8] = first.to_bytes(4, "little")
        path = samples.put(tmp_path, "log.ld", bytes(content))
        with pytest.raises(BadInput, match="the chain of channels does not end"):
            import_files([path], tmp_path / "o.pitwall")

    def test_words_of_a_beacon_are_put_together(self):
        def words(at_ms: int, code: int) -> list[int]:
            return [0xC000 | at_ms & 0x3FFF, 0x8000 | at_ms >> 14, 0x4000 | 7, code]

        raw = np.zeros(400, np.int64)
        for at, ms, code in ((50, 515_563, 56), (120, 586_152, 100), (185, 651_315, 100)):
            raw[at : at + 4] = words(ms, code)
            raw[at + 4 :] = code
        found = passes(raw, 1.0, None, 1.0)
        assert [p.code for p in found] == [56, 100, 100]
        between = np.diff([p.seconds for p in found])
        assert between.tolist() == pytest.approx([70.589, 65.163])


class TestSegments:
    def test_two_sessions_in_one_file_need_a_name(self, tmp_path):
        one = samples.put(tmp_path, "a.json.gz", samples.segment(src="one"))
        two = samples.put(tmp_path, "b.json.gz", samples.segment(src="two", lap=7))
        with pytest.raises(BadInput, match=r"one \(60 rows\), two \(60 rows\); name one with"):
            import_files([one, two], tmp_path / "o.pitwall")
        report, _ = opened([one, two], tmp_path / "o.pitwall", wanted=Wanted(part="two"))
        assert report.rows == 60
        assert any("60 rows of other sessions" in note for note in report.notes)

    def test_laps_that_follow_share_an_edge_by_the_cars_own_clock(self, tmp_path):
        files = [
            samples.put(tmp_path, f"{lap}.gz", samples.segment(lap, rows=1000, start=k * 43_000))
            for k, lap in enumerate((6, 7))
        ]
        _, store = opened(files, tmp_path / "o.pitwall")
        timing, laps = timed(store)
        assert timing.circuit.source is LapSource.LAP_NUMBER
        whole = [lap for lap in laps if lap.time_us is not None]
        assert [round(lap.time_us / 1e6, 2) for lap in whole] == [43.0, 43.0]


class TestF1:
    def test_laps_follow_each_other_and_are_as_long_as_their_files(self, tmp_path):
        files = [
            samples.put(tmp_path / "NOR", f"{n}_tel.json", samples.f1_lap(n, s).encode())
            for n, s in ((1, 80.0), (2, 76.686), (3, 75.994))
        ]
        wanted = Wanted(start_us=1_756_645_200_000_000)
        report, store = opened(files, tmp_path / "o.pitwall", wanted=wanted)
        assert store.session.started_us == wanted.start_us
        _, laps = timed(store)
        times = {lap.number: lap.time_us / 1e6 for lap in laps if lap.time_us is not None}
        assert times[2] == pytest.approx(76.686, abs=0.005)
        assert any("NaN" in note for note in report.notes)

    def test_the_track_is_in_metres(self, tmp_path):
        path = samples.put(tmp_path, "1_tel.json", samples.f1_lap(1, 80.0).encode())
        _, store = opened([path], tmp_path / "o.pitwall")
        _, x = column(store, "NOR", "x")
        assert np.nanmax(np.abs(x)) == pytest.approx(636.6, abs=1.0)

    def test_a_lap_twice_is_refused(self, tmp_path):
        doc = samples.f1_lap(1, 80.0).encode()
        files = [samples.put(tmp_path / k, "1_tel.json", doc) for k in "ab"]
        with pytest.raises(BadInput, match="lap 1 of NOR is also in"):
            import_files(files, tmp_path / "o.pitwall")

    def test_lists_of_different_length_are_damage(self, tmp_path):
        doc = json.loads(samples.f1_lap(1, 80.0))
        del doc["tel"]["speed"][3:]
        path = samples.put(tmp_path, "1_tel.json", json.dumps(doc).encode())
        with pytest.raises(BadInput, match=r"tel.speed: 3 values where time has"):
            import_files([path], tmp_path / "o.pitwall")
