"""What the job server takes at most; beyond, it answers with one sentence and changes nothing."""

WAITING = 200  # jobs that wait, in all
WAITING_VISITORS = 150  # of them, visitors' jobs: the owner can always add some
PER_CLIENT = 50  # waiting jobs of the owner, or of any one program
PER_VISITOR = 20  # waiting jobs of one visitor of a published page
REQUEST_BYTES = 256 * 1024  # of one request's body
NAME_CHARS = 4096  # of a model's or a task's id
PROMPTS = 32  # of one request to write
PROMPT_CHARS = 50_000  # of one of them
FOLLOWERS = 256  # open streams of events
BACKLOG = 2000  # events that a slow follower may lag behind before it is cut off
SEND_S = 30.0  # that a follower may leave an event unread in a full connection
CONNECTIONS = 1024  # open connections and requests under way
STAGES = 8  # models between the steps of recipes that are kept; the least used goes
NARROWED = 6  # compressed models that write, kept for the next prompt; the least used goes
WORKERS = 16  # processes of one measurement of worker processes
