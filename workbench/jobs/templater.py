"""``python -m workbench.jobs.templater SCRATCH``: the process that fills in a chat template.

A template is a program of a stranger: it gets messages, no file, little memory and little time.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from workbench.core.errors import BadInput
from workbench.jobs.limits import PROMPT_CHARS
from workbench.jobs.worker import die_with_parent, own_stdout
from workbench.models import cage
from workbench.models.files import shown

MEMORY, CPU_SECONDS = 256 * 2**20, 10
REMEDY = "mend it, or go on from the text as it is: generate --raw"


def main() -> None:
    """Import what is trusted, close the cage, fill in."""
    from transformers.utils.chat_template_utils import render_jinja_template  # noqa: F401 (now)

    given = json.loads(sys.stdin.buffer.read())
    die_with_parent()
    out = own_stdout()
    cage.close((), Path(sys.argv[1]), MEMORY, CPU_SECONDS)
    try:
        told: dict[str, Any] = {"prompts": filled(**given)}
    except BadInput as err:
        told = {"error": err.to_json()}
    out.write(json.dumps(told))
    out.flush()


def filled(template: str, words: dict[str, str], prompts: list[str]) -> list[str]:
    """The template around each prompt.

    Raises:
        BadInput: if it cannot be filled in with one message of a user, or makes too much of it.
    """
    from transformers.utils.chat_template_utils import render_jinja_template

    render: Any = render_jinja_template
    chats = [[{"role": "user", "content": prompt}] for prompt in prompts]
    try:
        found = render(
            conversations=chats, chat_template=template, add_generation_prompt=True, **words
        )
    except Exception as err:  # a program of a stranger may raise anything
        said = shown(" ".join(f"{type(err).__name__} {err}".split()))
        raise BadInput(
            f"chat template ({said})", "one that takes a user's message", REMEDY
        ) from err
    texts = list(map(str, found[0] if isinstance(found, tuple) else found))
    for text in texts:
        if len(text) > 2 * PROMPT_CHARS:
            told = f"chat template (it makes {len(text):,} characters of a prompt)"
            raise BadInput(told, f"at most {2 * PROMPT_CHARS:,} characters", REMEDY)
    return texts


if __name__ == "__main__":
    main()
