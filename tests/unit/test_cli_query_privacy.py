"""``saferoom query`` with differential privacy: quotes, trials, draws, and losses that a history adds up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.statistics_lab import Lab, people

from saferoom.errors import IntegrityError
from saferoom.hub import keys
from saferoom.hub.cli.history_folder import HistoryFolder
from saferoom.hub.cli.main import main
from saferoom.hub.store.cipher import AtRest

REGIONS = ["E", "N", "S", "W"]
PROTECT = {"method": "dp", "rho": 0.5, "keys": {"region": REGIONS}}
COUNTS: dict[str, Any] = {"statistic": "frequency", "by": ["region"], "protect": PROTECT}


@dataclass
class Shell:
    """Runs the command line in this process, on people with ids."""

    folder: Path
    data: Path
    capture: pytest.CaptureFixture[str]

    def run(self, query: dict[str, Any], *words: str | Path) -> tuple[int, str, str]:
        file = self.folder / "q.json"
        file.write_text(json.dumps(query), encoding="utf-8")
        given = ["--data", str(self.data), "--unit", "person_id", *map(str, words)]
        with pytest.raises(SystemExit) as caught:
            main(["query", str(file), *given])
        out, err = self.capture.readouterr()
        return int(caught.value.code or 0), out, err

    def json(self, query: dict[str, Any], *words: str | Path) -> tuple[dict[str, Any], str]:
        code, out, err = self.run(query, *words, "--json")
        assert code == 0, err
        found: dict[str, Any] = json.loads(out)
        return found, err


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, Lab(tmp_path).csv(people()), capsys)


def test_draw_has_noisy_numbers_their_margins_and_says_that_nobody_was_debited(shell: Shell) -> None:
    document, err = shell.json(COUNTS)
    assert document["table"]["columns"][:3] == ["region", "count", "count_margin_95"]
    assert [row[0] for row in document["table"]["rows"]] == REGIONS
    exact, _ = shell.json({"statistic": "frequency", "by": ["region"]})
    for drawn, counted in zip(document["table"]["rows"], exact["table"]["rows"], strict=True):
        assert drawn[1] == pytest.approx(counted[1], abs=20)
    assert document["privacy"]["drawn"] is True
    assert document["privacy"]["loss"] == 0.5
    assert "No privacy budget was debited" in err


def test_every_draw_is_a_new_one(shell: Shell) -> None:
    wide = {**COUNTS, "protect": {**PROTECT, "rho": 0.001}}
    drawn = {json.dumps(shell.json(wide)[0]["table"]["rows"]) for _ in range(3)}
    assert len(drawn) == 3


def test_quote_alone_says_cost_and_margins_and_nothing_of_the_data(shell: Shell) -> None:
    document, err = shell.json(COUNTS, "--quote")
    assert err == ""
    assert document["table"]["columns"] == ["column", "noise_scale", "margin_95"]
    assert "drawn" not in document["privacy"]
    code, out, _ = shell.run(COUNTS, "--quote")
    assert code == 0
    assert "Quote: nothing was drawn" in out
    assert "rho 0.5 of zero-concentrated differential privacy" in out


def test_twin_is_about_nobody_and_the_same_shape(shell: Shell) -> None:
    document, err = shell.json(COUNTS, "--twin")
    assert document["privacy"]["synthetic"] is True
    rows = document["table"]["rows"]
    assert [row[0] for row in rows] == REGIONS
    assert sum(row[1] for row in rows) == pytest.approx(1_000, abs=60)
    assert "Made-up data" in err
    assert "debited" not in err
    shown = shell.run(COUNTS, "--twin")[1]
    assert "Trial on made-up data" in shown


def test_trial_draws_no_picture_of_made_up_numbers(shell: Shell) -> None:
    document, _ = shell.json({**COUNTS, "chart": {"kind": "bar"}}, "--twin")
    assert document["privacy"]["synthetic"] is True


def test_wanted_accuracy_is_turned_into_a_cost(shell: Shell) -> None:
    protect = {"method": "dp", "accuracy": 14, "keys": {"region": REGIONS}}
    document, _ = shell.json({**COUNTS, "protect": protect}, "--quote")
    assert document["privacy"]["loss"] == pytest.approx(0.0092, rel=0.1)
    assert document["privacy"]["columns"][0]["margin_95"] <= 14


@pytest.mark.parametrize(
    ("query", "words", "says"),
    [
        ({"statistic": "frequency", "by": ["region"]}, ["--quote"], "--quote: belongs to queries with differential"),
        ({"statistic": "frequency", "by": ["region"]}, ["--twin"], "--twin: belongs to queries with differential"),
        (COUNTS, ["--quote", "--twin"], "take one of them"),
        ({**COUNTS, "chart": {"kind": "bar"}}, ["--twin", "--charts", "c"], "--charts: nothing of --twin"),
        (COUNTS, ["--quote", "--history", "h", "--commit"], "--commit: nothing of --quote leaves"),
        ({**COUNTS, "protect": {"method": "dp", "rho": 0.5}}, [], "not in the catalogue"),
        ({**COUNTS, "protect": {**PROTECT, "rho": -1}}, [], "protect.rho"),
        ({**COUNTS, "statistic": "gini", "measure": "pay"}, [], "there is no gini with differential privacy"),
        ({**COUNTS, "statistic": "mean", "measure": "pay"}, [], "protect.bounds: is needed"),
    ],
)
def test_what_does_not_fit_is_a_sentence_and_exit_2(
    shell: Shell, query: dict[str, Any], words: list[str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shell.folder)
    code, out, err = shell.run(query, *words)
    assert (code, out) == (2, "")
    assert says in " ".join(err.split())
    assert not (shell.folder / "h" / "losses").exists()


def test_history_adds_up_what_was_committed_and_says_it(shell: Shell, tmp_path: Path) -> None:
    history = tmp_path / "history"
    assert "rho 0.5 over 1 draw, this one among them" in shell.json(COUNTS, "--history", history, "--commit")[1]
    pure = {**COUNTS, "protect": {"method": "dp", "epsilon": 1, "keys": {"region": REGIONS}}}
    assert "rho 1 over 2 draws, this one among them" in shell.json(pure, "--history", history, "--commit")[1]
    assert "rho 1 over 2 draws, without this one" in shell.json(COUNTS, "--history", history)[1]
    with HistoryFolder(history).locked(write=False) as folder:
        count, loss = folder.losses
        assert (count, loss.rho) == (2, 10**9)


def test_loss_is_written_before_anything_is_drawn(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the machine was switched off")

    history = tmp_path / "history"
    monkeypatch.setattr("saferoom.disclosure.checker.draw", broken)
    code, out, err = shell.run(COUNTS, "--history", history, "--commit")
    assert (code, out) == (1, "")
    assert "switched off" not in err
    with HistoryFolder(history).locked(write=False) as folder:
        assert folder.losses[0] == 1


def test_losses_that_were_left_out_are_noticed(shell: Shell, tmp_path: Path) -> None:
    history = tmp_path / "history"
    shell.json(COUNTS, "--history", history, "--commit")
    first = (history / "losses").read_bytes()
    for _ in range(2):
        shell.json(COUNTS, "--history", history, "--commit")
    (history / "losses").write_bytes(first)
    with pytest.raises(IntegrityError, match="lacks something"), HistoryFolder(history).locked(write=False):
        pass
    (history / "losses").unlink()
    with pytest.raises(IntegrityError, match="lacks something"), HistoryFolder(history).locked(write=False):
        pass


def test_history_from_before_there_were_losses_is_read_and_goes_on(shell: Shell, tmp_path: Path) -> None:
    history = tmp_path / "history"
    shell.json({"statistic": "frequency", "by": ["sex"]}, "--history", history, "--commit")
    about = {"purpose": "saferoom/history-folder/1", "what": "head"}
    (history / "head").write_bytes(AtRest(keys.random_key(history / "memory.key")).seal(b"1", about))
    assert "over 1 draw, this one among them" in shell.json(COUNTS, "--history", history, "--commit")[1]
    with HistoryFolder(history).locked(write=False) as folder:
        assert folder.losses[0] == 1


def test_losses_that_were_changed_are_noticed(shell: Shell, tmp_path: Path) -> None:
    history = tmp_path / "history"
    shell.json(COUNTS, "--history", history, "--commit")
    file = history / "losses"
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    with pytest.raises(IntegrityError), HistoryFolder(history).locked(write=False):
        pass
