"""What a model folder may hold at most; beyond, it is refused before anything is read."""

HEADER_BYTES = 100 * 2**20  # of one safetensors file; the format's own limit
JSON_BYTES = 20 * 2**20  # of one configuration file
TOKENIZER_BYTES = 200 * 2**20  # of tokenizer.json
INDEX_BYTES = 50 * 2**20  # of the pickled index in a torch zip
FILES = 10_000  # in a folder, those in folders below it included
SWELL = 4  # times the stored weights: how large a model the configuration may describe
