"""Every hostile folder through the real command, its system calls watched from outside.

Each answers as the corpus expects, starts nothing but Python itself, opens no file but Python's,
the system's libraries, its own and the folder's, writes nowhere else, and calls nobody.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hostile
import make_hostile
import pytest
from fakes import absent

LIMIT_S, LIMIT_BYTES = 240, 3e9
CALLS = "execve,execveat,open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2"
CALLS += ",unlink,unlinkat,symlink,symlinkat,link,linkat,connect,bind,sendto,ptrace,mount"
STRACE = [
    "strace",
    "-ff",
    "--seccomp-bpf",
    "-qq",
    "-y",
    "-e",
    f"trace={CALLS}",
    "-e",
    "signal=none",
]
OPENED = re.compile(r"^(?:open|openat|openat2|creat)\((.*)\)\s+= \d+<(.*)>$")
MADE = re.compile(r"^(mkdir|rename|unlink|symlink|link)\w*\((.*)\)\s+= 0$")
STARTED = re.compile(r'^execve(?:at)?\(.*?"([^"]*)".*\)\s+= 0$')
CALLED = re.compile(r"^(?:connect|bind|sendto)\(.*AF_INET")
SYSTEM = ("/usr/", "/lib", "/proc/", "/sys/", "/dev/null", "/dev/urandom", "/etc/ld.so.cache")
SYSTEM += ("/etc/localtime", "/etc/locale.alias", "/etc/mime.types", "/etc/ssl/")


@pytest.fixture(scope="module", autouse=True)
def _strace():
    if not shutil.which("strace"):
        absent("strace", "apt-get install strace")


def python() -> tuple[str, ...]:
    own = (sys.prefix, sys.base_prefix, os.path.realpath(sys.prefix), *sys.path)
    return tuple(f"{os.path.realpath(name)}/" for name in own if name)


def run(place: Path, logs: Path, home: Path) -> dict[str, object]:
    """The command's answer, its memory, and what its processes asked the system for."""
    logs.mkdir(parents=True)
    command = [sys.executable, "-m", "workbench", "inspect", "--load", str(place)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"WORKBENCH_HOME": str(home), "TMPDIR": str(home)}
    with (logs / "out").open("wb") as out, (logs / "err").open("wb") as err:
        process = subprocess.Popen(
            [*STRACE, "-o", str(logs / "calls"), *command],
            stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment,
        )  # fmt: skip
        late = threading.Timer(LIMIT_S, process.kill)
        late.start()
        _, status, used = os.wait4(process.pid, 0)
        late.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    calls = [
        line
        for file in logs.glob("calls*")
        for line in file.read_text("utf-8", "replace").splitlines()
    ]
    return {
        "code": process.returncode,
        "out": (logs / "out").read_text("utf-8"),
        "err": (logs / "err").read_text("utf-8"),
        "bytes": used.ru_maxrss * 1024,
        "calls": calls,
    }


def outside(calls: list[str], place: Path, home: Path) -> list[str]:
    """What was opened, changed, started or called that should not have been."""
    root = place.parents[1] if place.parent.name == "snapshots" else place
    ours = (str(home),)
    readable = (*SYSTEM, *python(), str(root.resolve()), *ours)
    return [line for line in calls if not fine(line, readable, ours)]


def fine(line: str, readable: tuple[str, ...], ours: tuple[str, ...]) -> bool:
    if match := OPENED.match(line):
        if "O_PATH" in match.group(1):  # names a place for the cage; reads nothing
            return True
        writes = re.search(r"O_WRONLY|O_RDWR|O_CREAT", match.group(1))
        allowed = (*ours, "/dev/null", "/proc/self", "/dev/shm") if writes else readable
        return f"{match.group(2)}/".startswith(allowed)
    if MADE.match(line):
        return any(f'"{mine}' in line for mine in ours) or any(f"<{mine}" in line for mine in ours)
    if match := STARTED.match(line):
        return os.path.realpath(match.group(1)) == os.path.realpath(sys.executable)
    return not CALLED.match(line)


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """All cases, two at a time: some twenty minutes."""
    out = tmp_path_factory.mktemp("hostile")
    mark, home = out / "it-ran", out / "home"
    home.mkdir()
    chosen = make_hostile.cases(mark)
    if only := os.environ.get("HOSTILE_ONLY"):
        chosen = [case for case in chosen if re.search(only, case.name)]

    def answered(numbered):
        number, case = numbered
        place = case.build(out / "folders" / f"{number:03}" / "model")
        began = time.monotonic()
        told = run(place, out / "logs" / f"{number:03}", home)
        return case, {**told, "seconds": time.monotonic() - began, "place": place, "home": home}

    (out / "folders").mkdir()
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(answered, enumerate(chosen)))
    slowest = max(found, key=lambda one: one[1]["seconds"])
    largest = max(found, key=lambda one: one[1]["bytes"])
    print(f"\n{len(found)} folders; slowest: {slowest[0].name}, {slowest[1]['seconds']:.1f} s;")
    print(f"largest: {largest[0].name}, {largest[1]['bytes'] / 1e6:.0f} MB")
    return found, mark


def failures(answers, wrong):
    return {case.name: said for case, told in answers[0] if (said := wrong(case, told))}


def test_every_folder_is_answered_as_expected_in_one_sentence(answers):
    def wrong(case, told):
        if told["code"] != case.code:
            return told["code"], told["err"]
        if case.code == 0:
            warned = re.search(case.says, told["out"]) and not told["err"]
            return None if warned else (told["out"], told["err"])
        one = re.fullmatch(r"[^\n]+: expected [^\n]+; [^\n]+\.\n", told["err"])
        plain = told["err"].rstrip("\n").isprintable()
        return None if one and plain and re.search(case.says, told["err"]) else told["err"]

    assert failures(answers, wrong) == {}


def test_nothing_is_run_opened_written_or_called_outside(answers):
    def wrong(_, told):
        return outside(told["calls"], told["place"], told["home"])[:3]

    assert failures(answers, wrong) == {}
    assert not answers[1].exists()


def test_the_watch_would_see_it(tmp_path):
    (tmp_path / "secret").write_text("x")
    code = f"open({str(tmp_path / 'secret')!r}); open({str(tmp_path / 'new')!r}, 'w'); "
    code += "import subprocess; subprocess.run(['/bin/true'])"
    subprocess.run(
        [*STRACE, "-o", str(tmp_path / "calls"), sys.executable, "-c", code], check=True
    )
    calls = [x for file in tmp_path.glob("calls*") for x in file.read_text().splitlines()]

    seen = " ".join(outside(calls, tmp_path / "model", tmp_path / "home"))

    assert all(what in seen for what in ("secret", "new", "/bin/true"))


def test_memory_and_time_stay_bounded(answers):
    def wrong(_, told):
        much = told["bytes"] > LIMIT_BYTES or told["seconds"] > LIMIT_S
        return (told["bytes"], told["seconds"]) if much else None

    assert failures(answers, wrong) == {}


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_file_that_is_swapped_for_a_link_out_all_the_time_is_never_followed(file, tmp_path):
    place, home = hostile.folder(tmp_path / "model"), tmp_path / "home"
    (tmp_path / "outside").mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        shutil.copy(place / name, tmp_path / "outside" / name)
    good, stop = (place / file).read_bytes(), threading.Event()

    def swap():
        while not stop.is_set():
            (place / "new").symlink_to(tmp_path / "outside" / file)
            (place / "new").replace(place / file)
            time.sleep(0.001)
            (place / "new").write_bytes(good)
            (place / "new").replace(place / file)

    home.mkdir()
    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for number in range(10):
            told = run(place, tmp_path / f"logs{number}", home)
            assert told["code"] == 2, told["out"]
            assert told["err"].count("\n") == 1
            assert [x for x in outside(told["calls"], place, home) if "outside" in x] == []
    finally:
        stop.set()
        swapper.join()
