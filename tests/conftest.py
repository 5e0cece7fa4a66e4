"""What all tests share: markers by directory, the summary at the end, and the fixtures that need a bench.

tests/rules and tests/static run anywhere. tests/site and tests/browser need a bench (see tests/support/env);
without one their test functions are counted, deselected and named in the summary.
"""

from __future__ import annotations

import ast
import os
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import env, services

if TYPE_CHECKING:
	from playwright.sync_api import Browser

TESTS = env.CHECKOUT / "tests"
NEED_BENCH = ("site", "browser", "bench")
LANGUAGES = "languages"
OUTCOMES = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")

_bench = env.find_bench()
_outcomes: dict[str, tuple[str, str]] = {}
_not_run: Counter[str] = Counter()
_notes: list[str] = []


def group_of(path: Path) -> str:
	"""Return the directory below tests/ that a file stands in."""
	try:
		return path.relative_to(TESTS).parts[0]
	except ValueError:
		return "other"


# Collecting without a bench


class NotRunItem(pytest.Item):
	"""A test function that was found by reading the source; importing it would need frappe."""

	def runtest(self) -> None:
		"""Never called: `pytest_collection_modifyitems` takes these items out."""
		raise NotImplementedError


class NotRunClass(pytest.Collector):
	"""A test class that was found by reading the source."""

	def __init__(self, *, definition: ast.ClassDef, **kwargs: Any) -> None:
		super().__init__(**kwargs)
		self.definition = definition

	def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
		"""Yield its test methods."""
		return _read_tests(self, self.definition.body)


class NotRunModule(pytest.Module):
	"""A test module that is read instead of imported."""

	def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
		"""Yield its test functions and classes."""
		return _read_tests(self, ast.parse(self.path.read_text(encoding="utf-8")).body)


def _read_tests(parent: pytest.Collector, body: list[ast.stmt]) -> Iterator[pytest.Item | pytest.Collector]:
	for node in body:
		if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
			yield NotRunItem.from_parent(parent, name=node.name)
		elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
			yield NotRunClass.from_parent(parent, name=node.name, definition=node)


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
	"""Read the modules that need a bench when there is none."""
	if _bench is None and group_of(module_path) in NEED_BENCH:
		return NotRunModule.from_parent(parent, path=module_path)
	return None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
	"""Mark the tests by directory; take out and count what this machine cannot run."""
	for item in items:
		if (group := group_of(item.path)) in NEED_BENCH:
			item.add_marker("browser" if group == "browser" else "site")
	left_out = [item for item in items if isinstance(item, NotRunItem)]
	if left_out:
		_not_run.update(group_of(item.path) for item in left_out)
		config.hook.pytest_deselected(items=left_out)
		items[:] = [item for item in items if not isinstance(item, NotRunItem)]
	if env.flag("CI") and os.environ.get("QMS_TEST_LANGUAGES") != "all":
		others = _in_other_languages(items)
		config.hook.pytest_deselected(items=others)
		# Of several workers each leaves out the same; the summary is written by who hears of it.
		if hasattr(config, "workeroutput"):
			config.workeroutput[LANGUAGES] = len(others)
		if others:
			_not_run[LANGUAGES] = len(others)
		gone = {id(item) for item in others}
		items[:] = [item for item in items if id(item) not in gone]
	# The slowest last: a broken rule shows within seconds.
	order = ("static", "rules", "other", "site", "bench", "browser")
	items.sort(key=lambda item: order.index(group_of(item.path)) if group_of(item.path) in order else 2)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
	"""Hear from a worker what it has left out."""
	if left_out := getattr(node, "workeroutput", {}).get(LANGUAGES):
		_not_run[LANGUAGES] = left_out


def _in_other_languages(items: list[pytest.Item]) -> list[pytest.Item]:
	"""Return what CI leaves out to be done in time: of a browser test in two languages always the same one,
	half of the tests in each.
	"""
	languages: dict[str, dict[str, pytest.Item]] = {}
	for item in items:
		params = getattr(item, "callspec", None)
		if group_of(item.path) == "browser" and params and "lang" in params.params:
			language = params.params["lang"]
			test = re.sub(rf"\b{language}\b(?=[^\[]*\]$)", "*", item.nodeid)
			languages.setdefault(test, {})[language] = item
	found = []
	for test, by_language in languages.items():
		kept = sorted(by_language)[zlib.crc32(test.encode()) % len(by_language)]
		found += [item for language, item in by_language.items() if language != kept]
	return found


# The summary


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
	"""Note the outcome of each test; a failing teardown counts as well."""
	group = group_of(env.CHECKOUT / report.nodeid.split("::")[0])
	outcome = None
	if report.when == "call":
		outcome = report.outcome
		if hasattr(report, "wasxfail"):
			outcome = "xpassed" if report.passed else "xfailed"
	elif report.failed:
		outcome = "error"
	elif report.skipped:
		outcome = "skipped"
	if outcome and not (outcome == "error" and _outcomes.get(report.nodeid, ("", ""))[1] == "failed"):
		_outcomes[report.nodeid] = (group, outcome)


def pytest_sessionfinish(session: pytest.Session) -> None:
	"""A selection of which nothing can run here is no failure."""
	if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and _not_run:
		session.exitstatus = pytest.ExitCode.OK


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
	"""Write the last lines, after pytest's own."""
	reporter = config.pluginmanager.get_plugin("terminalreporter")
	if reporter is None or config.option.collectonly or not (_outcomes or _not_run):
		return
	for note in _notes:
		reporter.write_line(note)
	counts: dict[str, Counter[str]] = {}
	for group, outcome in _outcomes.values():
		counts.setdefault(group, Counter())[outcome] += 1
	groups = [group for group in ("rules", "static", "site", "browser") if group in counts]
	groups += sorted(set(counts) - set(groups))
	parts = [
		f"{group}: " + ", ".join(f"{counts[group][name]} {name}" for name in OUTCOMES if counts[group][name])
		for group in groups
	]
	if parts:
		reporter.write_line(" | ".join(parts))
	if _not_run[LANGUAGES]:
		left_out = f"{_not_run[LANGUAGES]} browser tests in their other language"
		reporter.write_line(f"NOT RUN: {left_out} (set QMS_TEST_LANGUAGES=all)")
	if any(_not_run[group] for group in NEED_BENCH):
		left_out = " and ".join(
			f"{_not_run[group]} {group} test function{'s' if _not_run[group] > 1 else ''}"
			for group in NEED_BENCH
			if _not_run[group]
		)
		path = str(env.bench_path()).replace(str(Path.home()), "~", 1)
		reporter.write_line(f"NOT RUN: {left_out}: no bench at {path} (set FRAPPE_BENCH)")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
	"""Leave the report at the test, for fixtures that act on a failure."""
	report = yield
	item.stash.setdefault(REPORTS, {})[report.when] = report
	return report


REPORTS = pytest.StashKey[dict[str, pytest.TestReport]]()


def pytest_configure(config: pytest.Config) -> None:
	"""Keep what is not ours out of the warnings, and hypothesis' examples out of the checkout."""
	for module in (
		"frappe",
		"erpnext",
		"payments",
		"passlib",
		"pkg_resources",
		"rq",
		"redis",
		"pypika",
		"google",
	):
		config.addinivalue_line("filterwarnings", rf"ignore:::{module}(\.|$)")
	try:
		from hypothesis.configuration import set_hypothesis_home_dir
	except ImportError:
		return
	set_hypothesis_home_dir(env.home() / "hypothesis")


# The site


@pytest.fixture(scope="session")
def say(pytestconfig: pytest.Config) -> Callable[[str], None]:
	"""Write a line to the terminal at once, although pytest captures the output."""
	capture = pytestconfig.pluginmanager.get_plugin("capturemanager")
	reporter = pytestconfig.pluginmanager.get_plugin("terminalreporter")

	def write(line: str) -> None:
		if reporter is None:  # one of several workers: it has no terminal
			return
		with capture.global_and_fixture_disabled():
			reporter.ensure_newline()
			reporter.write_line(line)

	return write


@pytest.fixture(scope="session")
def site(say: Callable[[str], None]) -> Iterator[str]:
	"""The test site, made or brought up to date, with this process connected to it as Administrator."""
	if _bench is None:
		pytest.fail(f"no bench at {env.bench_path()}")
	from tests.support import isolation, sites

	before = Path.cwd()
	services.start_mariadb()
	try:
		with services.redis() as port:
			sites.make_sites_directory(_bench, port)
			sites.ensure(_bench, say)
			os.environ["FRAPPE_BENCH_ROOT"] = str(env.home())
			# frappe reads and writes some files relative to the sites directory.
			os.chdir(env.sites_path())
			isolation.connect()
			try:
				yield env.SITE
			finally:
				isolation.disconnect()
				os.chdir(before)
		if env.flag("QMS_TEST_DROP", default=env.flag("CI")):
			sites.drop()
	finally:
		services.stop_mariadb()


@pytest.fixture
def isolated(site: str, request: pytest.FixtureRequest) -> Iterator[None]:
	"""Run the test as Administrator in a transaction that is rolled back, with nothing left in any cache.

	A test that commits all the same is put right like one with `committed`, and named in the summary.
	"""
	from tests.support import isolation, staged

	with isolation.isolated() as state:
		staged.begin()
		yield
	if state.committed and not state.allowed:
		_notes.append(f"committed without the fixture `committed` (put right): {request.node.nodeid}")


@pytest.fixture
def committed(isolated: None) -> Callable[[], None]:
	"""Allow the test to commit: call it to commit (and to see what others committed).

	After the test every table that was changed, by this process or by the web server, is filled again with
	the rows it had when the site was made.
	"""
	from tests.support import isolation

	return isolation.allow_commits()


@pytest.fixture(scope="session")
def web_server(site: str) -> Iterator[services.WebServer]:
	"""The web server: `.url`, `.worker_pids()`, `.kill_worker(pid)`. To write use `http` or `desk`."""
	with services.web() as server:
		yield server


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
	"""The browser, started once for all tests of a process: Playwright allows no second one."""
	from playwright.sync_api import sync_playwright

	from tests.support.browser import ARGUMENTS

	program = os.environ.get("QMS_TEST_CHROMIUM") or services.executable("chromium", package="chromium")
	with sync_playwright() as playwright:
		browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS, headless=True)
		yield browser
		browser.close()


@pytest.fixture
def http(web_server: services.WebServer, committed: Callable[[], None]) -> Iterator[Callable[..., Any]]:
	"""Return `http(user="Administrator")` → a logged-in `tests.support.web.Client` (a requests.Session).

	Logging in commits what the test has made so far, since the server sees committed rows only.
	"""
	from tests.support.web import Client

	clients: list[Client] = []

	def login(user: str = "Administrator", password: str = env.PASSWORD) -> Client:
		committed()
		client = Client(web_server.url)
		clients.append(client)
		if user != "Guest":
			client.login(user, password)
		return client

	yield login
	for client in clients:
		client.close()
