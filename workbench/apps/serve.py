"""Starting Voila and JupyterLab, and ending them with everything that they started."""

from __future__ import annotations

import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import psutil

from workbench.apps.first import first_points
from workbench.apps.limits import MOST_PLACES, PLACES, POOL
from workbench.apps.token import read_token
from workbench.core.errors import BadInput
from workbench.core.home import home
from workbench.core.studies import studies
from workbench.jobs.worker import die_with_parent

HERE = Path(__file__).parent
HOST = "127.0.0.1"
# every visit moves messages of some megabytes: glibc keeps such pieces, 3 MB more a visit, unless
# it is told from which size on they go back to the system
GIVE_BACK = {"MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}
OUTPUT_S = 120  # that a cell's output may be late, or the page stays blank; ten visitors at once
EVERYWHERE = ("", "0.0.0.0", "::")
READY_S = 180.0
QUIET = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "NNCF_CI": "1",  # its only switch for telemetry
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


@dataclass(frozen=True)
class Published:
    """How a page is published.

    Args:
        port: 0 takes a free one.
        host: address to listen on.
        names: host names under which it is published, beside localhost and addresses.
        token_file: what visitors must know, in a file of mode 600; None lets everybody in.
        places: visits at once.
        public: whether it will be passed on to others, by a server before it for instance.
    """

    port: int = 8866
    host: str = HOST
    names: tuple[str, ...] = ()
    token_file: Path | None = None
    places: int = PLACES
    public: bool = False

    @property
    def strangers(self) -> bool:
        """Whether others than this machine's user may come: they name no files of it."""
        return bool(self.public or self.names or self.token_file or not is_loopback(self.host))


def serve_app(page: Published, browser: bool, say: Callable[[str], None], case: str = "") -> None:
    """Publish the workbench, or the page of a case study, with Voila until a signal comes.

    Args:
        page: how.
        browser: whether to open one.
        say: told the address once the page answers.
        case: name of a case study; empty for the workbench itself.

    Raises:
        BadInput: if there is no such page, the port is taken, the token file cannot be used, or
            Voila does not start.
    """
    shown_page = _page_of(case)
    if not 1 <= page.places <= MOST_PLACES:
        told = f"1 to {MOST_PLACES}"
        raise BadInput(f"{page.places} places", told, "choose another number with --places")
    if page.token_file is not None:
        read_token(page.token_file)
    page = replace(page, port=_free(page.port, page.host))
    command = [sys.executable, "-P", "-m", "workbench.apps.published", str(_notebook(shown_page))]
    environment = {"WORKBENCH_VISITORS": "1", "JUPYTER_PATH": str(HERE / "share"), **GIVE_BACK}
    environment["WORKBENCH_PLOTLY_SERVED"] = "1"
    environment["WORKBENCH_STRANGERS"] = "1" if page.strangers else ""
    shown = HOST if page.host in EVERYWHERE else page.host
    address = f"http://{f'[{shown}]' if ':' in shown else shown}:{page.port}/"
    then = (lambda: None) if case else first_points
    _serve([*command, *_voila(page)], environment, address, browser, say, then)


def _page_of(case: str) -> str:
    """The notebook of a page.

    Raises:
        BadInput: if no case study of that name has one.
    """
    pages = {"": "app.ipynb", **{name: study.PAGE for name, study in studies().items()}}
    if case not in pages:
        known = ", ".join(name for name in pages if name) or "none: no case study is installed"
        raise BadInput(f"case {case!r:.60}", f"one of {known}", "choose one with --case")
    return str(pages[case])


def serve_lab(port: int, browser: bool, say: Callable[[str], None]) -> None:
    """Open JupyterLab on the first notebook until a signal comes; as above."""
    import secrets

    port, token = _free(port), secrets.token_urlsafe(24)
    notebook = _own_copies(_notebook("00_start_here.ipynb"))
    command = [
        sys.executable,
        "-P",
        "-m",
        "jupyterlab",
        "--no-browser",
        f"--ServerApp.port={port}",
    ]
    command += [f"--ServerApp.ip={HOST}", "--ServerApp.port_retries=0"]
    command += ["--LabApp.news_url=None", f"--ServerApp.root_dir={notebook.parent}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    address = f"http://{HOST}:{port}/lab/tree/{notebook.name}?token={token}"
    _serve(command, {"JUPYTER_TOKEN": token}, address, browser, say, lambda: None)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address to listen on."""
    if host == "localhost":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def _voila(page: Published) -> list[str]:
    """Published to strangers: no sources, no files, no tracebacks; kernels ready."""
    names = page.names if page.host in EVERYWHERE else (*page.names, page.host)
    token = [] if page.token_file is None else [f"--Published.token_file={page.token_file}"]
    return [
        *token,
        *(f"--Published.names={name}" for name in names),
        f"--Published.places={page.places}",
        f"--port={page.port}",
        f"--Voila.ip={page.host}",
        "--Voila.port_retries=0",
        "--no-browser",
        "--template=workbench",
        "--theme=light",
        "--strip_sources=True",
        "--show_tracebacks=False",
        "--preheat_kernel=True",
        f"--pool_size={POOL}",
        f"--VoilaExecutor.iopub_timeout={OUTPUT_S}",
        "--VoilaConfiguration.file_allowlist=$^",
        "--VoilaConfiguration.allow_template_override=NO",
        "--VoilaConfiguration.allow_theme_override=NO",
        "--VoilaConfiguration.extension_denylist=jupyterlab-plotly",
    ]


def _notebook(name: str) -> Path:
    """A notebook, in the wheel or in the repository."""
    for folder in (HERE, HERE.parents[1] / "notebooks"):
        if (folder / name).is_file():
            return folder / name
    raise BadInput(name, "a notebook of the installation", "install the workbench again")


def _own_copies(first: Path) -> Path:
    """The tour in the reader's own folder: JupyterLab saves what is run, not into the package.

    A notebook that is there already is left as the reader made it.
    """
    folder = home() / "notebooks"
    folder.mkdir(exist_ok=True)
    for source in first.parent.glob("[0-9]*.ipynb"):
        if not (folder / source.name).exists():
            shutil.copyfile(source, folder / source.name)
    return folder / first.name


def _free(port: int, host: str = HOST) -> int:
    try:
        family, *_, where = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as err:
        told = "an address of this machine"
        raise BadInput(f"host {host!r:.80}", told, "choose another with --host") from err
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((where[0], port))
        except (OSError, OverflowError) as err:
            raise BadInput(
                f"port {port}", "a free port from 1024 to 65535", "choose another with --port"
            ) from err
        return int(probe.getsockname()[1])


def _serve(
    command: list[str],
    environment: dict[str, str],
    address: str,
    browser: bool,
    say: Callable[[str], None],
    then: Callable[[], Any],
) -> None:
    log = home() / f"{command[3].rpartition('.')[2]}.log"
    ended = _Ended()  # before there is anything that a signal would have to end
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, **QUIET, **environment},
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    try:
        _wait(process, address, log, ended)
        if not ended.asked:
            say(address)
            if browser:
                webbrowser.open(address)
            Thread(target=then, daemon=True).start()  # it may take longer than a signal may wait
        while process.poll() is None and not ended.asked:
            time.sleep(0.2)
    finally:
        end_tree(process.pid)
    if process.returncode and not ended.asked:
        raise BadInput(command[3], "a server that goes on", f"see {log}")


class _Ended:
    """Whether SIGTERM or SIGINT has come."""

    def __init__(self) -> None:
        self.asked = False
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True


def _wait(process: subprocess.Popen[bytes], address: str, log: Path, ended: _Ended) -> None:
    until = time.monotonic() + READY_S
    root = address.split("/lab/")[0].rstrip("/")
    probe = root + ("/static/favicons/favicon.ico" if "/lab/" in address else "/voila/static/x")
    while time.monotonic() < until and not ended.asked:
        if process.poll() is not None:
            break
        with suppress(httpx.HTTPError):
            httpx.get(probe, timeout=2)
            return
        time.sleep(0.1)
    if not ended.asked:
        raise BadInput(address, f"an answer within {READY_S:.0f} s", f"see {log}")


def end_tree(pid: int, patience: float = 5.0) -> None:
    """End a process and all its descendants: kernels live in sessions of their own."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(pid)
        family = [*parent.children(recursive=True), parent]
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.terminate()
        _, alive = psutil.wait_procs(family, timeout=patience)
        for member in alive:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(alive, timeout=patience)
