"""The modules that a torch artifact holds: ``forward(ids, mask)`` gives logits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from workbench.formats import config
from workbench.formats.about import WRITES, About


class Pooled(nn.Module):
    """A backbone, the mean of its token vectors, and a linear head.

    Source:
        Mean pooling: Reimers and Gurevych 2019, arXiv:1908.10084, sec. 3.
    """

    def __init__(self, encoder: Any, about: About) -> None:
        super().__init__()
        self.encoder, self.about = encoder, about
        self.head = nn.Linear(int(encoder.config.hidden_size), len(about.labels))

    def features(self, input_ids: Any, attention_mask: Any) -> Any:
        """Mean of the token vectors under the mask, (batch, hidden)."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask)[0]
        return _mean(hidden, attention_mask)

    def forward(self, input_ids: Any, attention_mask: Any) -> Any:
        """Logits (batch, classes)."""
        return self.head(self.features(input_ids, attention_mask))

    def states(self, input_ids: Any, attention_mask: Any) -> tuple[Any, tuple[Any, ...]]:
        """Logits, and the token vectors that every layer takes and the last one gives."""
        out = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True
        )
        return self.head(_mean(out[0], attention_mask)), out.hidden_states


class Headed(nn.Module):
    """A Hugging Face model with a classification head of its own."""

    def __init__(self, encoder: Any, about: About) -> None:
        super().__init__()
        self.encoder, self.about = encoder, about
        if encoder.config.pad_token_id is None:  # a decoder looks for the last token before it
            encoder.config.pad_token_id = 0

    def forward(self, input_ids: Any, attention_mask: Any) -> Any:
        """Logits (batch, classes)."""
        return self.encoder(input_ids=input_ids, attention_mask=attention_mask).logits

    def states(self, input_ids: Any, attention_mask: Any) -> tuple[Any, tuple[Any, ...]]:
        """Logits, and the token vectors that every layer takes and the last one gives."""
        out = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True
        )
        return out.logits, out.hidden_states


class Writer(nn.Module):
    """A causal language model; ``encoder`` is its backbone, without the head for tokens."""

    def __init__(self, model: Any, about: About) -> None:
        super().__init__()
        self.model, self.about = model, about

    @property
    def encoder(self) -> Any:
        """What lies below the head."""
        return self.model.base_model

    def forward(self, input_ids: Any, attention_mask: Any) -> Any:
        """Logits (batch, length, vocabulary): of the token behind each one."""
        return self.states(input_ids, attention_mask)[0]

    def states(self, input_ids: Any, attention_mask: Any) -> tuple[Any, tuple[Any, ...]]:
        """Logits, and the token vectors that every layer takes and the last one gives."""
        out = self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            output_hidden_states=True,
            use_cache=False,
        )
        return out.logits, out.hidden_states


def _mean(hidden: Any, mask: Any) -> Any:
    """Mean of the token vectors under the mask, (batch, hidden)."""
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1)


def empty(folder: Path, about: About) -> Pooled | Headed | Writer:
    """The module of an artifact folder, its weights not yet filled in."""
    import transformers
    from transformers.initialization import no_init_weights

    from workbench.formats.torch import without_pooler

    described = config.read(folder)
    with no_init_weights():
        if about.pooling == WRITES:
            model = transformers.AutoModelForCausalLM.from_config(described)
            model.tie_weights()
            return Writer(model, about)
        if about.pooling == "model":
            made = transformers.AutoModelForSequenceClassification.from_config(described)
            return Headed(made, about)
        return Pooled(without_pooler(transformers.AutoModel.from_config(described)), about)
