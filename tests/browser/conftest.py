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
	from tests.support.browser import DeskPage


@pytest.fixture(autouse=True)
def _isolated(committed: Callable[[], None]) -> None:
	"""Put the site back after every test: what a browser does is committed."""


@pytest.fixture
def desk(
	chromium: Browser,
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

	from tests.support.browser import DESKTOP, PHONE, DeskPage

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
		context = chromium.new_context(
			viewport=PHONE if phone else DESKTOP,
			has_touch=phone,
			is_mobile=phone,
			locale={"zh": "zh-CN"}.get(lang or "en", "en-GB"),
			timezone_id="Asia/Shanghai",
		)
		context.set_default_timeout(20_000)
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
		page.context.close()
	if problems:
		pytest.fail("in the browser:\n" + "\n".join(problems), pytrace=False)


@pytest.fixture
def cast(isolated: None) -> c.World:
	"""People with names, one for each role, and a device to sell them: IP-200, made to order."""
	import frappe

	from qms_customer.rules import people as roles
	from tests.support import contracts, isolation

	world = contracts.World()
	world.everybody()
	for role, name in (
		(roles.SALES_USER, "Li Na"),
		(roles.RND, "Wang Wei"),
		(roles.QUALITY, "Zhang Min"),
		(roles.PRODUCTION, "Chen Jun"),
		(roles.PLANNING, "Liu Yang"),
		(roles.PURCHASING, "Zhao Lei"),
		(roles.SALES_VP, "Sun Hong"),
		(roles.GENERAL_MANAGER, "Zhou Jian"),
	):
		frappe.db.set_value("User", world.person(role), {"first_name": name, "full_name": name})
	frappe.db.set_value("User", world.second_sales(), {"first_name": "He Jing", "full_name": "He Jing"})
	contracts.item(
		item_code="IP-200",
		item_name="Infusion Pump IP-200",
		qms_product_standard=contracts.standard(standard_number="Q/QTC 012-2025"),
	)
	# What was cached with the old names; what follows from the metadata stays.
	isolation.forget()
	return world
