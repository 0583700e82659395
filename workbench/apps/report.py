"""All runs in one HTML file that opens anywhere, without a connection."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import groupby
from pathlib import Path

from workbench.core.errors import BadInput
from workbench.core.home import home
from workbench.core.records import Run
from workbench.figures.script import plotly_script
from workbench.figures.tradeoff import Look, draw_tradeoff, tradeoff_info
from workbench.i18n.numbers import change_words, figure, quality_of, speed_words
from workbench.i18n.recipe_words import recipe_words
from workbench.i18n.table import text
from workbench.panels.foreign import escape
from workbench.store import Store, replacing, sweep

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 1100px; color: #1f2933; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: 6px 10px;
border-bottom: 1px solid #e3e7ec; } .plot { height: 420px; } small { color: #5b6875; }
"""


def write_report(out: Path) -> int:
    """Write the file.

    Args:
        out: where; what was there is replaced once the new content is whole.

    Returns:
        How many runs are in it.

    Raises:
        BadInput: if there are no runs, or the folder is missing.
    """
    runs = [run for run in Store(home()).listed() if run.status == "done"]
    if not runs:
        raise BadInput("report", "at least one finished run", "measure one: workbench run --help")
    if not out.parent.is_dir() or out.is_dir():
        raise BadInput(str(out), "a file in a folder that is there", "make the folder first")
    sweep(out.resolve().parent)  # what was left there if an earlier report was killed
    with replacing(out.resolve()) as temporary:
        temporary.write_text(_page(runs), encoding="utf-8")
    return len(runs)


def _page(runs: Sequence[Run]) -> str:
    ordered = sorted(runs, key=lambda run: (run.task, run.model, run.split))
    groups = groupby(ordered, key=lambda run: (run.task, run.model, run.split))
    parts, figures = [], []
    for i, (key, found) in enumerate(groups):
        some = list(found)
        parts.append(_group(i, *key, some))
        judged = quality_of(some[-1].metrics)
        info = tradeoff_info(some, "latency_mean", judged, lambda r: recipe_words(r, "en"))
        figures.append(draw_tradeoff(info, Look()))
    drawn = json.dumps(figures).replace("<", "\\u003c")  # no text in it can end the script
    draw = "(f, i) => Plotly.newPlot(`p${i}`, f.data, f.layout, {displayModeBar: false})"
    scripts = (plotly_script(), f"{drawn}.forEach({draw})")
    first, last = (f"<script>{script}</script>" for script in scripts)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Workbench report</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">'
        f"<style>{STYLE}</style>{first}<h1>Workbench report</h1>"
        f"{''.join(parts)}{last}</html>\n"
    )


def _policy(scripts: Iterable[str]) -> str:
    """Only these scripts run, and nothing is asked of any host; plotly adds styles of its own."""
    hashes = (b64encode(sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _group(number: int, task: str, model: str, split: str, runs: list[Run]) -> str:
    rows = "".join(_row(run) for run in runs)
    heads = ("recipe", "accuracy", "quality", "latency", "speed", "size")
    head = "".join(f"<th>{escape(text(f'table.{name}', 'en'))}</th>" for name in heads)
    machine = runs[-1].environment
    return (
        f"<h2>{escape(model)}</h2><p>{escape(task)} · {escape(split)} split<br>"
        f"<small>{escape(str(machine.get('cpu')))}, {escape(str(machine.get('cores')))} cores, "
        f"{escape(', '.join(machine.get('instructions', ())))}</small></p>"
        f'<div class="plot" id="p{number}"></div>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(run: Run) -> str:
    found = run.metrics

    def shown(metric: str) -> str:
        return figure(metric, found[metric]) if metric in found else ""

    judged = quality_of(found)
    speed, quality = text("verdict.reference", "en"), ""
    if run.reference is not None:
        speed = speed_words(found["speedup_latency"], run.verdicts.get("speedup_latency"), "en")
        quality = change_words(found[f"{judged}_change"], run.verdicts.get(judged), "en")
    cells = [recipe_words(run.recipe, "en"), shown(judged), quality]
    cells += [shown("latency_mean"), speed, shown("size")]
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
