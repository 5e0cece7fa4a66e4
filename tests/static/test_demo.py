"""bin/demo: its arguments, and what it says where it can neither find a bench nor make one."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
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
	"""It says what it looked for and what to do, makes and installs nothing, and shows the replay."""
	if _has_made_a_bench():
		pytest.skip("bin/demo has made a bench here")
	calls = tmp_path / "calls"
	home = tmp_path / "home"
	home.mkdir()
	done = demo(
		FRAPPE_BENCH="/nonexistent",
		HOME=str(home),
		PATH=f"{tools}:{os.environ['PATH']}",
		CALLS=str(calls),
	)
	assert done.returncode == 0, done.stdout + done.stderr
	for text in (
		"the releases to make one from cannot be reached",
		"/nonexistent, ",
		"https://github.com/frappe/erpnext, branch version-15",
		"For the whole demo, one of",
		"FRAPPE_BENCH=/path/to/frappe-bench bin/demo",
	):
		assert text in done.stderr
	assert "ls-remote" in calls.read_text()
	assert not [line for line in calls.read_text().splitlines() if not line.startswith("ls-remote")]
	page = home / ".cache/qms_customer/replay.html"
	assert [p for p in home.rglob("*") if p.is_file()] == [page]
	assert f"file://{page}" in done.stdout and "1,466 orders" in done.stdout
	assert "1,466" in page.read_text(encoding="utf-8")


def test_without_git_it_is_asked_for_first(tools: Path, tmp_path: Path) -> None:
	"""A machine without network has no way to install git either: the replay all the same."""
	if _has_made_a_bench():
		pytest.skip("bin/demo has made a bench here")
	calls = tmp_path / "calls"
	(tools / "git").unlink()
	needed = ("bash", "env", "id", "getent", "cut", "dirname", "mkdir", "cat", "timeout")
	for name in needed:
		(tools / name).symlink_to(shutil.which(name) or f"/usr/bin/{name}")
	(tools / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
	(tools / "python3").chmod(0o755)
	done = demo(FRAPPE_BENCH="/nonexistent", HOME=str(tmp_path), PATH=str(tools), CALLS=str(calls))
	assert done.returncode == 0, done.stdout + done.stderr
	assert "cannot be reached" in done.stderr and "file://" in done.stdout
	assert all(line.startswith("apt-get") for line in calls.read_text().splitlines())


def test_replay(tools: Path, tmp_path: Path) -> None:
	"""The page of the sample year, where it was asked for, in the language of the system."""
	page = tmp_path / "somewhere.html"
	done = demo("replay", QMS_DEMO_PAGE=str(page), LANG="zh_CN.UTF-8", PYTHONUTF8="1")
	assert done.returncode == 0, done.stderr
	assert "1,466份订单" in done.stdout and f"file://{page}" in done.stdout
	assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def _has_made_a_bench() -> bool:
	"""Return whether bin/demo has been at work here as root: its user is there, and perhaps its bench."""
	return any(user.pw_name == "frappe" for user in pwd.getpwall())


def test_shellcheck() -> None:
	if not (program := shutil.which("shellcheck")):
		pytest.skip("no shellcheck")
	done = subprocess.run([program, str(DEMO)], capture_output=True, text=True)
	assert done.returncode == 0, done.stdout
