"""`qms-customer replay` as it is called, by a python that has neither Frappe nor any package."""

from __future__ import annotations

import csv
import importlib
import io
import json
import os
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from qms_customer.replay.cli import SAMPLE
from qms_customer.replay.sample import make
from tests.support import env

importlib_toml = "tomllib" if sys.version_info >= (3, 11) else "pip._vendor.tomli"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> str:
	"""Return a python that sees the standard library and the checkout, and nothing else."""
	folder = tmp_path_factory.mktemp("bare")
	subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
	return str(folder / "bin/python")


def run(python: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
	return subprocess.run(
		[python, "-m", "qms_customer.replay", *map(str, arguments)],
		cwd="/",
		env={"PATH": os.environ["PATH"], "PYTHONPATH": str(env.CHECKOUT), "LANG": "C.UTF-8", **environment},
		stdin=subprocess.DEVNULL,
		capture_output=True,
		text=True,
		encoding="utf-8",
		timeout=300,
	)


@pytest.fixture
def orders(tmp_path: Path) -> Path:
	path = tmp_path / "orders.csv"
	path.write_text(
		"ID,Date,Item Code,Quantity,Grand Total (Company Currency),Customer\n"
		"SO-1,2025-03-01,PUMP,2,600000,Anlan <b>\nSO-2,2025-04-01,PUMP,2,100,Beiqiao\nSO-2,,SET,many,,\n"
	)
	return path


class Page(HTMLParser):
	"""Reads a page: its text in each language, its tags, and whatever it would fetch."""

	def __init__(self, text: str) -> None:
		super().__init__()
		self.fetched: list[str] = []
		self.open: list[tuple[str, str]] = []
		self.text: dict[str, list[str]] = {"": [], "en": [], "zh": []}
		self.rows = 0
		self.feed(text)
		self.close()
		assert not self.open, "tags that are not closed"

	def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
		values = dict(attrs)
		self.rows += tag == "tr"
		for name in ("src", "href", "action", "data", "srcset"):
			if (values.get(name) or "#")[0] != "#" and values[name] != "data:,":
				self.fetched.append(values[name] or "")
		assert tag != "script"
		if tag not in ("meta", "link", "input"):
			self.open.append((tag, values.get("lang") or "" if tag != "html" else ""))

	def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
		pass

	def handle_endtag(self, tag: str) -> None:
		assert self.open.pop()[0] == tag

	def handle_data(self, data: str) -> None:
		language = next((lang for _tag, lang in reversed(self.open) if lang), "")
		if data.strip() and self.open[-1][0] != "style":
			self.text[language].append(data)


def test_it_needs_nothing_but_python(bare: str, orders: Path, tmp_path: Path) -> None:
	out = tmp_path / "page.html"
	done = run(bare, "replay", orders, "--html", out)
	assert done.returncode == 0, done.stderr
	assert "2 orders with 2 lines, 2025-03-01 to 2025-04-01" in done.stdout
	assert "row 4 (SO-2): many is no value that can be read" in done.stderr
	assert str(out) in done.stdout
	check = subprocess.run([bare, "-c", "import frappe"], capture_output=True)
	assert check.returncode, "this python has frappe, so the test shows nothing"
	page = Page(out.read_text(encoding="utf-8"))
	assert page.fetched == []
	# Whatever an export holds is text in the page.
	assert "Anlan <b>" in page.text[""]
	assert len(page.text["en"]) == len(page.text["zh"]) > 100
	# What the reader is told in Chinese is Chinese: of each text the two differ.
	assert not set(page.text["en"]) & set(page.text["zh"])
	english_left = [
		t
		for t in page.text["zh"]
		if re.search(r"[a-z]{4,}", re.sub(r"[\w.]+\.csv|qms_customer|\w+\.\w+", "", t))
	]
	assert not [t for t in english_left if not re.search("[\u4e00-\u9fff]", t)]


def test_the_sample(bare: str, tmp_path: Path) -> None:
	out = tmp_path / "page.html"
	done = run(bare, "replay", "--sample", "--html", out, "--lang", "zh")
	assert done.returncode == 0, done.stderr
	assert "1,466份订单" in done.stdout and "组织评审" in done.stdout
	text = out.read_text(encoding="utf-8")
	page = Page(text)
	assert 'id="show-zh" checked' in text and 'lang="zh-Hans"' in text
	assert text.count("<svg viewBox") == 4 and page.rows > 80
	assert out.stat().st_size < 300_000


def test_the_sample_is_made_the_same_every_time(tmp_path: Path) -> None:
	make.main(tmp_path)
	for name in ("orders.csv", "items.csv", "settings.json"):
		assert (tmp_path / name).read_bytes() == (SAMPLE / name).read_bytes(), (
			"run qms_customer.replay.sample.make"
		)


@pytest.mark.parametrize(
	("environment", "expected"),
	[
		({"LANG": "zh_CN.UTF-8"}, "以往订单"),
		({"LANG": "de_DE.UTF-8"}, "What contract review"),
		({"LANG": "de_DE.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, "以往订单"),
	],
)
def test_the_language_is_that_of_the_system(
	bare: str, orders: Path, environment: dict[str, str], expected: str
) -> None:
	assert expected in run(bare, "replay", orders, PYTHONUTF8="1", **environment).stdout


def test_a_terminal_that_knows_no_chinese(bare: str, orders: Path) -> None:
	done = run(bare, "replay", orders, "--lang", "zh", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
	assert done.returncode == 0 and "???" in done.stdout


@pytest.mark.parametrize(
	("arguments", "code", "said"),
	[
		((), 2, "COMMAND"),
		(("replay",), 2, "Name a file of orders"),
		(("replay", "{orders}", "--sample"), 2, "Name a file of orders"),
		(("replay", "/nowhere/orders.csv"), 2, "cannot be read"),
		(("replay", "{orders}", "--settings", "/nowhere.json"), 2, "cannot be read"),
		(("replay", "{orders}", "--settings", "{orders}"), 2, "no JSON"),
		(("replay", "{orders}", "--settings", "{settings}"), 2, "large_amont"),
		(("replay", "{orders}", "--html", "/nowhere/page.html"), 2, "no file that can be written"),
		(("replay", "{orders}", "--html", "{orders}"), 2, "would be overwritten"),
		(("replay", "{orders}", "--lang", "fr"), 2, "invalid choice"),
		(("replay", "{orders}", "--colour"), 2, "unrecognized"),
		(("replay", "{empty}"), 1, "is empty"),
		(("replay", "{drafts}"), 1, "no order that can be judged"),
		(("replay", "{lacking}"), 1, "impossible without these columns: Date"),
		(("replay", "{book}"), 2, "needs the package openpyxl"),
	],
)
def test_what_is_wrong_is_said_in_a_line(
	bare: str, orders: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
	files = {
		"settings": ("settings.json", b'{"large_amont": 5}'),
		"empty": ("empty.csv", b""),
		"drafts": ("drafts.csv", b"ID,Date,Item Code,Quantity,Status\nSO-1,2025-03-01,PUMP,1,Draft\n"),
		"lacking": ("lacking.csv", b"ID,Item Code,Quantity\nSO-1,PUMP,1\n"),
		"book": ("book.xlsx", b"PK\x03\x04"),
	}
	paths = {"orders": orders}
	for key, (name, content) in files.items():
		paths[key] = tmp_path / name
		paths[key].write_bytes(content)
	before = orders.read_bytes()
	done = run(bare, *(argument.format(**paths) for argument in arguments))
	assert done.returncode == code, done.stderr
	assert said in done.stderr and "Traceback" not in done.stderr
	assert not done.stdout and orders.read_bytes() == before


def test_a_page_is_written_as_a_whole_or_not_at_all(bare: str, orders: Path, tmp_path: Path) -> None:
	out = tmp_path / "page.html"
	out.write_text("the old page")
	orders.write_text("ID,Item Code,Quantity\nSO-1,PUMP,1\n")
	assert run(bare, "replay", orders, "--html", out).returncode == 1
	assert out.read_text() == "the old page"
	assert sorted(p.name for p in tmp_path.iterdir()) == ["orders.csv", "page.html"]


def test_a_reader_that_has_seen_enough(bare: str, orders: Path) -> None:
	command = f'"{bare}" -m qms_customer.replay replay "{orders}" | head -n 1'
	done = subprocess.run(
		["bash", "-o", "pipefail", "-c", command],
		env={"PATH": os.environ["PATH"], "PYTHONPATH": str(env.CHECKOUT), "PYTHONUNBUFFERED": "1"},
		capture_output=True,
		text=True,
	)
	assert "Traceback" not in done.stderr and "Broken" not in done.stderr


def test_the_command_is_installed() -> None:
	"""pyproject.toml names the command and what it needs; Frappe is not among it."""
	toml = importlib.import_module(importlib_toml)
	project = toml.loads((env.CHECKOUT / "pyproject.toml").read_text())["project"]
	module, _, name = project["scripts"]["qms-customer"].partition(":")
	assert callable(getattr(importlib.import_module(module), name))
	assert [re.match(r"[\w-]+", d)[0] for d in project["dependencies"]] == ["openpyxl", "biip", "scipy"]


def long_export(rows: int) -> Iterator[list[object]]:
	"""An export of three rows an order."""
	yield [
		"Sr",
		"ID",
		"Customer",
		"Date",
		"Grand Total (Company Currency)",
		"Item Code",
		"Quantity",
		"Delivery Date (Items)",
	]
	for n in range(rows):
		order = n // 3
		day = f"2025-{order % 12 + 1:02d}-{order % 28 + 1:02d}"
		yield [
			n,
			f"SO-{order:06d}",
			f"Customer {order % 500}",
			day,
			order % 900 * 1000,
			f"I-{n % 400}",
			n % 50 + 1,
			"2026-03-31",
		]


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
	"""What is kept of 6,000 rows is little more than of 2,000: the numbers of the orders."""
	from qms_customer.replay.cli import build
	from qms_customer.replay.settings import Settings

	def peak(rows: int) -> int:
		path = tmp_path / f"{rows}.csv"
		with path.open("w", newline="") as file:
			csv.writer(file).writerows(long_export(rows))
		tracemalloc.start()
		try:
			_view, orders = build(path, Settings())
			assert orders.source.rows == rows
			return tracemalloc.get_traced_memory()[1]
		finally:
			tracemalloc.stop()

	small, large = peak(2_000), peak(6_000)
	assert large - small < 4_000 * 150, (small, large)


def test_json_settings_are_read_as_the_desk_exports_them(bare: str, orders: Path, tmp_path: Path) -> None:
	settings = tmp_path / "settings.json"
	exported = {
		"doctype": "QMS Customer Settings",
		"name": "QMS Customer Settings",
		"large_amount": 0,
		"large_quantity": 0,
	}
	settings.write_text(json.dumps({"docs": [exported]}))
	with_limits, without = run(bare, "replay", orders), run(bare, "replay", orders, "--settings", settings)
	rows = [
		next(line for line in io.StringIO(done.stdout) if line.startswith(" Convened"))
		for done in (with_limits, without)
	]
	assert [row.split()[1] for row in rows] == ["1", "0"]
