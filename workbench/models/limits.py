"""What a model folder may hold at most; beyond, it is refused before it costs time or memory.

Every limit tells what went beyond it, what is allowed, and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.core.errors import BadInput

TRUST = "use a model from a source that you trust"


@dataclass(frozen=True)
class Limit:
    """The most there may be of something.

    Args:
        most: still allowed.
        unit: what is counted, as a plural.
    """

    most: int
    unit: str

    def check(self, found: int, where: str) -> None:
        """Refuse more than is allowed.

        Args:
            found: how much there is.
            where: a file, or a file and the entry in it.

        Raises:
            BadInput: if ``found`` is more than ``most``.
        """
        if found > self.most:
            raise BadInput(
                f"{where} ({found:,} {self.unit})", f"at most {self.most:,} {self.unit}", TRUST
            )


# the folder
FILES = Limit(10_000, "files and folders")  # all that lie below it
WEIGHT_BYTES = Limit(64 * 2**30, "bytes of weights")  # of all weight files, and never above memory
TENSORS = Limit(50_000, "tensors")  # a model of 126 layers has some 1,200
RANK = Limit(8, "dimensions")
GRAPH_BYTES = Limit(2 * 2**30, "bytes of graph")  # of one ONNX file: protobuf's own maximum
# its text files
JSON_BYTES = Limit(8 * 2**20, "bytes")  # of one configuration file
TEXT_BYTES = Limit(
    40 * 2**20, "bytes"
)  # of tokenizer.json, vocab.txt and the like: Gemma has 34 MB
HEADER_BYTES = Limit(16 * 2**20, "bytes of header")  # of one safetensors file
VALUES = Limit(4_000_000, "values")  # in one JSON file: about 100 bytes of memory each
DEPTH = Limit(60, "levels of nesting")
# a torch zip
INDEX_BYTES = Limit(16 * 2**20, "bytes of index")  # its pickled list of tensors
OPERATIONS = Limit(60 * TENSORS.most, "operations")  # of that pickle; a BERT has 39 per tensor
ENTRIES = Limit(TENSORS.most + 100, "entries")
# a configuration
NUMBER = Limit(2**20, "of one kind")  # heads, labels and the like
SWELL = 4  # weights that the configuration may describe per stored byte
PRUNED = 40  # times more where structured pruning cut the weights: the configuration stays
# a tokenizer
STEPS = Limit(100, "steps")  # normalizers, splitters, processors, decoders
PATTERN = Limit(2_000, "characters of pattern")
GROWTH = Limit(64, "characters made of one")  # by what the normalizers put in its place
LONGEST_WORD = Limit(1_000, "characters of a word")  # WordPiece tries every part of a word
ADDED = Limit(50_000, "added tokens")
# a chat template: it is never filled in; a number above this would only be there to keep it busy
TEMPLATE_BYTES = Limit(2**20, "bytes of template")
ROUNDS = Limit(10**6, "rounds")
# loading once, in a process of its own
SECONDS = 180  # from start to answer, and one more for every LOADED_PER_S bytes of weights
LOADED_PER_S = 20 * 2**20
CPU_SECONDS = 90  # likewise, of processor time
MEMORY = 2**30  # bytes beside what the libraries take, and COPIES times the weights
COPIES = 4  # as read, widened to 32 bits (twice half a file's), and one to work with
