"""Chromium on the Desk, failing the test on whatever goes wrong behind the user's back."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from tests.support import env

ARGUMENTS = [
	"--headless=new",
	"--no-sandbox",
	"--disable-gpu",
	"--disable-quic",
	"--disable-dev-shm-usage",
	"--no-first-run",
	"--disable-background-networking",
	"--disable-component-update",
	"--disable-sync",
]
DESKTOP = {"width": 1366, "height": 900}
PHONE = {"width": 390, "height": 844}
# How long a test waits for what it expects to see, in milliseconds: machines are busy.
PATIENCE = 40_000
# What a user leaves in a profile; what stays are the files of the Desk, which would have to be loaded and
# compiled anew.
LEFT_BEHIND = "cookies,local_storage,indexeddb,websql,service_workers,cache_storage"

# There is no socket.io server. With `disable_async` frappe makes no socket, but its list and form views
# still emit to it and would fail on `undefined`. This listener runs before the Desk starts.
NO_SOCKET = """
document.addEventListener("DOMContentLoaded", () => {
	const realtime = window.frappe && window.frappe.realtime;
	if (realtime && !realtime.socket) {
		const nothing = () => {};
		realtime.socket = { on: nothing, off: nothing, emit: nothing, connect: nothing, disconnect: nothing };
	}
});
"""


@dataclass
class Problem:
	"""Something that went wrong in the page: kind is console, exception, status or request."""

	kind: str
	text: str
	response: Response | None = None

	def __str__(self) -> str:
		return f"{self.kind}: {self.text}"


@dataclass
class Refusal:
	"""What `expect_refusal` saw: the responses, and the messages shown to the user."""

	responses: list[Response] = field(default_factory=list)
	messages: list[str] = field(default_factory=list)


class Contexts:
	"""Profiles of the browser. Each is of one user at a time; the next finds nothing of the one before."""

	def __init__(self, browser: Browser, url: str) -> None:
		self._browser = browser
		self._url = url
		self._free: dict[tuple[bool, str], list[BrowserContext]] = {}
		self._kinds: dict[BrowserContext, tuple[bool, str]] = {}

	def take(self, phone: bool, lang: str) -> BrowserContext:
		"""Return a profile in which nobody is logged in."""
		kind = (phone, lang)
		if free := self._free.get(kind):
			return free.pop()
		context = self._browser.new_context(
			viewport=PHONE if phone else DESKTOP,
			has_touch=phone,
			is_mobile=phone,
			locale={"zh": "zh-CN"}.get(lang, "en-GB"),
			timezone_id="Asia/Shanghai",
		)
		context.set_default_timeout(PATIENCE)
		context.add_init_script(NO_SOCKET)
		self._kinds[context] = kind
		return context

	def give_back(self, context: BrowserContext) -> None:
		"""Take a profile back and empty it; one that cannot be emptied is thrown away."""
		try:
			for page in context.pages:
				page.close()
			page = context.new_page()
			session = context.new_cdp_session(page)
			session.send("Storage.clearDataForOrigin", {"origin": self._url, "storageTypes": LEFT_BEHIND})
			page.close()
			context.clear_cookies()
		except Exception:
			context.close()
			return
		self._free.setdefault(self._kinds[context], []).append(context)


class DeskPage:
	"""A logged-in page of the Desk. Everything that Playwright's Page can do, it can do (`.page` is that).

	Unless it was sent elsewhere before, it goes to /app when it is used for the first time.
	"""

	def __init__(self, context: BrowserContext, url: str, user: str, test: str) -> None:
		self.context = context
		self.url_root = url
		self.user = user
		self.test = re.sub(r"[^\w.-]+", "_", test)
		self.problems: list[Problem] = []
		self._page: Page = context.new_page()
		self._went = False
		self._page.on("console", self._console)
		self._page.on("pageerror", lambda error: self.problems.append(Problem("exception", str(error))))
		self._page.on("requestfailed", self._failed)
		self._page.on("response", self._response)

	def __getattr__(self, name: str) -> Any:
		if name.startswith("_"):  # Playwright looks for names of its own at whose method it is to call
			raise AttributeError(name)
		return getattr(self.page, name)

	@property
	def page(self) -> Page:
		"""Playwright's page, with the Desk loaded."""
		if not self._went:
			self.go()
		return self._page

	def calm(self) -> None:
		"""Ask the Desk for no animations: Bootstrap then shows dialogs at once."""
		self._page.emulate_media(reduced_motion="reduce")

	def _console(self, message: ConsoleMessage) -> None:
		# The browser's own line on a failed resource repeats what `response` reports with more detail.
		if message.type == "error" and not message.text.startswith("Failed to load resource"):
			self.problems.append(Problem("console", message.text))

	def _failed(self, request: Request) -> None:
		# Leaving a page aborts what is under way; that is no fault.
		if "ERR_ABORTED" not in (request.failure or ""):
			self.problems.append(Problem("request", f"{request.method} {request.url}: {request.failure}"))

	def _response(self, response: Response) -> None:
		if response.status >= 400:
			request = response.request
			text = f"{response.status} {request.method} {request.url} {(request.post_data or '')[:300]}"
			self.problems.append(Problem("status", text, response))

	def go(self, path: str = "/app") -> DeskPage:
		"""Open a path of the site and wait until the Desk is at rest."""
		self._went = True
		self.page.goto(self.url_root + path, wait_until="load")
		if urlsplit(path).path.startswith("/app"):
			self.page.wait_for_function(
				"() => window.frappe && frappe.boot && frappe.router && frappe.get_route()"
			)
		self.settle()
		return self

	def settle(self, timeout: float = PATIENCE / 1000) -> None:
		"""Wait until no request of the Desk is under way."""
		self.page.wait_for_function(
			"() => document.readyState === 'complete' && !(window.frappe?.request?.ajax_count > 0)"
			" && !document.querySelector('body[data-ajax-state=\"triggered\"]')",
			timeout=timeout * 1000,
		)
		self.page.wait_for_timeout(150)

	@contextlib.contextmanager
	def expect_refusal(
		self, status: int | tuple[int, ...] = (417, 403), timeout: float = PATIENCE / 1000
	) -> Iterator[Refusal]:
		"""Expect the server to refuse what is done in the block, as frappe.throw does with HTTP 417.

		The refused responses, and the traceback that the Desk writes to the console with them, are then no
		failure of the test. It is one when nothing was refused. After the block the yielded object has
		`.messages`, the texts that the user sees.
		"""
		wanted = (status,) if isinstance(status, int) else status
		refusal = Refusal()
		begin = len(self.problems)
		yield refusal
		deadline = time.monotonic() + timeout

		def refused() -> list[Problem]:
			return [
				problem
				for problem in self.problems[begin:]
				if problem.response is not None and problem.response.status in wanted
			]

		while not refused():
			if time.monotonic() > deadline:
				raise AssertionError(f"the server refused nothing with {wanted} within {timeout}s")
			self.page.wait_for_timeout(50)
		self.page.wait_for_timeout(300)  # for the console to follow
		expected = refused()
		for problem in expected:
			assert problem.response is not None
			refusal.responses.append(problem.response)
			with contextlib.suppress(Exception):
				raw = problem.response.json().get("_server_messages") or "[]"
				refusal.messages += [json.loads(message)["message"] for message in json.loads(raw)]
		self.problems[begin:] = [
			problem
			for problem in self.problems[begin:]
			if problem not in expected
			# "undefined" is what the Desk's form logs, as an error, when the server refuses to submit.
			and not (
				problem.kind == "console" and ("Traceback" in problem.text or problem.text == "undefined")
			)
		]

	@contextlib.contextmanager
	def expect_problem(self, pattern: str) -> Iterator[None]:
		"""Expect one particular problem (a regular expression on kind and text) in the block."""
		begin = len(self.problems)
		yield
		self.page.wait_for_timeout(300)
		found = [problem for problem in self.problems[begin:] if re.search(pattern, str(problem))]
		if not found:
			raise AssertionError(
				f"no problem like {pattern!r}: {[str(one) for one in self.problems[begin:]]}"
			)
		self.problems[begin:] = [problem for problem in self.problems[begin:] if problem not in found]

	def shot(self, name: str = "page", full_page: bool = False) -> Path:
		"""Take a screenshot into QMS_TEST_HOME/screenshots/TEST-NAME.png, to be looked at: not in CI."""
		path = env.home() / "screenshots" / f"{self.test}-{name}.png"
		if env.flag("CI") and not name.startswith("failed"):
			return path
		path.parent.mkdir(parents=True, exist_ok=True)
		self.page.screenshot(path=path, full_page=full_page)
		return path
