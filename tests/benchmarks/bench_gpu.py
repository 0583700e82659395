"""A model of billions of weights on a GPU: bf16, INT8, FP8 and INT4 against ``generate``.

The model is random and of Llama's type, with the layers of its 8B and as many as are asked for;
``--layers 16`` has 3.8 billion weights. Nothing else may be using the GPU. Every row is kept in
``--out`` as soon as it is measured: all recipes are opened at once and take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bench_generation import cell  # run as a script, it lies beside this one

COLUMNS = ("recipe", "tokens/s, 1", "32", "floor, 1", "of the floor, %", "speed-up, 1", "32",
           "first token, ms", "size, GB", "GPU memory, GB", "n")  # fmt: skip
SHAPE = {
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 32_000,
    "max_position_embeddings": 2048,
}
CANDIDATE = "bf16, compiled"
SMALL = {**SHAPE, "hidden_size": 512, "intermediate_size": 1024}


def model(folder: Path, layers: int, shape: dict[str, int], device: str) -> Path:
    """A random one in bfloat16, with a tokenizer whose ids it has rows for."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from case_studies.news_generation.corpus import corpus
    from case_studies.news_generation.tokens import learnt

    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device(device):
        made = LlamaForCausalLM(LlamaConfig(**shape, num_hidden_layers=layers))
    torch.set_default_dtype(torch.float32)
    print(f"{sum(p.numel() for p in made.parameters()):,} weights", flush=True)
    made.to("cpu").save_pretrained(folder)
    learnt(corpus("validation")).save(str(folder / "tokenizer.json"))
    return folder


def recipes(device: str) -> dict[str, Any]:
    """Name to recipe; the reference, ``generate`` with the weights as they are, is not there."""
    from workbench.recipes.recipe import Recipe
    from workbench.runtimes import Torch, TorchCompile
    from workbench.techniques import Fp8, WeightOnly

    compiled = TorchCompile(device=device)
    return {
        CANDIDATE: Recipe(compiled),
        "INT8, compiled": Recipe(compiled, (WeightOnly(),)),
        "FP8, compiled": Recipe(compiled, (Fp8(),)),
        "INT4, compiled": Recipe(compiled, (WeightOnly(bits=4),)),
        "INT8, not compiled": Recipe(Torch(device=device), (WeightOnly(),)),
    }


def made(recipe: Any, folder: Path, kept: dict[Any, Path]) -> Path:
    """What a recipe makes of the model; techniques are applied once."""
    from workbench.core.artifact import Context
    from workbench.formats import load, save
    from workbench.recipes.registry import WAYS

    if not recipe.techniques:
        return folder
    if recipe.techniques not in kept:
        (config,) = recipe.techniques
        place = folder.with_name(f"small-{len(kept)}")
        began = time.monotonic()
        save(WAYS[config.name, "torch"].handler(load(folder), config, Context(place)), place)
        print(f"{config}: made in {time.monotonic() - began:.0f} s", flush=True)
        kept[recipe.techniques] = place
    return kept[recipe.techniques]


def row(name: str, found: Any, side: str, size: int, rate: float) -> str:
    """A line of the table, of one side of the launches."""
    from workbench.measure.pacing import speed

    beside = None if side == "reference" else "reference"
    launches = [
        {"reference": beside and launch[beside], "candidate": launch[side]}
        for launch in found.launches
    ]
    told = speed(launches)
    shown = partial(cell, told)
    floor = rate / size
    cells = (
        name, shown("decode_1"), shown("decode_32", digits=0), f"{floor:.0f}",
        f"{100 * told['decode_1'].value / floor:.0f}", shown("speedup_latency", digits=2),
        shown("speedup_32", digits=2), shown("first_token_p50", 1e3), f"{size / 1e9:.2f}",
        f"{told['memory'].value / 1e9:.1f}", str(told["decode_1"].n),
    )  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def prepare(asked: argparse.Namespace) -> tuple[Path, float]:
    """The model's folder, and how many bytes a second the device can read."""
    from workbench.jobs.setup import register
    from workbench.measure import environment, pacing
    from workbench.measure.ceiling import ceiling

    register()
    pacing.BATCHES = (1, 32)
    roof = ceiling(1, device=asked.device)
    here = environment()
    print(json.dumps({"gpu": here.gpu, "libraries": dict(here.libraries), **roof.to_json()}))
    folder = Path(tempfile.mkdtemp()) / "whole"
    shape = SMALL if asked.small else SHAPE
    return model(folder, asked.layers, shape, asked.device), max(roof.memory.values())


def sides(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Name to side: ``reference``, and what every recipe made; what cannot be made is told."""
    from workbench.measure import Side

    kept: dict[Any, Path] = {}
    found = {"reference": Side(folder, {"name": "torch", "device": asked.device})}
    for name, recipe in recipes(asked.device).items():
        if asked.only and name not in (CANDIDATE, *asked.only):
            continue
        try:
            small = made(recipe, folder, kept)
        except Exception as err:  # the others are still worth their time
            print(f"{name}: {type(err).__name__}: {str(err)[-1500:]}", flush=True)
            continue
        found[name] = Side(small, recipe.to_json()["runtime"])
    # whoever is asked for outputs, which nobody looks at here, has to be there
    found["candidate"] = found.pop(CANDIDATE)
    return found


def table(asked: argparse.Namespace) -> None:
    """Measure all recipes turn by turn; after every launch what there is is in the file."""
    from workbench.measure import pacing

    began = time.monotonic()
    folder, rate = prepare(asked)
    tried = sides(folder, asked)
    print(f"{time.monotonic() - began:.0f} s: made", flush=True)

    def tell(found: Any) -> None:
        lines = ["| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
        for name, side in tried.items():
            size = sum(f.stat().st_size for f in side.folder.glob("*.safetensors"))
            known = {"reference": "bf16, `generate`", "candidate": CANDIDATE}
            lines.append(row(known.get(name, name), found, name, size, rate))
        asked.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{time.monotonic() - began:.0f} s: {len(found.launches)} launches", flush=True)
        print("\n".join(lines), flush=True)

    wanted = pacing.Wanted([f"record: {'x ' * (20 + i)}\n" for i in range(40)], 1, tokens=8)
    many = (asked.launches,)
    tell(pacing.paced(tried, wanted, launches=many, on_launch=lambda some: _told(some, tell)))


def _told(found: Any, tell: Callable[[Any], None]) -> None:
    """An interval takes two."""
    if len(found.launches) > 1:
        tell(found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, default=16)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true", help="narrow layers, to try it out")
    parser.add_argument("--only", nargs="*", help="names of recipes")
    parser.add_argument("--launches", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("bench_gpu.md"))
    os.environ.setdefault("WORKBENCH_HOME", tempfile.mkdtemp())
    table(parser.parse_args())


if __name__ == "__main__":
    main()
