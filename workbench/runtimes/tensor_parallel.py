"""One model over several devices: every process holds a share of each layer, and all write as one.

This is what runs in each. ``together.in_processes`` starts them on this machine; so does torchrun:
``python -m torch.distributed.run --nproc-per-node 2 -m workbench.runtimes.tensor_parallel FOLDER
--prompt TEXT``.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from workbench.core.errors import BadInput
from workbench.formats import about, config
from workbench.formats.prompts import Prompts
from workbench.runtimes.decoder import filled

PATIENCE = timedelta(minutes=5)  # for one exchange; the first waits until the slowest has loaded
BACKENDS = {"cpu": "gloo", "cuda": "nccl"}


@dataclass(frozen=True)
class Written:
    """What was written behind prompts, the likeliest token each time.

    Args:
        texts: one per prompt.
        tokens: their token ids.
        seconds: of writing, without loading.
        processes: that held a share.
        logits: float32 (tokens written and the end, vocabulary) for every prompt, if asked for.
    """

    texts: tuple[str, ...]
    tokens: tuple[tuple[int, ...], ...]
    seconds: float
    processes: int
    logits: tuple[np.ndarray, ...] = field(default=(), repr=False, compare=False)


def check(folder: Path, count: int) -> None:
    """Whether a model can be shared out among ``count`` processes.

    Every process takes whole attention heads, and keys and values with them; transformers knows
    for each family which matrices are cut by rows and which by columns, or has no plan for it.

    Raises:
        BadInput: if it cannot.
    """
    from transformers import AutoModelForCausalLM

    if about.describes(folder):
        wanted = "a folder as Hugging Face has it"
        raise BadInput(f"{folder.name} (made here)", wanted, "give the model it was made from")
    described = config.read(folder)
    if type(described) not in AutoModelForCausalLM._model_mapping:
        told = f"model of the type {described.model_type}"
        raise BadInput(told, "a model that writes", "choose another model")
    described = described.get_text_config()
    if count > 1 and not described.base_model_tp_plan:
        told = f"model of the type {described.model_type}"
        wanted = "a family with a plan for sharing out its layers, such as llama, qwen or gemma"
        raise BadInput(told, wanted, "use several worker processes instead")
    heads = described.num_attention_heads
    groups = getattr(described, "num_key_value_heads", None) or heads
    for number, name in ((heads, "attention heads"), (groups, "key and value heads")):
        if number % count:
            wanted = f"a number of processes that divides {number}"
            raise BadInput(f"{number} {name} among {count} processes", wanted, "choose another")


def load(folder: Path, count: int, device: str) -> Any:
    """This process's share of a model; the others of its group load theirs at the same time.

    Args:
        folder: of a causal language model.
        count: processes in the group, which has been joined.
        device: ``cpu`` (float32) or ``cuda`` (as stored); transformers picks the local one.

    Raises:
        BadInput: as ``check`` and ``formats.state.network`` do.
    """
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.distributed.configuration_utils import DistributedConfig

    from workbench.formats.state import network

    check(folder, count)
    kind = type(config.read(folder))
    made: Any = AutoModelForCausalLM._model_mapping[kind]

    def shared(*given: Any, **more: Any) -> Any:
        wish = DistributedConfig(tp_size=count, tp_plan="auto")
        return made.from_pretrained(*given, **more, distributed_config=wish)

    # ``network`` reads and checks a stranger's weights; it asks this class to be filled with them
    there = type(made.__name__, (made,), {"from_pretrained": staticmethod(shared)})
    width = torch.float32 if device == "cpu" else None
    model = network(folder, SimpleNamespace(_model_mapping={kind: there}), width)
    return model.eval() if count > 1 else model.eval().to(device)


def write(
    model: Any, prompts: Prompts, rows: Sequence[Sequence[int]], tokens: int, logits: bool = False
) -> Written:
    """Write behind prompts; every process of the group does so and comes to the same.

    Args:
        model: this process's share, or a whole model where there is no group.
        prompts: its tokenizer.
        rows: token ids of the prompts.
        tokens: written behind each at most; the longest must leave room for one.
        logits: whether to keep them.
    """
    import torch
    from transformers.generation.logits_process import LogitsProcessorList

    ends = sorted(prompts.ends)
    ids, mask = (torch.from_numpy(x).to(model.device) for x in filled(rows, left=True))
    count = torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1
    start = time.perf_counter()
    with torch.inference_mode():
        told = model.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=min(tokens, prompts.positions - ids.shape[1]),
            do_sample=False,
            eos_token_id=ends or None,
            pad_token_id=ends[0] if ends else 0,
            output_logits=logits,
            return_dict_in_generate=True,
            logits_processor=LogitsProcessorList([_agreed] if count > 1 else []),
        )
    found = told.sequences[:, ids.shape[1] :].cpu().tolist()
    seconds = time.perf_counter() - start
    kept = tuple(tuple(_until(row, ends)) for row in found)
    texts = tuple(prompts.text(row) for row in kept)
    scores: tuple[np.ndarray, ...] = ()
    if logits:
        steps = torch.stack(told.logits, dim=1).float().cpu().numpy()
        scores = tuple(one[: len(row) + 1] for one, row in zip(steps, kept, strict=True))
    return Written(texts, kept, seconds, count, scores)


def _agreed(_: Any, scores: Any) -> Any:
    """Scores in which only the first process's choice is left.

    Where two tokens are as likely, devices may round to different ones; then one process would
    end while another waits for it.
    """
    import torch

    token = scores.argmax(dim=-1, keepdim=True)
    torch.distributed.broadcast(token, 0)
    return torch.full_like(scores, -torch.inf).scatter(1, token, 0.0)


def _until(row: list[int], ends: Sequence[int]) -> list[int]:
    place = next((i for i, token in enumerate(row) if token in ends), len(row))
    return row[:place]


def main() -> int:
    """One process of the group; the first prints what was written as JSON. 2 for bad input."""
    given = _arguments()
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints goes elsewhere
    rank, count = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    if given.parent and sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # nobody waits for what an orphan writes
        if os.getppid() != given.parent:
            return 1
    if given.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # transformers takes any GPU that it sees
    try:
        answer = _share(given, count)
        code = 0
    except BadInput as err:
        answer, code = {"error": err.to_json()}, 2
    if rank == 0:
        out.write(json.dumps(answer) + "\n")
        out.flush()
    return code


def _share(given: argparse.Namespace, count: int) -> dict[str, Any]:
    """Load, write, leave the group."""
    import torch

    check(given.folder, count)
    prompts = Prompts(given.folder)
    rows = [prompts.encode(prompt) for prompt in given.prompt]
    torch.set_num_threads(given.threads)
    rank = int(os.environ["RANK"])
    if given.device == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    where = f"file://{given.meet}" if given.meet else "env://"
    torch.distributed.init_process_group(
        BACKENDS[given.device], init_method=where, rank=rank, world_size=count, timeout=PATIENCE
    )
    try:
        model = load(given.folder, count, given.device)
        found = write(model, prompts, rows, given.tokens, given.logits is not None)
    finally:
        with suppress(RuntimeError):  # the others may have left before
            torch.distributed.destroy_process_group()
    if given.logits is not None and rank == 0:
        np.savez(given.logits, *found.logits)
    return asdict(replace(found, logits=()))


def _arguments() -> argparse.Namespace:
    read = argparse.ArgumentParser(prog="workbench.runtimes.tensor_parallel", description=__doc__)
    read.add_argument("folder", type=Path, help="of a causal language model")
    read.add_argument("--prompt", action="append", default=[], help="may be given often")
    read.add_argument("--prompts", type=Path, help="a file with more of them, a list in JSON")
    read.add_argument("--tokens", type=int, default=64, help="written behind each at most")
    read.add_argument("--device", choices=tuple(BACKENDS), default="cpu")
    read.add_argument("--threads", type=int, default=1, help="of each process")
    read.add_argument("--logits", type=Path, help="an .npz file to put them into")
    read.add_argument("--meet", help="a new file in which the processes find each other")
    read.add_argument("--parent", type=int, help="process with which this one ends")
    given = read.parse_args()
    if given.prompts:  # nobody reads them in a list of processes, and they may be long
        given.prompt += json.loads(given.prompts.read_text("utf-8"))
    if not given.prompt:
        read.error("give --prompt or --prompts")
    return given


if __name__ == "__main__":
    sys.exit(main())
