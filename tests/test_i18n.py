"""Both languages say everything, and numbers read as people read them."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

import workbench
from workbench.core.errors import BadInput
from workbench.core.knobs import knobs
from workbench.core.records import Estimate, Verdict
from workbench.i18n.errors import translate_error, translated
from workbench.i18n.numbers import change_words, duration, figure, interval, speed_words
from workbench.i18n.recipe_words import recipe_words
from workbench.i18n.table import AREAS, TEXTS, text
from workbench.recipes.registry import RUNTIMES, TECHNIQUES

SOURCES = sorted(Path(workbench.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("key", TEXTS)
def test_a_text_is_there_in_both_languages_with_the_same_values(key):
    english, chinese = TEXTS[key]

    def names(words):
        return sorted(name for _, name, _, _ in string.Formatter().parse(words) if name)

    assert english.strip()
    assert chinese.strip()
    assert names(english) == names(chinese)


def test_no_key_is_written_twice():
    assert len(TEXTS) == sum(len(area.TEXTS) for area in AREAS)


def test_every_key_that_the_code_asks_for_is_in_the_table():
    asked = set()
    for path in SOURCES:
        found = re.findall(r'\b(?:say|text)\(\s*"([a-z_]+\.[a-z_. ]+)"', path.read_text("utf-8"))
        asked |= set(found)
    assert asked
    assert asked <= set(TEXTS)


def test_every_technique_runtime_and_knob_has_its_words():
    entries = [("technique", e) for e in TECHNIQUES.values()]
    entries += [("runtime", e) for e in RUNTIMES.values()]
    for kind, entry in entries:
        assert f"{kind}.{entry.name}" in TEXTS
        for knob in knobs(entry.config_type):
            assert f"knob.{knob.name}" in TEXTS


def phrases():
    """Every literal second and third argument of BadInput, values as ``{…}``."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if named and node.func.id in ("BadInput", "HostFailed") and len(node.args) == 3:
                for part in node.args[1:]:
                    if (words := literal(part)) is not None:
                        yield pytest.param(words, id=f"{path.stem}:{node.lineno}:{words[:30]}")


def literal(node):
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(p.value if isinstance(p, ast.Constant) else "X1" for p in node.values)
    return None


@pytest.mark.parametrize("phrase", list(phrases()))
def test_an_errors_phrase_is_translated(phrase):
    chinese = translated(phrase)
    where = "texts_expected.py or texts_remedies.py"
    assert re.search("[\u4e00-\u9fff]", chinese), f"add {phrase!r} to {where}"


def test_an_error_reads_as_one_sentence_in_either_language():
    err = BadInput("port 80", "a free port from 1024 to 65535", "choose another with --port")

    assert translate_error(err, "en") == str(err)
    assert translate_error(err, "zh").startswith("port 80：应为")


FAST = Estimate(6.2, 5.8, 6.7, 3, "1")
DROP = Estimate(-0.007, -0.013, -0.001, 480, "1")


def test_numbers_read_with_unit_and_interval():
    assert figure("accuracy", Estimate(0.9241, 0.9, 0.94, 480, "1")) == "92.4\u202f%"
    assert figure("latency_mean", Estimate(0.00142, 0.001, 0.002, 3, "s")) == "1.4\u202fms"
    assert figure("size", Estimate(22.68e6, 22e6, 23e6, 1, "B")) == "22.7\u202fMB"
    assert interval("latency_mean", Estimate(0.0014, 0.0012, 0.0017, 3, "s"), "en") == (
        "1.2 – 1.7 · 95\u202f%"
    )
    assert duration(138) == "2:18"


def test_verdicts_read_as_sentences():
    assert speed_words(FAST, Verdict("faster"), "en") == "6.2× faster (5.8 to 6.7)"
    slow = Estimate(0.5, 0.4, 0.625, 3, "1")
    assert speed_words(slow, Verdict("slower"), "en") == "2.0× slower (1.6 to 2.5)"
    assert change_words(DROP, Verdict("worse"), "en") == "0.7 points lower (0.1 to 1.3)"
    said = change_words(DROP, Verdict("cannot tell", 1200), "en")
    assert said == "cannot tell: about 1,200 rows in all would settle it"
    assert "1,200" in change_words(DROP, Verdict("cannot tell", 1200), "zh")


def test_a_recipe_in_words():
    recipe = {
        "techniques": [
            {"name": "structured_pruning", "ffn": 0.5, "layers": 0.0, "heads": 0.0},
            {"name": "dynamic_int8"},
        ],
        "runtime": {"name": "onnxruntime", "threads": 2},
    }
    assert recipe_words(recipe, "en") == "Units removed 50 % + INT8 · ONNX Runtime · 2 threads"
    plain = {"techniques": [], "runtime": {"name": "torch"}}
    assert recipe_words(plain, "zh") == "PyTorch fp32"
    assert text("measure.button", "zh") == "测量"
