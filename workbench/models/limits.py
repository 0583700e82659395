"""What a model folder may hold at most; beyond, it is refused before anything is read."""

HEADER_BYTES = 100 * 2**20  # of one safetensors file; the format's own limit
JSON_BYTES = 20 * 2**20  # of one configuration file
DEPTH = 60  # levels of nesting in one configuration file
TOKENIZER_BYTES = 200 * 2**20  # of tokenizer.json
INDEX_BYTES = 50 * 2**20  # of the pickled index in a torch zip
TENSORS = 1_000_000  # in one folder
FILES = 10_000  # in a folder, those in folders below it included
NUMBER = 2**20  # of heads, labels and the like in a configuration
SWELL = 4  # weights that the configuration may describe per stored byte
PRUNED = 40  # times more where structured pruning cut the weights: the configuration stays
