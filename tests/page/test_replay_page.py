"""The page of a replay as a manager sees it: both languages; on a screen, a phone and paper; no network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qms_customer.replay import cli
from tests.support import env, services

if TYPE_CHECKING:
	from playwright.sync_api import Browser, Page

LANGUAGES = ("en", "zh")


@pytest.fixture
def here(request: pytest.FixtureRequest) -> Browser:
	"""The browser; where there is none, these tests are skipped."""
	pytest.importorskip("playwright.sync_api")
	try:
		os.environ.get("QMS_TEST_CHROMIUM") or services.executable("chromium", package="chromium")
	except services.ServiceError as error:
		pytest.skip(str(error))
	return request.getfixturevalue("chromium")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
	"""The page of the sample."""
	out = tmp_path_factory.mktemp("page") / "replay.html"
	assert cli.main(["replay", "--sample", "--html", str(out), "--lang", "en"]) == cli.DONE
	return out


@pytest.fixture
def page(here: Browser, written: Path) -> Iterator[Page]:
	"""The page, opened from its file. What it asks of a network, and any console message, fails the test."""
	context = here.new_context(viewport={"width": 1280, "height": 900}, java_script_enabled=False)
	opened, asked, said = context.new_page(), [], []
	opened.on("request", lambda request: asked.append(request.url))
	opened.on("console", lambda message: said.append(message.text))
	opened.goto(written.as_uri())
	yield opened
	context.close()
	assert [url for url in asked if not url.startswith(("data:", written.as_uri()))] == []
	assert said == []


def shot(page: Page, name: str, **options) -> None:
	folder = env.home() / "shots"
	folder.mkdir(parents=True, exist_ok=True)
	page.screenshot(path=folder / f"replay_{name}.png", **options)


def choose(page: Page, language: str) -> None:
	page.click(f"label[for=show-{language}]")


def shown(page: Page, language: str) -> int:
	"""How many texts of a language are seen."""
	texts = page.locator(f".page [lang={language}]")
	return sum(texts.nth(n).is_visible() for n in range(0, texts.count(), 20))


def test_both_languages(page: Page) -> None:
	"""One click shows the other, without a script; what is seen is never both."""
	for language, other, title, words in (
		("zh", "en", "以往订单如经合同评审", ("组织评审", "生产部", "总经理")),
		(
			"en",
			"zh",
			"What contract review would have made of past orders",
			("Convened", "R&D", "General Manager"),
		),
	):
		choose(page, language)
		assert page.locator("h1").inner_text() == title
		assert shown(page, language) > 10 and shown(page, other) == 0
		text = page.locator("main").inner_text()
		assert all(word in text for word in words)
		shot(page, language, full_page=True)


def test_what_a_manager_looks_for(page: Page) -> None:
	"""The figures on top are those of the tables below."""
	cards = page.locator(".card .figure").all_inner_texts()
	assert cards[0] == "20 %" and len(cards) == 5
	rows = page.locator("#outcome tbody tr")
	convened = rows.nth(3).locator("td").nth(1).inner_text().strip()
	assert convened == cards[1] == "351"
	months = page.locator("#months tbody tr")
	assert months.count() == 12
	assert sum(int(months.nth(n).locator("td").last.inner_text()) for n in range(12)) == 351
	current = page.locator("#limits tr.marked").first.inner_text().split()
	assert current[0] == "500,000" and "351" in current
	assert page.locator("svg[role=img]").count() == 4
	assert page.locator("#left_out tbody tr").count() == 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_hangs_over(page: Page, language: str) -> None:
	"""Neither on a screen nor on a phone is the page wider than its window; tables scroll by themselves."""
	choose(page, language)
	for width in (1280, 768, 390):
		page.set_viewport_size({"width": width, "height": 800})
		box = page.locator("main").bounding_box()
		assert box["x"] >= 0 and box["x"] + box["width"] <= width
		for card in page.locator(".card, section, .findings").all():
			box = card.bounding_box()
			assert box["x"] + box["width"] <= width + 1
	shot(page, f"phone_{language}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_prints(page: Page, language: str, tmp_path: Path) -> None:
	choose(page, language)
	page.emulate_media(media="print")
	assert not page.locator(".switch").is_visible() and not page.locator(".contents").is_visible()
	assert page.locator("h1").is_visible() and shown(page, language) > 10
	paper = page.pdf(path=tmp_path / "replay.pdf", format="A4", print_background=True)
	assert (
		4 <= paper.count(b"/Type /Page\n") + paper.count(b"/Type /Page ") + paper.count(b"/Type /Page/") <= 12
	)


def test_the_keyboard_changes_the_language(page: Page) -> None:
	page.locator("#show-en").focus()
	page.keyboard.press("ArrowRight")
	assert page.locator("h1").inner_text() == "以往订单如经合同评审"
