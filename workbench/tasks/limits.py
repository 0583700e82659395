"""What a data file may hold at most, and what is said beyond; all before memory runs out.

A file or task that is too large is refused (exit 2):

* ``FILE_BYTES``: ``rows.csv (3,000,000,000 bytes): expected at most 2,147,483,648 bytes; take a
  sample of it.``
* ``ROWS``: ``rows.csv: expected at most 5,000,000 rows; take a sample of it.``
* ``LINES``: ``rows.csv: expected at most 25,000,000 lines; take a sample of it.``
* ``TASK_CHARS``: ``rows.csv: expected at most 500,000,000 characters of text in all; take a sample
  of it.`` A preview streams and keeps nothing; a task keeps its texts.
* ``COLUMNS``: ``rows.csv (1,000,000 columns): expected at most 2,000 columns; drop some.``
* ``CLASSES``: ``rows.csv: expected at most 5,000 classes; choose the label column.``
* ``ID_CHARS``: ``csv:…: expected at most 30,000 characters; use shorter paths.``
* ``RESCAN_CHARS``: ``rows.csv: line 7: expected quotes that are closed; mend the quotes.``

A row that is too large is left out, and counted with its reason:

* ``CELL_CHARS``: ``line 3: text of 1,000,001 characters, more than 1,000,000``
* ``LABEL_CHARS``: ``line 3: label of 1,001 characters, more than 1,000``
* ``LINE_CHARS``: ``line 3: a line of more than 4,000,000 characters``
"""

FILE_BYTES = 2 * 2**30  # of one file
ROWS = 5_000_000  # of one file or split
LINES = 25_000_000  # of one file: empty ones, and those within rows, take time too
TASK_CHARS = 500_000_000  # of all texts of a task; up to 4 bytes each
COLUMNS = 2_000
CLASSES = 5_000
CELL_CHARS = 1_000_000  # of one text, about 500 pages
LABEL_CHARS = 1_000
LINE_CHARS = 4 * CELL_CHARS  # of one line, and of all lines of one row; more is never kept
RESCAN_CHARS = 25 * LINE_CHARS  # read again in all, after quotes that are never closed
ID_CHARS = 30_000  # of a task id: two paths of 4,096 bytes, percent-encoded, and columns
BAD_ROWS = 1_000  # listed; more are counted only
SLICES = 16  # further columns by which rows are looked at in groups
SLICE_VALUES = 200  # different values of one; with more it tells rows apart, not groups
SLICE_CHARS = 200  # of one value
