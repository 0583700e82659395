"""The vocabulary: knobs, records, errors, the front."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.deps import MissingDependency, installed, needs
from workbench.core.errors import BadInput, visible
from workbench.core.knobs import Choice, Span, build, knobs
from workbench.core.records import Estimate, Job, Run, content_hash
from workbench.stats.pareto import hypervolume, pareto_front


@dataclass(frozen=True)
class Example:
    name = "example"
    amount: Annotated[float, Span(0.0, 1.0, 0.1)] = 0.5
    count: Annotated[int, Span(1, 4, 1)] = 1
    kind: Annotated[str, Choice(("a", "b"))] = "a"


def test_knobs_are_read_from_the_annotations():
    assert [(k.name, k.default) for k in knobs(Example)] == [
        ("amount", 0.5),
        ("count", 1),
        ("kind", "a"),
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {"amount": 1.1},
        {"amount": float("nan")},
        {"amount": "x"},
        {"count": 2.0},
        {"count": True},
        {"kind": "c"},
        {"what": 1},
    ],
)
def test_a_setting_outside_its_domain_names_value_expectation_and_remedy(settings):
    with pytest.raises(BadInput) as caught:
        build(Example, settings)

    assert caught.value.value
    assert caught.value.expected
    assert caught.value.remedy
    assert str(caught.value).endswith(".")
    assert str(caught.value).count("\n") == 0


def test_importing_the_package_loads_no_heavy_library():
    code = (
        "import sys, workbench, workbench.core.records, workbench.recipes.rate, "
        "workbench.models, workbench.tasks, workbench.techniques, workbench.runtimes, "
        "workbench.measure, workbench.state.explore, workbench.figures.tradeoff, workbench.jobs;"
        "heavy = {'torch', 'tensorflow', 'onnxruntime', 'transformers', 'sklearn', 'scipy.stats', "
        "'datasets', 'plotly', 'ipywidgets', 'pandas'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_missing_library_names_the_extra():
    with (
        pytest.raises(MissingDependency, match=r"pip install 'llm-workbench\[onnx\]'"),
        needs("onnx", why="a test"),
    ):
        import no_such_library  # noqa: F401
    with pytest.raises(ValueError, match="top-level"):
        installed("a.b")


points = st.lists(
    st.tuples(st.integers(0, 9).map(float), st.integers(0, 9).map(float)), min_size=0, max_size=12
)


@given(points)
def test_the_front_holds_exactly_the_points_that_nobody_beats(some):
    def beaten(p):
        return any(q[0] <= p[0] and q[1] <= p[1] and q != p for q in some)

    assert pareto_front(some).tolist() == [not beaten(p) for p in some]


@given(points)
def test_the_hypervolume_counts_the_dominated_cells(some):
    cells = sum(any(p[0] <= x and p[1] <= y for p in some) for x in range(10) for y in range(10))
    assert hypervolume(some, (10.0, 10.0)) == cells


def test_records_survive_json_and_pass_over_what_a_later_version_added():
    run = Run(
        "r",
        "k",
        "done",
        "m",
        "t",
        "test",
        {},
        {},
        metrics={"accuracy": Estimate(0.5, 0.4, 0.6, 10, "1")},
    )
    data = json.loads(json.dumps(run.to_json()))

    assert Run.from_json({**data, "later": 1}) == run
    assert Job.from_json(json.loads(json.dumps(Job("j", "run", "c", {}).to_json()))).id == "j"


def test_another_schema_is_refused():
    with pytest.raises(BadInput, match="schema 2"):
        Job.from_json({"schema": 2, "id": "j", "kind": "run", "client": "c", "request": {}})


def test_the_content_hash_does_not_depend_on_the_order_of_keys():
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})
    assert content_hash({"a": 1}) != content_hash({"a": 2})


@pytest.mark.parametrize(
    "evil",
    [
        "x" * 10**7,
        "\x1b]0;title\x07\x9b2J",
        "a\nb\r\nc\u2028d\x85e",
        "\u202egnp.exe\u2066\u200f",
        "\ud800" * 1000,
        "\x00" * 1000,
        "\U000e0001" * 1000,
    ],
)
def test_whatever_was_given_the_sentence_is_one_short_line_of_visible_characters(evil):
    err = BadInput(evil, f"one of {evil}", f"remove {evil}")

    assert len(str(err)) < 1000
    assert str(err).replace("…", "").isprintable()
    assert BadInput(**err.to_json()).to_json() == err.to_json()


def test_ordinary_writing_stays_as_it_is():
    words = "列“文本”\u3000的 naïve 👩\u200d💻 می\u200cخواهم 1.4\u202fms"

    assert BadInput(words, "x", "y").value == words
    assert visible("\u202eab\n") == "\\u202eab\\n"
    assert visible("a" * 20 + "end", 9) == "aaaa…aend"


def test_core_stays_small():
    from pathlib import Path

    import workbench.core

    folder = Path(workbench.core.__file__).parent
    assert sum(len(p.read_text().splitlines()) for p in folder.glob("*.py")) <= 600
