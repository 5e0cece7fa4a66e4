"""bin/demo: its arguments, and what it says where it can neither find a bench nor make one."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import env

DEMO = env.CHECKOUT / "bin/demo"


def demo(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
	"""Run bin/demo in an environment that holds nothing but these values and the path."""
	return subprocess.run(
		[str(DEMO), *arguments],
		env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8", **environment},
		stdin=subprocess.DEVNULL,
		capture_output=True,
		text=True,
		timeout=120,
	)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
	"""Return a directory of commands in which everything is installed, root is nobody, and git reaches
	nothing.

	They stand before the real ones, so that the test installs nothing and asks nobody.
	"""
	folder = tmp_path / "bin"
	folder.mkdir()
	scripts = {
		"git": 'echo "$@" >>"$CALLS"; exit 128',
		"apt-get": 'echo "apt-get $*" >>"$CALLS"; exit 1',
		"npm": 'echo "npm $*" >>"$CALLS"; exit 1',
		"useradd": 'echo "useradd $*" >>"$CALLS"; exit 1',
		"sudo": 'echo "sudo $*" >>"$CALLS"; exit 1',
		"fc-list": "echo NotoSansCJK",
	}
	for name in (
		"mariadbd",
		"mariadb",
		"redis-server",
		"update-ca-certificates",
		"crontab",
		"gcc",
		"pkg-config",
		"node",
		"yarn",
		"wkhtmltopdf",
		"setpriv",
	):
		scripts.setdefault(name, "exit 0")
	for name, script in scripts.items():
		(folder / name).write_text(f"#!/bin/sh\n{script}\n")
		(folder / name).chmod(0o755)
	return folder


def test_help() -> None:
	done = demo("--help")
	assert done.returncode == 0 and not done.stderr
	for word in ("bin/demo stop", "bin/demo drop", "FRAPPE_BENCH", "QMS_DEMO_SITE", "127.0.0.1"):
		assert word in done.stdout
	assert "shellcheck" not in done.stdout


@pytest.mark.parametrize("arguments", [("start",), ("stop", "now"), ("--force",)])
def test_unknown_arguments(arguments: tuple[str, ...]) -> None:
	done = demo(*arguments)
	assert done.returncode == 2 and not done.stdout
	assert "argument" in done.stderr


def test_the_site_has_a_name() -> None:
	done = demo(QMS_DEMO_SITE="../../etc")
	assert done.returncode == 1 and "QMS_DEMO_SITE" in done.stderr


@pytest.mark.parametrize("command", ["stop", "drop"])
def test_nothing_to_stop(command: str, tools: Path, tmp_path: Path) -> None:
	if _has_made_a_bench():
		pytest.skip("this machine has a bench that bin/demo made")
	done = demo(command, FRAPPE_BENCH="/nonexistent", HOME=str(tmp_path))
	assert done.returncode == 1 and "no bench" in done.stderr


def test_no_bench_and_no_releases(tools: Path, tmp_path: Path) -> None:
	"""It says what it looked for, where, and what to do; it makes nothing."""
	if _has_made_a_bench() or shutil.which("python3", path="/usr/bin") is None:
		pytest.skip("bin/demo has made a bench here, or would install python")
	if subprocess.run(["/usr/bin/python3", "-c", "import venv, ensurepip"], capture_output=True).returncode:
		pytest.skip("the distribution's python has no venv here; bin/demo would install it")
	calls = tmp_path / "calls"
	home = tmp_path / "home"
	home.mkdir()
	done = demo(
		FRAPPE_BENCH="/nonexistent",
		HOME=str(home),
		PATH=f"{tools}:{os.environ['PATH']}",
		CALLS=str(calls),
	)
	assert done.returncode == 1, done.stdout + done.stderr
	assert "[2/9] bench" in done.stdout
	for text in (
		"the releases to make one from cannot be reached",
		"/nonexistent, ",
		"https://github.com/frappe/erpnext, branch version-15",
		"What to do",
		"FRAPPE_BENCH=/path/to/frappe-bench bin/demo",
	):
		assert text in done.stderr
	assert "ls-remote" in calls.read_text()
	assert not [line for line in calls.read_text().splitlines() if not line.startswith("ls-remote")]
	assert not list(home.iterdir())


def _has_made_a_bench() -> bool:
	"""Return whether bin/demo has been at work here as root: its user is there, and perhaps its bench."""
	return any(user.pw_name == "frappe" for user in pwd.getpwall())


def test_shellcheck() -> None:
	if not (program := shutil.which("shellcheck")):
		pytest.skip("no shellcheck")
	done = subprocess.run([program, str(DEMO)], capture_output=True, text=True)
	assert done.returncode == 0, done.stdout
