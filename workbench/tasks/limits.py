"""What a data file may hold at most; beyond, it is refused before memory runs out."""

FILE_BYTES = 2 * 2**30  # of one file
ROWS = 5_000_000  # of one split
CELL_CHARS = 10_000_000  # of one text; longer ones are left out as bad rows
LINE_CHARS = 4 * CELL_CHARS  # of one physical line; a longer one is not even read to its end
COLUMNS = 2_000
CLASSES = 5_000
BAD_ROWS = 1_000  # listed; more are counted only
