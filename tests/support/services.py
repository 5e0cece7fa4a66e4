"""The services of a run: MariaDB, a private redis and the web server. What was started is stopped again.

Each started process is written down in QMS_TEST_HOME/run/NAME.json, so that `python -m
tests.support.services stop` can clean up after a run that was killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.support import env

DB_SOCKET = Path("/run/mysqld/mysqld.sock")
# Several homes may share one MariaDB: who leaves last stops it, if a test run has started it.
DB_USERS = Path(tempfile.gettempdir()) / "qms_customer-mariadb.users"
DB_STARTED = Path(tempfile.gettempdir()) / "qms_customer-mariadb.started"
# Two sites and their copies have 3000 tables: by default most of them are opened and forgotten all the time.
# A server that only tests use may lose the last second when the machine crashes.
DB_OPTIONS = (
	"--table-definition-cache=4000",
	"--table-open-cache=8000",
	"--innodb-buffer-pool-size=512M",
	"--innodb-flush-log-at-trx-commit=2",
	"--skip-log-bin",
)
_db_lock: int | None = None


class ServiceError(RuntimeError):
	"""A service that the tests need is missing or does not start."""


def free_port() -> int:
	"""Return a port of the loopback interface that nobody listens on."""
	with socket.socket() as probe:
		probe.bind(("127.0.0.1", 0))
		return probe.getsockname()[1]


def executable(*names: str, package: str) -> str:
	"""Return the path of the first program found, looking in the system's own directories as well."""
	path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/bin", "/sbin"])
	for name in names:
		if found := shutil.which(name, path=path):
			return found
	raise ServiceError(f"{names[0]} is not installed (apt-get install {package}, or run .ci/run as root)")


def wait_until(
	ready: Callable[[], bool], what: str, seconds: float, process: subprocess.Popen | None
) -> None:
	"""Wait until a service answers; say where to look when it does not."""
	deadline = time.monotonic() + seconds
	while not ready():
		if process and process.poll() is not None:
			raise ServiceError(f"{what} ended with status {process.returncode}")
		if time.monotonic() > deadline:
			raise ServiceError(f"{what} did not answer within {seconds:.0f}s")
		time.sleep(0.05)


def _die_with_parent() -> None:
	"""Let the kernel end the child when the test process is killed (Linux's PR_SET_PDEATHSIG)."""
	ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _record(name: str) -> Path:
	path = env.home() / "run" / f"{name}.json"
	path.parent.mkdir(parents=True, exist_ok=True)
	return path


def start(
	name: str, command: list[str], cwd: Path, environment: dict[str, str] | None = None
) -> subprocess.Popen:
	"""Start a process of its own group, its output in QMS_TEST_HOME/logs/NAME.log, and write it down."""
	log = env.home() / "logs" / f"{name}.log"
	log.parent.mkdir(parents=True, exist_ok=True)
	with log.open("ab") as output:
		process = subprocess.Popen(
			command,
			cwd=cwd,
			env=environment,
			stdin=subprocess.DEVNULL,
			stdout=output,
			stderr=subprocess.STDOUT,
			start_new_session=True,
			preexec_fn=_die_with_parent,
		)
	_record(name).write_text(json.dumps({"pid": process.pid, "born": _born(process.pid)}))
	return process


def _born(pid: int) -> str | None:
	"""Return when a process started, to tell it from a later one with the same id; None when it is gone."""
	with contextlib.suppress(OSError):
		fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
		if fields[0] != "Z":
			return fields[19]
	return None


def stop(name: str, process: subprocess.Popen | None = None) -> None:
	"""Stop a process that was started here, and its group, gently first."""
	record = _record(name)
	if not record.exists():
		return
	noted = json.loads(record.read_text())
	for sent in (signal.SIGTERM, signal.SIGKILL):
		if _born(noted["pid"]) != noted["born"]:
			break
		with contextlib.suppress(ProcessLookupError):
			os.killpg(noted["pid"], sent)
		deadline = time.monotonic() + 8
		while _born(noted["pid"]) == noted["born"] and time.monotonic() < deadline:
			if process:
				process.poll()
			time.sleep(0.05)
	if process:
		process.wait(timeout=5)
	record.unlink(missing_ok=True)


# MariaDB


def mariadb_client() -> list[str]:
	"""Return the client command of the database administrator."""
	if given := os.environ.get("QMS_TEST_MARIADB"):
		return shlex.split(given)
	return [executable("mariadb", "mysql", package="mariadb-client")]


def admin_sql(statements: str) -> str:
	"""Run statements as the database administrator; return the rows, tab separated."""
	done = subprocess.run(
		[*mariadb_client(), "--batch", "--skip-column-names"],
		input=statements,
		capture_output=True,
		text=True,
	)
	if done.returncode:
		raise ServiceError(f"mariadb refused: {done.stderr.strip()}")
	return done.stdout


def _db_answers() -> bool:
	try:
		admin_sql("select 1")
	except ServiceError:
		return False
	return True


def start_mariadb() -> None:
	"""Make sure that MariaDB runs, starting it on the loopback interface when it is down."""
	global _db_lock
	if _db_lock is None:
		_db_lock = os.open(DB_USERS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
		fcntl.flock(_db_lock, fcntl.LOCK_SH)
	if _db_answers():
		return
	if os.geteuid():
		raise ServiceError(
			"MariaDB is down or does not admit this user: start it,"
			" or set QMS_TEST_MARIADB to a client command that is admitted"
		)
	runtime = DB_SOCKET.parent
	runtime.mkdir(mode=0o755, exist_ok=True)
	shutil.chown(runtime, "mysql", "mysql")
	data = Path("/var/lib/mysql")
	if not (data / "mysql").exists():
		subprocess.run(
			[executable("mariadb-install-db", package="mariadb-server"), "--user=mysql", f"--datadir={data}"],
			check=True,
			stdout=subprocess.DEVNULL,
		)
	log = env.home() / "logs" / "mariadb.log"
	log.parent.mkdir(parents=True, exist_ok=True)
	with log.open("ab") as output:
		server = subprocess.Popen(
			[
				executable("mariadbd", "mysqld", package="mariadb-server"),
				"--user=mysql",
				"--bind-address=127.0.0.1",
				f"--socket={DB_SOCKET}",
				*DB_OPTIONS,
			],
			stdin=subprocess.DEVNULL,
			stdout=output,
			stderr=subprocess.STDOUT,
			start_new_session=True,
		)
	DB_STARTED.write_text(json.dumps({"pid": server.pid, "born": _born(server.pid)}))
	wait_until(_db_answers, f"MariaDB ({log})", 60, server)


def stop_mariadb() -> None:
	"""Stop MariaDB when a test run started it and no other run uses it."""
	global _db_lock
	if _db_lock is None:
		_db_lock = os.open(DB_USERS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
	try:
		fcntl.flock(_db_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
	except BlockingIOError:
		pass  # another run uses it and will stop it
	else:
		if DB_STARTED.exists():
			noted = json.loads(DB_STARTED.read_text())
			if _born(noted["pid"]) == noted["born"]:
				os.kill(noted["pid"], signal.SIGTERM)
				deadline = time.monotonic() + 60
				while _born(noted["pid"]) == noted["born"] and time.monotonic() < deadline:
					time.sleep(0.1)
			DB_STARTED.unlink(missing_ok=True)
	finally:
		os.close(_db_lock)
		_db_lock = None


# redis


@contextlib.contextmanager
def redis() -> Iterator[int]:
	"""Run a private redis that keeps nothing on disk; yield its port."""
	stop("redis")  # of an earlier run that was killed
	port = free_port()
	program = executable("redis-server", package="redis-server")
	command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
	process = start("redis", command, env.home())

	def answers() -> bool:
		with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as link:
			link.sendall(b"PING\r\n")
			return link.recv(5) == b"+PONG"
		return False

	try:
		wait_until(answers, f"redis ({env.home() / 'logs/redis.log'})", 20, process)
		yield port
	finally:
		stop("redis", process)


# the web server


class WebServer:
	"""gunicorn with two worker processes serving the test site and its assets."""

	def __init__(self, port: int, workers: int = 2) -> None:
		self.port = port
		self.workers = workers
		self.url = f"http://127.0.0.1:{port}"
		self.process: subprocess.Popen | None = None

	def start(self) -> None:
		"""Start the server and wait until the site answers."""
		stop("web")
		command = [sys.executable, "-m", "gunicorn", "tests.support.wsgi:application"]
		command += ["--bind", f"127.0.0.1:{self.port}", "--workers", str(self.workers), "--threads", "4"]
		command += ["--worker-class", "gthread", "--timeout", "120", "--graceful-timeout", "3", "--preload"]
		self.process = start("web", command, env.sites_path(), env.frappe_environment())
		wait_until(self.answers, f"the web server ({env.home() / 'logs/web.log'})", 90, self.process)

	def answers(self) -> bool:
		"""Return whether the site answers."""
		try:
			with urllib.request.urlopen(f"{self.url}/api/method/ping", timeout=60) as response:
				return response.status == 200
		except (urllib.error.URLError, OSError):
			return False

	def worker_pids(self) -> list[int]:
		"""Return the ids of the worker processes, for a test that kills one."""
		assert self.process
		children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
		return [int(pid) for pid in children.split()]

	def kill_worker(self, pid: int) -> None:
		"""Kill a worker outright; the server's parent process makes a new one."""
		if pid not in self.worker_pids():
			raise ValueError(f"{pid} is no worker of this server")
		os.kill(pid, signal.SIGKILL)

	def stop(self) -> None:
		"""Stop the server."""
		stop("web", self.process)


@contextlib.contextmanager
def web() -> Iterator[WebServer]:
	"""Run the web server of the test site."""
	server = WebServer(free_port())
	try:
		server.start()
		yield server
	finally:
		server.stop()


def main(arguments: list[str]) -> int:
	"""Stop what a killed run has left: `python -m tests.support.services stop`."""
	if arguments != ["stop"]:
		print("usage: python -m tests.support.services stop", file=sys.stderr)
		return 2
	for name in ("web", "redis"):
		stop(name)
	stop_mariadb()
	return 0


if __name__ == "__main__":
	sys.exit(main(sys.argv[1:]))
