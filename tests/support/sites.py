"""The private sites directory and the test site in it: made once, reused by later runs."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.support import baseline, env, services, site_copy

# Read anew by each run and never written to the database. (All python counts: setup code may import it.)
NOT_IN_DATABASE = ("public", "translations", "locale")


class SiteError(RuntimeError):
	"""The test site could not be made."""


def database() -> str:
	"""Return the name of the site's database and database user: one per home."""
	return "_qmst" + hashlib.sha256(str(env.home()).encode()).hexdigest()[:11]


def site_path() -> Path:
	"""Return the directory of the test site."""
	return env.sites_path() / env.SITE


def _link(link: Path, target: Path) -> None:
	if link.is_symlink() and link.readlink() == target:
		return
	if link.is_symlink() or link.exists():
		link.unlink()
	link.symlink_to(target)


def make_sites_directory(bench: Path, redis_port: int) -> None:
	"""Write the sites directory: apps.txt, configuration, and the bench's built assets by symlink."""
	root, sites = env.home(), env.sites_path()
	for directory in (root / "logs", root / "config", root / "apps", sites / "assets"):
		directory.mkdir(parents=True, exist_ok=True)
	apps = [app for app in ("frappe", "erpnext", "payments") if (bench / "apps" / app).is_dir()]
	for app in apps:
		_link(root / "apps" / app, bench / "apps" / app)
	_link(root / "apps" / env.APP, env.CHECKOUT)
	(sites / "apps.txt").write_text("\n".join([*apps, env.APP]) + "\n")
	known = (
		json.loads((bench / "sites/apps.json").read_text()) if (bench / "sites/apps.json").exists() else {}
	)
	known[env.APP] = {"is_repo": False, "required": ["erpnext"], "resolution": {}, "idx": len(apps) + 1}
	(sites / "apps.json").write_text(json.dumps(known, indent=1))
	redis = f"redis://127.0.0.1:{redis_port}"
	configuration = {
		"db_socket": str(services.DB_SOCKET),
		"default_site": env.SITE,
		"redis_cache": redis,
		"redis_queue": redis,
		"redis_socketio": redis,
		"webserver_port": 80,  # no port in the links that frappe writes; the server has a free one
		# There is no socket.io server: without this the browser logs its refused connections as errors.
		"disable_async": 1,
		"developer_mode": 0,
		"server_script_enabled": 0,
		"mute_emails": 1,
		# Muted or not, frappe composes each mail, and that needs an account.
		"mail_server": "127.0.0.1",
		"auto_email_id": "erp@qms-test.localhost",
		"throttle_user_limit": 100_000,
		"pause_scheduler": 1,
		"logging": 0,
		"allow_tests": 1,
	}
	(sites / "common_site_config.json").write_text(json.dumps(configuration, indent=1))
	built = bench / "sites/assets"
	if not (built / "assets.json").exists():
		raise SiteError(f"{built} has no built assets: run `bench build` in the bench")
	for asset in built.iterdir():
		if asset.name != env.APP:
			_link(sites / "assets" / asset.name, asset)
	_link(sites / "assets" / env.APP, env.PACKAGE / "public")


def frappe(*arguments: str) -> None:
	"""Run a frappe command on the test site; its output goes to QMS_TEST_HOME/logs/site.log."""
	_run([sys.executable, "-m", "frappe.utils.bench_helper", "frappe", "--site", env.SITE, *arguments])


def _run(command: list[str]) -> None:
	log = env.home() / "logs/site.log"
	with log.open("a+b") as output:
		begin = output.seek(0, os.SEEK_END)
		done = subprocess.run(
			command,
			cwd=env.sites_path(),
			env=env.frappe_environment(),
			stdin=subprocess.DEVNULL,
			stdout=output,
			stderr=subprocess.STDOUT,
		)
		if done.returncode:
			output.seek(begin)
			lines = output.read().decode(errors="replace").split("\n")
			# Of a progress bar only the last state is of interest.
			tail = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)[-6000:]
			raise SiteError(f"`{' '.join(command)}` failed ({log}):\n{tail}")


def script(site: str, text: str) -> str:
	"""Run a script with frappe, in a process of its own, on one of the sites; return what it prints."""
	file = env.sites_path() / site / "script.py"
	file.write_text(text)
	start = f"import frappe; frappe.init({site!r}); frappe.connect(); exec(open({str(file)!r}).read())"
	done = subprocess.run(
		[sys.executable, "-c", start],
		cwd=env.sites_path(),
		env=env.frappe_environment(),
		capture_output=True,
		text=True,
	)
	assert done.returncode == 0, done.stdout + done.stderr
	return done.stdout


def create_database() -> str:
	"""Make the empty database and its user; return the password."""
	name, password = database(), secrets.token_urlsafe(18)
	copy = baseline.copy_of(name)
	statements = [
		f"drop database if exists `{name}`",
		f"drop database if exists `{copy}`",
		f"create database `{name}` character set utf8mb4 collate utf8mb4_unicode_ci",
		f"create database `{copy}` character set utf8mb4 collate utf8mb4_unicode_ci",
	]
	for host in ("localhost", "127.0.0.1"):
		statements += [
			f"drop user if exists `{name}`@`{host}`",
			f"create user `{name}`@`{host}` identified by '{password}'",
			f"grant all privileges on `{name}`.* to `{name}`@`{host}`",
			f"grant all privileges on `{copy}`.* to `{name}`@`{host}`",
		]
	services.admin_sql(";\n".join(statements))
	return password


def drop() -> None:
	"""Drop the test site: databases, database user and files."""
	name = database()
	services.admin_sql(
		f"drop database if exists `{name}`; drop database if exists `{baseline.copy_of(name)}`;"
		f"drop user if exists `{name}`@`localhost`; drop user if exists `{name}`@`127.0.0.1`"
	)
	shutil.rmtree(site_path(), ignore_errors=True)


def exists() -> bool:
	"""Return whether a finished test site is there with its database."""
	found = services.admin_sql(
		f"select count(*) from information_schema.schemata where schema_name = '{database()}'"
	)
	return found.strip() == "1" and _state() != {}


def _state() -> dict[str, str]:
	file = site_path() / "test_state.json"
	return json.loads(file.read_text()) if file.exists() else {}


def _shape(bench: Path) -> dict[str, str]:
	"""Return hashes of what the site was made from: the other apps, and what shapes the app's tables."""
	others = hashlib.sha256()
	for app in ("frappe", "erpnext"):
		others.update((bench / "apps" / app / app / "__init__.py").read_bytes())
		others.update((bench / "apps" / app / app / "hooks.py").read_bytes())
	for part in ("company.py", "pool.py"):
		others.update(Path(__file__).with_name(part).read_bytes())
	own = hashlib.sha256()
	for file in sorted(env.PACKAGE.rglob("*")):
		part = file.relative_to(env.PACKAGE)
		if not file.is_file() or "__pycache__" in part.parts or part.parts[0] in NOT_IN_DATABASE:
			continue
		own.update(str(part).encode() + b"\0" + file.read_bytes())
	return {"bench": others.hexdigest() + str(bench), "app": own.hexdigest()}


def create(bench: Path) -> None:
	"""Make the site: frappe, ERPNext with its setup wizard done, then the app."""
	drop()
	password = create_database()
	frappe(
		"new-site",
		env.SITE,
		"--no-setup-db",
		*("--db-name", database(), "--db-password", password, "--db-socket", str(services.DB_SOCKET)),
		*("--admin-password", env.PASSWORD),
	)
	frappe("install-app", "erpnext")
	# The company comes first, as on a customer's site: the app is installed into a working ERPNext.
	_run([sys.executable, "-m", "tests.support.company"])
	frappe("install-app", env.APP)


def ensure(bench: Path, say=print) -> None:
	"""Make the site fit for a run: create it, or bring one of an earlier run up to date."""
	began = time.monotonic()
	state, shape = _state(), _shape(bench)
	fresh = env.flag("QMS_TEST_FRESH") or not exists() or state.get("bench") != shape["bench"]
	if fresh:
		say("creating the test site (some minutes)…")
		with site_copy.one_at_a_time():
			if not site_copy.load(shape):
				create(bench)
				_run([sys.executable, "-m", "tests.support.pool"])
				site_copy.save(shape)
		done = "created"
	else:
		baseline.recover(database(), site_path())
		if not env.flag("QMS_TEST_MIGRATE", default=state.get("app") != shape["app"]):
			return
		say("migrating the test site…")
		# Half a migration is no state to start from.
		(site_path() / "test_state.json").unlink()
		frappe("migrate", "--skip-search-index")
		_run([sys.executable, "-m", "tests.support.pool"])
		done = "migrated"
	baseline.take(database(), site_path())
	(site_path() / "test_state.json").write_text(json.dumps(shape))
	say(f"test site {done} in {time.monotonic() - began:.0f}s")
