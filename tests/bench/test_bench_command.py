"""`zeus bench` runs on tiny numbers and writes the figures it promises; how good they are is no test's matter."""

import json
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from typer.testing import CliRunner

from application import clock
from entrypoints.bench import (
    commands,
    history,
    memory,
    protocol,
    rebuild,
    sealing,
    storm,
    streams,
    throughput,
)
from entrypoints.bench.report import BARS, Results, document, verdicts
from entrypoints.bench.scale import QUICK, Scale, with_chargers
from entrypoints.cli import app

TINY = msgspec.structs.replace(
    with_chargers(QUICK, 4),
    seconds=0.3,
    warm_up_s=0.1,
    rate=40,
    history=0.5,
    pages=3,
    rounds=20,
    events=4096,
    multiplied=3000,
    askers=3,
    command_rate=20,
)


def silent(words: str) -> None:
    """Progress nobody reads."""


def test_command_writes_the_figures_the_bars_need(tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    done = CliRunner().invoke(app, ["bench", "--quick", "--only", "protocol", "--json", str(out)])
    assert done.exit_code == 0, done.output
    found = json.loads(out.read_text())
    assert found["scale"]["name"] == "quick"
    assert found["machine"]["cpus"] >= 1
    assert found["results"]["protocol.1.6.MeterValues"]["us"] > 0
    assert {bar["what"] for bar in found["bars"]} == {b.what for b in BARS if b.case.startswith("protocol.")}


def test_unknown_measurement_is_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["bench", "--only", "speed"])
    assert done.exit_code == 2
    assert "speed" in done.output


def test_every_loop_is_answered_and_beside_its_floor() -> None:
    results = throughput.measure(TINY, silent)
    for kind in ("heartbeat", "status", "meter_values", "mix"):
        figures = results[f"closed.{kind}"]
        assert figures["messages"] > 0
        assert figures["wrong"] == figures["lost"] == 0
        assert figures["p50_ms"] <= figures["p95_ms"] <= figures["p99_ms"] <= figures["max_ms"]
        assert figures["events_per_message"] >= 1
        assert {"gateway_us", "postgres_us", "projector_us", "floor_us", "ratio"} <= figures.keys()
    assert results["open.mix"]["messages"] == TINY.rate * TINY.seconds * 2
    assert results["freshness"]["events"] > 0


def test_storm_boots_everybody_and_loses_nobody() -> None:
    results = storm.measure(TINY, silent)
    for case in ("storm.arrival", "storm.return"):
        assert results[case]["booted"] == TINY.storm
        assert results[case]["refused"] == results[case]["lost"] == 0


@pytest.mark.slow
def test_commands_are_agreed_to_at_one_worker_and_at_two() -> None:
    results = commands.measure(TINY, silent)
    for workers in (1, 2):
        closed, opened = results[f"commands.closed.{workers}"], results[f"commands.open.{workers}"]
        assert closed["commands"] > 0
        assert opened["commands"] == TINY.command_rate * TINY.seconds * 2
        assert closed["wrong"] == opened["wrong"] == 0
        assert opened["p50_ms"] <= opened["p95_ms"] <= opened["p99_ms"]
        assert opened["floor_ms"] == opened["echo_ms"] + 3 * opened["commit_ms"] > 0


@pytest.mark.slow
def test_sealing_is_measured_beside_appending_alone() -> None:
    results = sealing.measure(TINY, silent)
    alone, both = results["sealing.without"], results["sealing.with"]
    assert alone["events"] > 0
    assert alone["sealer_us"] == 0 < both["sealer_us"]
    assert both["added_pct"] == pytest.approx((alone["per_s"] / both["per_s"] - 1) * 100)


@pytest.mark.slow
def test_memory_and_rebuild_have_their_figures() -> None:
    results: Results = {**memory.measure(TINY, silent), **rebuild.measure(TINY, silent)}
    assert results["memory.deflate"].keys() >= {"kb", "kb_at_4", "rss_mb"}
    assert results["memory.plain"]["refused"] == 0
    assert results["rebuild"]["events"] > 0
    assert results["rebuild"]["per_s"] > 0


@pytest.mark.slow
def test_a_long_log_is_sound_and_has_its_figures() -> None:
    """What is written by SQL is a log like any other: everything is made of it, and its tree holds."""
    results = history.measure(TINY, silent)
    log = results["history.log"]
    assert (
        log["events"]
        == results["history.rebuild"]["events"]
        == results["history.verification"]["events"]
        >= 3000
    )
    assert log["of_the_oldest"] == pytest.approx(300, abs=20)
    assert results["history.size"]["log_bytes_per_event"] > 100
    assert results["history.sealing"]["events"] == log["events"] // 256 * 256
    assert results["history.export"]["rows"] > 0
    assert results["history.tables_gb"]["ocpp_messages"] > 0
    asked = {name: figures for name, figures in results.items() if "lists." in name or "past." in name}
    assert len(asked) == 6
    for name, figures in asked.items():
        assert figures["failed"] == 0, name
        assert figures["p50_ms"] <= figures["p95_ms"], name


def test_a_long_log_that_has_no_room_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=10 * 2**30))
    done = CliRunner().invoke(app, ["bench", "--only", "history", "--events", "10000000"])
    assert done.exit_code == 2
    assert "needs about 42 GB" in " ".join(done.output.split())


def test_a_bar_is_judged_by_its_own_direction() -> None:
    results: Results = {"closed.mix": {"per_s": 4999.0}, "open.mix": {"p99_ms": 50.0}}
    judged = {bar.case: bar.met(value) for bar, value in verdicts(results)}
    assert judged == {"closed.mix": False, "open.mix": True}


def test_document_names_the_scale_in_full() -> None:
    told = document(protocol.measure(TINY, silent), TINY, clock.now())["scale"]
    assert set(told) == {field.name for field in msgspec.structs.fields(Scale)}


def test_each_event_is_decoded_once_however_many_listen() -> None:
    results = streams.measure(TINY, silent)
    for listeners in (1, streams.MANY["quick"]):
        alone = results[f"streams.hub.{listeners}"]
        assert alone["decoded"] == alone["events"]
        assert alone["handed_out"] == alone["events"] * listeners
    for case in ("sse.1", "sse.100", "websocket.100"):
        over_sockets = results[f"streams.{case}"]
        assert over_sockets["missing"] == over_sockets["doubled"] == 0, case
        assert over_sockets["p50_ms"] <= over_sockets["p99_ms"]
    assert results["streams.sse.0"]["events"] > 0
