"""Pickles, forks, threads, signals, and what is left in the user's strings."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

from quoth import Attributor, Document, Gazetteer

PEOPLE = [{"id": "Q1", "name": "Ruth Tan", "aliases": ["Tan"], "label": "PERSON"}, {"id": "Q2", "name": "Zoë Łódź"}]
TEXT = "“It is safe,” Ruth Tan told reporters. Tan said Zoë Łódź would come.\n\nShe did not."


def speakers(who: Attributor, texts: list[str]) -> list[Any]:
    """Runs in workers too."""
    return [(row["speaker_id"], row["content"]) for row in who.read_all(texts, progress=False)]


@pytest.fixture(scope="module")
def who() -> Attributor:
    return Attributor(Gazetteer(PEOPLE), min_score=0.1)


@pytest.fixture(scope="module")
def expected(who: Attributor) -> list[Any]:
    found = speakers(who, [TEXT] * 3)
    assert ("Q1", "“It is safe,”") in found
    return found


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickles(who: Attributor, expected: list[Any], protocol: int) -> None:
    again = pickle.loads(pickle.dumps(who, protocol))
    assert repr(again) == repr(who)
    assert speakers(again, [TEXT] * 3) == expected
    document: Document = who.read(TEXT)
    assert pickle.loads(pickle.dumps(document, protocol)) == document
    table = who.read_all([TEXT, None], progress=False)
    copy = pickle.loads(pickle.dumps(table, protocol))
    assert list(copy) == list(table)
    assert list(copy.mentions) == list(table.mentions)
    assert list(copy.status) == list(table.status)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_worker_processes(who: Attributor, expected: list[Any], method: str) -> None:
    # The parent has used its threads before it forks.
    assert speakers(who, [TEXT] * 3) == expected
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        jobs = [pool.submit(speakers, who, [TEXT] * 3) for _ in range(4)]
        assert [j.result(timeout=120) for j in jobs] == [expected] * 4


def test_threads_share_an_attributor(who: Attributor, expected: list[Any]) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: speakers(who, [TEXT] * 3), range(40))) == [expected] * 40


def test_other_threads_go_on(who: Attributor) -> None:
    steps = 0
    done = threading.Event()

    def count() -> None:
        nonlocal steps
        while not done.is_set():
            steps += 1
            time.sleep(0.001)

    other = threading.Thread(target=count)
    other.start()
    before = steps
    try:
        who.read_all([TEXT * 50] * 2000, n_threads=1, progress=False)
        during = steps - before
    finally:
        done.set()
        other.join()
    # With the GIL held for a whole chunk it would come to a handful.
    assert during > 20


PROGRAM = """
import sys, threading, time
from quoth import Attributor, Gazetteer
texts = ["“It is safe,” Ruth Tan said. " * 2000] * 20
work = Attributor(Gazetteer(["Ruth Tan"]))
endless = iter(lambda: texts[0], None)
print("ready", flush=True)
try:
    {call}(endless, n_threads=2, progress=False)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


@pytest.mark.parametrize("call", ["work.read_all", "work.gazetteer.find_all"])
def test_ctrl_c_stops(call: str) -> None:
    program = PROGRAM.format(call=call)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == "ready\n"
            time.sleep(0.5)
            child.send_signal(signal.SIGINT)
            out, _ = child.communicate(timeout=60)
        finally:
            child.kill()
    assert out == "stopped\n"
    assert child.returncode == 0


@pytest.mark.parametrize("text", ["Ruth Tan said no. ", "Zoë Łódź said “no”. ", "Ruth Tan 👍 said no. "])
def test_the_users_strings_do_not_grow(who: Attributor, text: str) -> None:
    assert who.gazetteer is not None
    texts = [text * 20 + str(n) for n in range(100)]
    before = [sys.getsizeof(t) for t in texts]
    who.read_all(texts, ids=texts, progress=False)
    who.gazetteer.find_all(texts, progress=False)
    who.read(texts[0])
    who.gazetteer.find(texts[0])
    assert [sys.getsizeof(t) for t in texts] == before


def test_streams_read_no_further_than_they_must(who: Attributor) -> None:
    pa = pytest.importorskip("pyarrow")
    taken = 0

    def batches() -> Iterator[Any]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield pa.record_batch({"text": [TEXT]})

    stream = who.stream(batches())
    for n in range(1, 4):
        assert len(next(stream)) > 0
        assert taken == n
