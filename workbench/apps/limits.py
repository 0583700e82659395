"""What a published page takes at most; beyond, a visitor sees one sentence and nothing breaks."""

PLACES = 24  # visits at once, each with a kernel of about 100 MB; `workbench app --places`
MOST_PLACES = 500
POOL = 2  # kernels kept ready besides
ARRIVE_S = 120.0  # from the page to its first connection; then its kernel ends
LEAVE_S = 10.0  # from a page's last connection to the end of its kernel
BODY_BYTES = 64 * 1024  # of one request
HEADER_BYTES = 32 * 1024  # of one request
MESSAGE_BYTES = 256 * 1024  # of one message from a page
MESSAGES = 1_500  # from a page within MESSAGES_S; it asks for each of 300 widgets by itself
MESSAGES_S = 2.0
SLOW_S = 30.0  # that a request may take to arrive
TOKEN_CHARS = 16  # at least
