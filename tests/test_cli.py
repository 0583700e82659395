"""The command: one document with --json, one sentence for bad input, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import psutil
import pytest
from fakes import checkpoint, sentences, write_csv
from test_generate import writer


def command(*arguments, home=None):
    environment = {**os.environ, "WORKBENCH_FAST": "1"}
    if home is not None:
        environment["WORKBENCH_HOME"] = str(home)
    return subprocess.run(
        [sys.executable, "-m", "workbench", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=180,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("models", "--nonsense"),
        ("inspect", "/nowhere"),
        ("inspect", "hf:nobody/nothing"),
        ("preview", "/nowhere.csv"),
        ("tune", "--model", "nobody", "--task", "shopdesk"),
        ("tune", "--model", "all-MiniLM-L6-v2", "--task", "csv:/nowhere.csv"),
        ("run", "--model", "all-MiniLM-L6-v2", "--task", "shopdesk", "--recipe", "{}"),
        ("run", "--model", "all-MiniLM-L6-v2", "--task", "shopdesk", "--recipe", "{bad"),
        ("run", "--model", "all-MiniLM-L6-v2", "--task", "shopdesk"),
        ("jobs", "--cancel", "none"),
        ("report", "--out", "/nowhere/x.html"),
        ("app", "--port", "99999"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(arguments, home):
    done = (
        command(*arguments, "--json")
        if "report" not in arguments and "app" not in arguments
        else command(*arguments)
    )

    assert done.returncode == 2, done.stderr
    assert done.stderr.strip().count("\n") == 0
    assert "Traceback" not in done.stderr
    if "--json" in done.args:
        assert set(json.loads(done.stdout)["error"]) == {"value", "expected", "remedy"}


def test_lists_are_json_with_an_id_for_every_entry():
    models = json.loads(command("models", "--json").stdout)
    tasks = json.loads(command("tasks", "--json").stdout)
    runs = json.loads(command("runs", "--json").stdout)

    assert models["schema"] == 1
    assert models["models"][0]["id"] == "all-MiniLM-L6-v2"
    assert tasks["tasks"][0]["id"] == "shopdesk"
    assert runs == {"schema": 1, "runs": []}
    assert "all-MiniLM-L6-v2" in command("models", "--recommend", "--language", "en").stdout


def test_inspect_loads_and_runs_one_input(tmp_path):
    folder = checkpoint(tmp_path / "hf")
    told = json.loads(command("inspect", folder, "--load", "--json").stdout)

    assert told["loaded"] is True
    assert told["format"] == "safetensors"
    assert told["parameters"] > 1000
    assert told["warnings"] == []


def test_preview_shows_columns_classes_and_bad_rows(tmp_path):
    path = write_csv(tmp_path / "d.csv", [*sentences(12), ("", "money")])
    told = json.loads(command("preview", path, "--json").stdout)

    assert told["columns"] == ["text", "label"]
    assert told["rows"] == 12
    assert told["bad_rows"] == [{"line": 14, "reason": "no text"}]


def test_from_tuning_to_the_report(tmp_path, home):
    folder = checkpoint(tmp_path / "hf")
    train = write_csv(tmp_path / "train.csv", sentences(150), header=("words", "kind"))
    test = write_csv(tmp_path / "test.csv", sentences(30, seed=2), header=("words", "kind"))
    task = ("--task", f"csv:{train},{test}", "--text-column", "words", "--label-column", "kind")
    tuned = json.loads(command("tune", "--model", folder, *task, "--json").stdout)
    recipe = {"techniques": [{"name": "dynamic_int8"}], "runtime": {"name": "onnxruntime"}}

    ran = command("run", "--model", tuned["id"], *task, "--recipe", json.dumps(recipe), "--json")
    run = json.loads(ran.stdout)

    assert ran.returncode == 0, ran.stderr
    assert run["status"] == "done"
    assert run["metrics"]["speedup_latency"]["n"] == len(run["launches"]) == 1
    listed = json.loads(command("runs", "--json").stdout)["runs"]
    assert {r["id"] for r in listed} == {run["id"], run["reference"]}
    done = command("report", "--out", tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    assert done.returncode == 0
    assert "ONNX Runtime" in page
    assert 'src="http' not in page
    stop(home)


def stop(home):
    pid = json.loads((home / "server.json").read_text())["pid"]
    psutil.Process(pid).terminate()
    until = time.monotonic() + 15
    while psutil.pid_exists(pid) and time.monotonic() < until:
        time.sleep(0.1)


def test_a_model_that_writes_is_trained_and_measured_on_pairs_in_a_file(tmp_path, home):
    folder = writer(tmp_path / "llama", "llama")
    rows = [{"prompt": f"rain {i}?", "target": f"it rained {i} times"} for i in range(20)]
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    task = f"csv:{pairs}?kind=generation&text_column=prompt&target_column=target"

    told = command("tune", "--model", folder, "--task", task, "--epochs", "60")
    assert told.returncode == 0, told.stderr
    name, *lines = told.stdout.splitlines()
    assert "--full-" in name, "all weights, where nobody says how"
    cost = next(line for line in lines if "bits_per_byte" in line)
    assert "%" not in cost
    refused = command("tune", "--model", folder, "--task", task, "--epochs", "501")
    assert "from 1 to 500" in refused.stderr
    recipe = json.dumps({"runtime": {"name": "torch"}})
    ran = command("run", "--model", name, "--task", task, "--recipe", recipe, "--json")
    assert json.loads(ran.stdout)["status"] == "done", ran.stderr
    stop(home)
