"""Whose turn it is: clients take turns, and within a client the first asked comes first."""

from __future__ import annotations

from dataclasses import replace

from workbench.core.errors import BadInput
from workbench.core.records import Job
from workbench.jobs import limits
from workbench.jobs.clients import OWNER, VISITOR


class FairQueue:
    """Waiting jobs; a client that asks for many does not keep the others waiting."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Job]] = {}  # in the order of whose turn is next

    def admit(self, client: str) -> None:
        """See whether there is room for one more job of a client.

        Raises:
            BadInput: if too many are waiting.
        """
        visitor = VISITOR.fullmatch(client) is not None
        mine = len(self._waiting.get(client, ()))
        most = limits.PER_VISITOR if visitor else limits.PER_CLIENT
        if mine >= most:
            wanted = f"at most {most} jobs waiting per client"
            raise BadInput(f"{mine + 1} jobs", wanted, "wait for some to end, or cancel some")
        lines = self._waiting.items()
        waiting = sum(len(jobs) for _, jobs in lines)
        strangers = sum(len(jobs) for name, jobs in lines if name != OWNER)
        full = client != OWNER and strangers >= limits.WAITING_VISITORS
        if full or waiting >= limits.WAITING:
            room = limits.WAITING_VISITORS if full else limits.WAITING
            raise BadInput("one more job", f"at most {room} waiting", "try again later")

    def add(self, job: Job) -> None:
        """Put a job at the end of its client's line."""
        self._waiting.setdefault(job.client, []).append(job)

    def put_back(self, job: Job) -> None:
        """Let a job wait again that gave way: first of its own line, behind the other clients."""
        self._waiting.setdefault(job.client, []).insert(0, job)

    def others(self, client: str) -> bool:
        """Whether anybody else waits."""
        return any(name != client for name in self._waiting)

    def take(self) -> Job | None:
        """The next job; its client goes to the back of the row of clients."""
        for client, jobs in self._waiting.items():
            job = jobs.pop(0)
            del self._waiting[client]
            if jobs:
                self._waiting[client] = jobs
            return job
        return None

    def remove(self, job_id: str) -> Job | None:
        """Take a job out of turn; None if it is not waiting."""
        for client, jobs in self._waiting.items():
            for job in jobs:
                if job.id == job_id:
                    jobs.remove(job)
                    if not jobs:
                        del self._waiting[client]
                    return job
        return None

    def waiting(self) -> tuple[Job, ...]:
        """All waiting jobs in the order in which they will be taken, with how many go first."""
        lines = [list(jobs) for jobs in self._waiting.values()]
        ordered: list[Job] = []
        while lines:
            for line in lines:
                ordered.append(replace(line.pop(0), ahead=len(ordered)))
            lines = [line for line in lines if line]
        return tuple(ordered)
