"""How listings, times and the choice of a stack look, before any AWS is asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from cli import project
from cli.ops.options import Listing, OutputOption, Where, confirm, verb
from cli.ops.tables import Column, print_listing
from cli.ops.times import length_text, moment_text, since

COLUMNS: list[Column[dict[str, Any]]] = [
    Column("name", lambda row: row["name"], "name"),
    Column("count", lambda row: row.get("count"), "how many", right=True),
    Column("more", lambda row: row.get("more")),
    Column(heading="mark", text=lambda row: "[red]!![/]" if row.get("more") else ""),
]
ROWS: list[dict[str, Any]] = [{"name": "[bold]a, b"}, {"name": "c", "count": 2, "more": ["x", True]}]


def test_json_has_every_key_of_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    print_listing(ROWS, COLUMNS, Listing.JSON, nothing="none")
    assert json.loads(capsys.readouterr().out) == [
        {"name": "[bold]a, b", "count": None, "more": None},
        {"name": "c", "count": 2, "more": ["x", True]},
    ]
    print_listing([], COLUMNS, Listing.JSON, nothing="none")
    assert json.loads(capsys.readouterr().out) == []


def test_csv_has_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    print_listing(ROWS, COLUMNS, Listing.CSV, nothing="none")
    assert capsys.readouterr().out == 'name,count,more\n"[bold]a, b",,\nc,2,"[""x"", true]"\n'
    print_listing([], COLUMNS, Listing.CSV, nothing="none")
    assert capsys.readouterr().out == "name,count,more\n"


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(seconds=0.44), "0.4 s"),
        (timedelta(seconds=9.96), "10 s"),
        (timedelta(seconds=59.7), "1 min 00 s"),
        (timedelta(minutes=61), "1 h 01 min"),
        (timedelta(days=3, hours=4, minutes=59), "3 d 04 h"),
        (timedelta(seconds=-5), "0.0 s"),
        (None, "-"),
    ],
)
def test_lengths_of_time(length: timedelta | None, text: str) -> None:
    assert length_text(length) == text


def test_times_name_their_zone() -> None:
    moment = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)
    assert moment_text(moment, utc=True) == "2026-11-24 03:15:00 UTC"
    assert moment_text(moment, utc=False) == f"{moment.astimezone():%Y-%m-%d %H:%M:%S %Z}"
    assert moment_text(None, utc=True) == "-"


def test_how_long_ago_or_when() -> None:
    assert since("2026-11-24T04:15:00+01:00") == datetime(2026, 11, 24, 3, 15, tzinfo=UTC)
    before = datetime.now(UTC)
    ago = before - since("2h30m")
    assert timedelta(hours=2.4) < ago <= timedelta(hours=2.5)
    for wrong in ("yesterday", "5", "-2h", "999999999d"):
        with pytest.raises(typer.BadParameter):
            since(wrong)


def _where(root: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Where:
    monkeypatch.setattr(project, "_root", root)
    seen: list[Where] = []
    app = typer.Typer()

    @app.command()
    @verb
    def asks(where: Where, output: OutputOption = Listing.TABLE) -> None:
        assert output is Listing.CSV
        seen.append(where)

    result = CliRunner().invoke(app, [*arguments, "--output", "csv"])
    assert result.exit_code == 0, result.output
    return seen[0]


def test_which_stack_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LONGHAUL_STACK", raising=False)
    (tmp_path / "Pulumi.yaml").write_text("name: acme\nruntime: python\n")
    (tmp_path / "Pulumi.prod.yaml").write_text(
        "config:\n  aws:region: eu-west-3\n  longhaul:jobs: {no: [such, form]}\n"
    )
    assert _where(tmp_path, monkeypatch) == Where("acme", "prod", None, "eu-west-3", None)
    assert _where(tmp_path, monkeypatch, "--stack", "gone") == Where("acme", "gone", None, None, None)
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n")
    assert _where(tmp_path, monkeypatch) == Where("acme", "dev", None, None, None)
    monkeypatch.setenv("LONGHAUL_STACK", "prod")
    given = _where(tmp_path, monkeypatch, "--region", "eu-north-1", "--profile", "ops", "--endpoint-url", "http://x")
    assert given == Where("acme", "prod", "ops", "eu-north-1", "http://x")


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: acme\nruntime: [python\na: b\n")
    monkeypatch.setattr(project, "_root", tmp_path)
    app = typer.Typer(rich_markup_mode=None)

    @app.command()
    @verb
    def asks(where: Where) -> None:
        """Never comes so far."""

    result = CliRunner().invoke(app)
    assert result.exit_code == 2
    *_, line = result.output.strip().splitlines()
    assert line.endswith(f"cannot read {tmp_path / 'Pulumi.yaml'}, line 3: expected ',' or ']', but got ':'")


def test_nobody_to_ask_is_wrong_use(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    confirm("Stop it?", yes=True)
    with Path("/dev/null").open() as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        with pytest.raises(typer.Exit) as ended:
            confirm("Stop it?", yes=False)
    assert ended.value.exit_code == 2
    assert "say --yes" in capsys.readouterr().err
