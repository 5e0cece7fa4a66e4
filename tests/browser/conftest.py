"""The browser tests: Debian's Chromium, driven by Playwright, on the web server of the test site."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.conftest import REPORTS
from tests.support import env, services

if TYPE_CHECKING:
	from playwright.sync_api import Browser

	from tests.support import contracts as c
	from tests.support.browser import Contexts, DeskPage


@pytest.fixture(autouse=True)
def _isolated(committed: Callable[[], None]) -> None:
	"""Put the site back after every test: what a browser does is committed."""


@pytest.fixture(scope="session")
def contexts(chromium: Browser, web_server: services.WebServer) -> Iterator[Contexts]:
	"""The browser's profiles, used one after the other."""
	from playwright.sync_api import expect

	from tests.support.browser import PATIENCE, Contexts

	expect.set_options(timeout=PATIENCE)
	yield Contexts(chromium, web_server.url)


@pytest.fixture
def desk(
	contexts: Contexts,
	web_server: services.WebServer,
	committed: Callable[[], None],
	request: pytest.FixtureRequest,
) -> Iterator[Callable[..., DeskPage]]:
	"""Return `desk(user="Administrator", lang=None, phone=False, path=None)` → a logged-in page at rest.

	Without a path it is at /app; that is loaded only when the page is not sent elsewhere first.
	`lang` ("zh", "en") becomes the user's language. Console errors, exceptions and failed requests of the
	page fail the test at its end, save those in `page.expect_refusal()` or `page.expect_problem(pattern)`.
	"""
	import frappe

	from tests.support.browser import DeskPage

	pages: list[DeskPage] = []

	def open_desk(
		user: str = "Administrator",
		lang: str | None = None,
		phone: bool = False,
		path: str | None = None,
		password: str = env.PASSWORD,
	) -> DeskPage:
		if lang:
			frappe.db.set_value("User", user, "language", lang)
			frappe.clear_cache(user=user)
		committed()
		context = contexts.take(phone, lang or "en")
		answer = context.request.post(
			f"{web_server.url}/api/method/login", form={"usr": user, "pwd": password}
		)
		assert answer.ok, f"login as {user}: {answer.status} {answer.text()[:500]}"
		page = DeskPage(context, web_server.url, user, request.node.name)
		pages.append(page)
		return page.go(path) if path else page

	yield open_desk

	call = request.node.stash.get(REPORTS, {}).get("call")
	problems: list[str] = []
	for number, page in enumerate(pages, 1):
		if call is not None and call.failed:
			try:
				page.shot(f"failed{number}")
			except Exception as error:  # a crashed page has no picture; the test's own failure matters
				problems.append(f"no screenshot: {error}")
		problems += [f"[{page.user}] {problem}" for problem in page.problems]
		contexts.give_back(page.context)
	if problems:
		pytest.fail("in the browser:\n" + "\n".join(problems), pytrace=False)


@pytest.fixture
def cast(isolated: None) -> c.World:
	"""People with names, one for each role, and a device to sell them: IP-200, made to order."""
	from tests.support import contracts, isolation

	world = contracts.World()
	contracts.cast(world)
	# What was cached with the old names; what follows from the metadata stays.
	isolation.forget()
	return world
