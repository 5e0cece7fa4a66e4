"""Watch who waits for whose lock in the database of the test site."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.support import services, sites

QUESTION = """
select waiting.trx_query, holding.trx_query, locked.lock_table, locked.lock_index, locked.lock_mode
from information_schema.innodb_lock_waits w
join information_schema.innodb_locks locked on locked.lock_id = w.requested_lock_id
join information_schema.innodb_trx waiting on waiting.trx_id = w.requesting_trx_id
join information_schema.innodb_trx holding on holding.trx_id = w.blocking_trx_id
where locked.lock_table like '%{database}%';
select '.';
"""


@dataclass
class Waits:
	"""The waits that were seen, each once, and how often one looked."""

	seen: list[str] = field(default_factory=list)
	looks: int = 0


@contextlib.contextmanager
def watched() -> Iterator[Waits]:
	"""Look again and again, while the block runs, for transactions of the test site that wait for a row."""
	waits = Waits()
	client = subprocess.Popen(
		[*services.mariadb_client(), "--batch", "--skip-column-names", "--unbuffered"],
		stdin=subprocess.PIPE,
		stdout=subprocess.PIPE,
		text=True,
	)
	stopped = threading.Event()
	question = QUESTION.format(database=sites.database())

	def look() -> None:
		assert client.stdin and client.stdout
		while not stopped.is_set():
			client.stdin.write(question)
			client.stdin.flush()
			while (line := client.stdout.readline().rstrip("\n")) not in (".", ""):
				if line not in waits.seen:
					waits.seen.append(line)
			waits.looks += 1
			time.sleep(0.005)

	watcher = threading.Thread(target=look, daemon=True)
	watcher.start()
	try:
		yield waits
	finally:
		stopped.set()
		watcher.join(timeout=10)
		client.stdin.close()
		client.wait(timeout=10)
