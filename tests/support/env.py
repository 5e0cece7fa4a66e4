"""Where things are: the checkout under test, the bench it is tested against, the private home of the runs."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
APP = "qms_customer"
PACKAGE = CHECKOUT / APP
SITE = "qms-test.localhost"
PASSWORD = "Qms-Test-4711"  # of every user of the test site, Administrator included


def bench_path() -> Path:
	"""Return where the bench is looked for."""
	return Path(os.environ.get("FRAPPE_BENCH") or Path.home() / "frappe-bench").expanduser()


def find_bench() -> Path | None:
	"""Return the bench, or None when there is none that this interpreter can import frappe from."""
	path = bench_path()
	parts = [path / "env/bin/python", path / "apps/frappe", path / "apps/erpnext"]
	if not all(part.exists() for part in parts) or importlib.util.find_spec("frappe") is None:
		return None
	return path.resolve()


def home() -> Path:
	"""Return the private directory of this checkout's runs (bin/test sets it)."""
	if given := os.environ.get("QMS_TEST_HOME"):
		path = Path(given)
	else:
		cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
		path = cache / APP / hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]
	# Of several workers each has a site, services and files of its own.
	if worker := os.environ.get("PYTEST_XDIST_WORKER"):
		path /= worker
	path.mkdir(parents=True, exist_ok=True)
	return path.resolve()


def sites_path() -> Path:
	"""Return the private sites directory, the working directory of everything that runs frappe."""
	return home() / "sites"


def flag(name: str, default: bool = False) -> bool:
	"""Return whether the environment switches NAME on."""
	value = os.environ.get(name)
	return default if value in (None, "") else value.lower() not in ("0", "false", "no")


def frappe_environment() -> dict[str, str]:
	"""Return the environment of a process that runs frappe on the private sites directory."""
	return {
		**os.environ,
		# Locks and logs of frappe go under the "bench root": ours, so that the real bench stays untouched.
		"FRAPPE_BENCH_ROOT": str(home()),
		"SITES_PATH": str(sites_path()),
		"PYTHONPATH": str(CHECKOUT),
	}
