"""Workers that die while somebody writes: the web server's processes are killed at random moments."""

from __future__ import annotations

import contextlib
import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import requests

from tests.support.services import WebServer
from tests.support.web import messages

Call = Callable[[], requests.Response]
DIED = "died"


def kill_workers(server: WebServer) -> None:
	"""Kill all workers, and wait until the server has made new ones."""
	dead = server.worker_pids()
	for pid in dead:
		with contextlib.suppress(ValueError, ProcessLookupError):
			server.kill_worker(pid)
	deadline = time.monotonic() + 20
	while len(pids := server.worker_pids()) < server.workers or set(pids) & set(dead):
		if time.monotonic() > deadline:
			raise TimeoutError("no new workers")
		time.sleep(0.01)


def usual(server: WebServer, calls: Sequence[Call]) -> float:
	"""Return how many seconds one of these calls takes, in the median, when the workers are new.

	New workers, as they are after a kill: they still read what the old ones knew.
	"""
	lasted = []
	for call in calls:
		kill_workers(server)
		began = time.monotonic()
		answer = call()
		assert answer.status_code == 200, messages(answer)
		lasted.append(time.monotonic() - began)
	return statistics.median(lasted)


def at_random_moments(
	server: WebServer, dice: random.Random, lasts: float, calls: Iterable[Call]
) -> Counter[str]:
	"""Make each call and kill the workers meanwhile; return how often which status came back, or "died".

	How late a worker is killed at most begins at 1.3 times `lasts` seconds and follows what comes back, so
	that about two calls in five are heard however fast the machine is at that moment.
	"""
	results: Counter[str] = Counter()
	reach = 1.3 * lasts
	for call in calls:
		told: list[str] = []

		def make(call: Call = call, told: list[str] = told) -> None:
			try:
				told.append(str(call().status_code))
			except requests.RequestException:
				told.append(DIED)

		calling = threading.Thread(target=make)
		calling.start()
		time.sleep(dice.uniform(0, reach))
		kill_workers(server)
		calling.join(timeout=60)
		results[told[0]] += 1
		reach *= 1.1 if told[0] == DIED else 1 / 1.15
	return results
