"""Of several workers one makes the test site; the others copy it, which takes a tenth of the time.

The copy is a dump, made before the first test: the site itself is being tested on by then.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support import env, services

# Directories of the site that made the copy: each site has its own, empty at first.
LEFT_OUT = ("logs", "locks")


def _run() -> str:
	"""Return what the workers of one run have in common, "" when there is one process only."""
	return os.environ.get("PYTEST_XDIST_TESTRUNUID", "") if os.environ.get("PYTEST_XDIST_WORKER") else ""


def _place() -> Path:
	return env.home().parent / "site_copy"


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
	"""Let one worker of a run make its site at a time."""
	if not _run():
		yield
		return
	with (env.home().parent / "site_copy.lock").open("w") as lock:
		fcntl.flock(lock, fcntl.LOCK_EX)
		yield


def save(shape: dict[str, str]) -> None:
	"""Keep the site as it was just made, for the other workers of this run."""
	from tests.support import sites

	if not _run():
		return
	place, site = _place(), sites.site_path()
	shutil.rmtree(place, ignore_errors=True)
	shutil.copytree(site, place / "site", symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
	program = services.executable("mariadb-dump", "mysqldump", package="mariadb-client")
	with (place / "rows.sql").open("wb") as output:
		_as_owner(program, "--single-transaction", "--skip-comments", sites.database(), stdout=output)
	(place / "made.json").write_text(json.dumps({"run": _run(), **shape}))


def load(shape: dict[str, str]) -> bool:
	"""Make the site from the copy of another worker of this run; return whether there was one."""
	from tests.support import sites

	place, site = _place(), sites.site_path()
	made = place / "made.json"
	if not _run() or not made.exists() or json.loads(made.read_text()) != {"run": _run(), **shape}:
		return False
	sites.drop()
	password = sites.create_database()
	shutil.copytree(place / "site", site, symlinks=True)
	for left_out in LEFT_OUT:
		(site / left_out).mkdir(exist_ok=True)
	configuration = site / "site_config.json"
	values = json.loads(configuration.read_text())
	values.update({key: sites.database() for key in ("db_name", "db_user") if key in values})
	configuration.write_text(json.dumps({**values, "db_password": password}, indent=1))
	program = services.executable("mariadb", "mysql", package="mariadb-client")
	with (place / "rows.sql").open("rb") as rows:
		_as_owner(program, sites.database(), stdin=rows)
	return True


def _as_owner(program: str, *arguments: str, **streams: object) -> None:
	"""Run a client of the database as the owner of the site's."""
	from tests.support import sites

	configuration = json.loads((sites.site_path() / "site_config.json").read_text())
	subprocess.run(
		# No configuration of the machine's: it may name another user.
		[
			program,
			"--no-defaults",
			f"--user={sites.database()}",
			f"--socket={services.DB_SOCKET}",
			*arguments,
		],
		env={**os.environ, "MYSQL_PWD": configuration["db_password"]},
		check=True,
		**streams,  # type: ignore[arg-type]
	)
