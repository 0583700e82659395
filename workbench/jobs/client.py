"""The thin client: what kernels, pages and commands hold instead of a framework."""

from __future__ import annotations

import asyncio
import json
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from workbench.core.client import Listener
from workbench.core.errors import BadInput
from workbench.core.records import Job, Run
from workbench.jobs.clients import OWNER
from workbench.jobs.letter import answered, body, located, of_job, of_run
from workbench.jobs.start import Address, ensure
from workbench.recipes.recipe import Recipe
from workbench.store import Store

ENDED = ("done", "failed", "cancelled")
# A wish is checked before it is answered, and a task of 2 GiB may be read, or a model fetched.
PATIENT = httpx.Timeout(30, read=4 * 3600)


class Verbs:
    """What one asks for in a script; every verb waits until its job has ended."""

    home: Path

    def submit(self, kind: str, request: Mapping[str, Any]) -> Job:
        """Ask for work; see ``core.client.Client``."""
        raise TypeError("a client must say how work is submitted")

    def wait(self, job: Job, listener: Listener | None = None) -> Job:
        """Follow a job to its end."""
        raise TypeError("a client must say how a job is followed")

    def tune(
        self,
        model: str,
        task: str,
        mode: str | None = None,
        listener: Listener | None = None,
        **more: Any,
    ) -> str:
        """Fit ``model`` on ``task``; returns the tuned model's id.

        Args:
            model: id of the model, or its folder.
            task: id of the task.
            mode: ``linear``: a head on the frozen encoder (usual for classifiers); ``full``: all
                weights (usual for models that write); ``lora``: these, by small matrices.
            listener: hears every event on the way, the losses among them.
            more: other fields of a request for tuning.

        Raises:
            BadInput: for a model, task or mode that cannot be used.
            RuntimeError: if the job failed; the message says why.
        """
        asked = {"model": model, "task": task, **({"mode": mode} if mode else {}), **more}
        return str((self._ended("tune", asked, listener).result or {})["id"])

    def run(
        self,
        model: str,
        task: str,
        recipe: Recipe,
        *,
        verify: bool = False,
        listener: Listener | None = None,
    ) -> Run:
        """Measure one recipe against its reference; on the test split if ``verify``.

        A listener hears every event on the way, as ``core.client.Client.follow`` lists them.
        """
        split = "test" if verify else "validation"
        asked = {"model": model, "task": task, "recipe": recipe.to_json(), "split": split}
        return self._found(self._ended("run", asked, listener))[0]

    def sweep(self, model: str, task: str, grid: Mapping[str, Any], **more: Any) -> list[Run]:
        """Measure every recipe of a grid; those already measured here are taken from the store."""
        return self._found(
            self._ended("sweep", {"model": model, "task": task, "grid": dict(grid), **more})
        )

    def generate(
        self,
        model: str,
        prompt: str = "",
        *,
        record: Mapping[str, Any] | None = None,
        recipe: Recipe | None = None,
        raw: bool = False,
        listener: Listener | None = None,
        **sampling: Any,
    ) -> Mapping[str, Any]:
        """Write on from a prompt, or from the record of an event.

        Args:
            model: id of a model that writes, or its folder.
            prompt: left out where a record is given.
            record: plain data, as the case study of the model reads it.
            recipe: how it is compressed and run; PyTorch as it comes where it is left out.
            raw: go on from the prompt as it is, also where the model has a chat template.
            listener: hears every piece of text on the way.
            sampling: settings of ``runtimes.decoder.Sampling``.

        Returns:
            ``{"texts", "tokens", "prompt_tokens", "first_s", "seconds", "chat"}``, and ``facts``
            of a record.
        """
        source = {"prompts": [prompt]} if record is None else {"record": dict(record)}
        asked: dict[str, Any] = {"model": model, "sampling": sampling, "raw": raw, **source}
        if recipe is not None:
            asked["recipe"] = recipe.to_json()
        return dict(self._ended("generate", asked, listener).result or {})

    def parallel(self, model: str, recipe: Recipe, counts: Sequence[int]) -> Mapping[str, Any]:
        """Write with several worker processes at once; how many pay.

        Returns:
            ``{"points", "paying"}``: records of ``measure.parallel`` as plain data.
        """
        asked = {"model": model, "recipe": recipe.to_json(), "counts": list(counts)}
        return dict(self._ended("parallel", asked).result or {})

    def _ended(self, kind: str, asked: Mapping[str, Any], listener: Listener | None = None) -> Job:
        job = self._done(kind, asked, listener)
        if job.status != "done" and not (job.result or {}).get("runs"):
            error = job.error or {}
            raise RuntimeError(
                f"{kind} {job.status}: {error.get('value', '')} {error.get('remedy', '')}".strip()
            )
        return job

    def _done(self, kind: str, asked: Mapping[str, Any], listener: Listener | None) -> Job:
        """The job as it ended."""
        return self.wait(self.submit(kind, asked), listener)

    def _found(self, job: Job) -> list[Run]:
        store = Store(self.home)
        found = [store.find(i) for i in (job.result or {}).get("runs", ())]
        return [run for run in found if run is not None]


class HttpClient(Verbs):
    """Speaks to the job server of a home, and starts it again if it has gone.

    Args:
        home: ``WORKBENCH_HOME``.
        client: id of the one who asks: the owner, or a visitor's random id.
    """

    def __init__(self, home: Path, client: str = OWNER) -> None:
        self.home, self.id = home, client
        self._address: Address | None = None
        self._http = httpx.Client(timeout=30, trust_env=False)  # no proxy hears the token
        weakref.finalize(self, self._http.close)

    def submit(self, kind: str, request: Mapping[str, Any]) -> Job:
        """Ask for work; it goes on when this process ends.

        The job's id is made here: if the answer is lost, asking again finds the same job.
        """
        sent = body({"id": uuid4().hex, "kind": kind, "request": located(request)})
        return Job.from_json(self._ask("POST", "/jobs", content=sent, timeout=PATIENT))

    def jobs(self) -> tuple[Job, ...]:
        """Jobs waiting, running and lately ended, oldest first."""
        return tuple(Job.from_json(job) for job in self._ask("GET", "/jobs")["jobs"])

    def cancel(self, job: str) -> None:
        """Ask a job to stop; what it finished is kept."""
        self._ask("POST", of_job(job) + "/cancel", timeout=PATIENT)

    def runs(self) -> tuple[Run, ...]:
        """Runs that this client may see, oldest first; of their launches only the process ids."""
        return tuple(Run.from_json(run) for run in self._ask("GET", "/runs")["runs"])

    def recorded(self, run: str) -> Run:
        """The run of an id: whoever knows it may see it, whose run it ever is."""
        return Run.from_json(self._ask("GET", of_run(run)))

    def flips(self, run: str, against: str = "") -> Mapping[str, Any]:
        """Which answers changed between two runs."""
        found: dict[str, Any] = self._ask(
            "GET", of_run(run) + "/flips", params={"against": against}
        )
        return found

    def why(self, run: str) -> Mapping[str, Any]:
        """Where the time of a run goes, and why."""
        found: dict[str, Any] = self._ask("GET", of_run(run) + "/why")
        return found

    def limits(self) -> Mapping[str, float]:
        """The least times of the runs that this client may see."""
        found: dict[str, float] = self._ask("GET", "/limits")["limits"]
        return found

    def wait(self, job: Job, listener: Listener | None = None) -> Job:
        """Follow a job to its end; the listener hears every event on the way."""
        while True:
            try:
                if (ended := self._until_ended(job.id, listener)) is not None:
                    return ended
            except httpx.HTTPError:
                self._address = None  # the server has gone: ask where the next one is
                time.sleep(0.3)

    def _until_ended(self, job: str, listener: Listener | None) -> Job | None:
        """Read events until the job has ended, or None when the stream breaks off."""
        for event in self._stream():
            if event["type"] == "ready":
                found = {j.id: j for j in self.jobs()}[job]
            else:
                if listener is not None:
                    listener(event)
                if event["type"] != "job" or event["job"]["id"] != job:
                    continue
                found = Job.from_json(event["job"])
            if found.status in ENDED:
                return found
        return None

    def follow(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with every event, on this thread's running event loop."""
        task = asyncio.get_running_loop().create_task(self._follow(listener))
        return lambda: (task.cancel(), None)[1]

    async def _follow(self, listener: Listener) -> None:
        """Read events for ever; ``{"type": "ready"}`` says that the lists should be read anew."""
        while True:
            with suppress(httpx.HTTPError, RuntimeError, OSError, ValueError):
                where = await asyncio.to_thread(ensure, self.home)
                timeout = httpx.Timeout(10, read=60)
                async with (
                    httpx.AsyncClient(
                        timeout=timeout, headers=self._headers(where), trust_env=False
                    ) as http,
                    http.stream("GET", f"{where.url}/events") as response,
                ):
                    async for line in response.aiter_lines():
                        if line.startswith(": following"):
                            listener({"type": "ready"})
                        elif line.startswith("data: "):
                            listener(json.loads(line[6:]))
            await asyncio.sleep(0.5)

    def _stream(self) -> Iterator[dict[str, Any]]:
        where = self._where()
        timeout = httpx.Timeout(10, read=60)
        with httpx.stream(
            "GET",
            f"{where.url}/events",
            headers=self._headers(where),
            timeout=timeout,
            trust_env=False,
        ) as response:
            for line in response.iter_lines():
                if line.startswith(": following"):
                    yield {"type": "ready"}
                elif line.startswith("data: "):
                    yield json.loads(line[6:])

    def _where(self) -> Address:
        if self._address is None:
            self._address = ensure(self.home)
        return self._address

    def _headers(self, where: Address) -> dict[str, str]:
        return {"Authorization": f"Bearer {where.token}", "X-Client": self.id}

    def _ask(self, method: str, path: str, **body: Any) -> Any:
        for last in (False, True):
            where = self._where()
            try:
                answer = self._http.request(
                    method, where.url + path, headers=self._headers(where), **body
                )
            except httpx.TransportError:
                self._address = None  # it ended while idle, or crashed: start it again, once
                if last:
                    raise
                continue
            if answer.status_code == 403 and not last:
                self._address = None  # a new server has a new token
                continue
            break
        data = answered(answer)
        if "error" in data and answer.status_code >= 400:
            raise BadInput(**data["error"])
        answer.raise_for_status()
        return data
