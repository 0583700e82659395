"""What tests of the news page share: a tiny model, a client moved on by hand, an event."""

from __future__ import annotations

from dataclasses import replace

from case_studies.news_generation.corpus import corpus
from case_studies.news_generation.desk_session import DeskSession
from case_studies.news_generation.desk_state import DeskState
from case_studies.news_generation.grammar import Brief
from case_studies.news_generation.tokens import END, PAD, RECORD, learnt
from workbench.core.records import Job

QUAKE = {
    **{"place": "Ostmere", "magnitude": "6.3", "depth": "12", "date": "2026-03-07"},
    **{"time": "14:35", "injured": "", "homes": ""},
}
BRIEF = Brief(
    "Earthquake of 6.3 hits Ostmere",
    "It struck at 14:35 on 7 March 2026 at a depth of 21 km, and 340 people were hurt.",
)


def model(folder):
    """A small random Llama that reads records; the facts of its briefs are all missing."""
    import torch
    import transformers as t

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = learnt(corpus("validation")[:500])
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    ids = {name: tokenizer.token_to_id(sign) for name, sign in (("pad", PAD), ("eos", END))}
    config = t.LlamaConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=tokenizer.get_vocab_size(),
        max_position_embeddings=320,
        tie_word_embeddings=False,
        bos_token_id=tokenizer.token_to_id(RECORD),
        **{f"{name}_token_id": value for name, value in ids.items()},
    )
    t.LlamaForCausalLM(config).save_pretrained(folder)
    return folder


class Desk:
    """A client whose jobs a test moves on by hand."""

    id = "owner"

    def __init__(self):
        self.asked, self.cancelled, self.refuse = [], [], {}

    def submit(self, kind, request):
        if error := self.refuse.get(len(self.asked)):
            self.asked.append(None)
            raise error
        job = Job(f"j{len(self.asked)}", kind, self.id, request)
        self.asked.append(job)
        return job

    def jobs(self):
        return tuple(job for job in self.asked if job)

    def cancel(self, job):
        self.cancelled.append(job)

    def follow(self, listener):
        self.tell = listener
        return lambda: None

    def write(self, job, *pieces):
        for piece in pieces:
            self.tell({"type": "text", "job": job, "pieces": [piece]})

    def end(self, job, status="done", result=None, error=None):
        ended = replace(self.asked[int(job[1:])], status=status, result=result, error=error)
        self.tell({"type": "job", "job": ended.to_json()})


def result(text, tokens=40):
    return {
        **{"texts": [text], "tokens": [tokens], "prompt_tokens": [9]},
        **{"first_s": 0.2, "seconds": 2.0},
    }


def desk(home, client=None, **more):
    session = DeskSession(client or Desk(), home, **more)
    state = DeskState(session, "newsdesk-lm")
    state.models.way = "torch"
    session.start()
    return state


def quake(state):
    state.event.choose("earthquake", "en")
    for name, value in QUAKE.items():
        state.event.set_slot(name, value)
    return state


def all_texts(nodes):
    for node in nodes:
        if "kids" in node:
            yield from all_texts(node["kids"])
        else:
            yield node["text"]
