"""The command `qms-customer`, which runs without Frappe and without a site."""

import argparse
import locale
import os
import sys
from datetime import datetime
from pathlib import Path

from qms_customer import __version__
from qms_customer.replay import Unusable, page, text
from qms_customer.replay.orders import Orders
from qms_customer.replay.settings import Settings, read
from qms_customer.replay.view import View, view
from qms_customer.replay.words import LANGUAGES, Say, say, tell
from qms_customer.rules import mark
from qms_customer.rules.replay import Replay

# The exit codes: done; the file holds nothing that can be used; the call is wrong.
DONE, NOTHING, WRONG = 0, 1, 2
SAMPLE = Path(__file__).with_name("sample")


def main(arguments: list[str] | None = None) -> int:
	"""Run the command; return its exit code."""
	for stream in (sys.stdout, sys.stderr):
		# A terminal that cannot show a character shows a question mark, and no traceback.
		if hasattr(stream, "reconfigure"):
			stream.reconfigure(errors="replace")
	options = _parser().parse_args(arguments)
	language = options.lang or _language()
	try:
		return _replay(options, language)
	except Unusable as error:
		print(f"qms-customer: {tell(Say(error.message, error.args), language)}", file=sys.stderr)
		return WRONG if error.usage else NOTHING
	except BrokenPipeError:
		# Whoever reads has seen enough (`| head`); what is buffered goes nowhere.
		os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
		return DONE
	except KeyboardInterrupt:
		return 130


def _parser() -> argparse.ArgumentParser:
	parser = argparse.ArgumentParser(
		prog="qms-customer", description="Contract review for medical-device makers, without an ERP."
	)
	parser.add_argument("--version", action="version", version=f"qms_customer {__version__}")
	commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
	replay = commands.add_parser(
		"replay",
		help="what contract review would have made of past orders",
		description="Run the rules of contract review over past Sales Orders exported from ERPNext.",
		epilog="Exit codes: 0 done, 1 nothing in the file can be used, 2 the call or the settings are wrong.",
	)
	replay.add_argument(
		"orders",
		nargs="?",
		type=Path,
		metavar="ORDERS",
		help="the export: .csv, .xlsx or .json (Report Builder, Data Export, Data Import, REST)",
	)
	replay.add_argument(
		"--sample", action="store_true", help="take the year of orders that comes with the app"
	)
	replay.add_argument(
		"--settings",
		type=Path,
		metavar="FILE",
		help="JSON of QMS Customer Settings, with an optional key replay",
	)
	replay.add_argument(
		"--items", type=Path, metavar="FILE", help="an export of Item: lead times, standards, groups"
	)
	replay.add_argument("--html", type=Path, metavar="OUT", help="write the page to this file")
	replay.add_argument(
		"--lang", choices=LANGUAGES, help="language of the output (default: that of the system)"
	)
	replay.add_argument(
		"--sheet", default="", metavar="NAME", help="the sheet of an .xlsx (default: the first)"
	)
	replay.add_argument(
		"--encoding", default="", metavar="NAME", help="of a text file (default: UTF-8, else GB18030)"
	)
	return parser


def _language() -> str:
	"""The language of the system: Chinese, or else English."""
	for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
		if found := os.environ.get(name):
			return "zh" if found.lower().startswith("zh") else "en"
	return "zh" if (locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"


def _replay(options: argparse.Namespace, language: str) -> int:
	path, items, settings = options.orders, options.items, options.settings
	if options.sample == bool(path):
		raise Unusable(mark("Name a file of orders, or {0}."), "--sample", usage=True)
	if options.sample:
		path, items = SAMPLE / "orders.csv", items or SAMPLE / "items.csv"
		settings = settings or SAMPLE / "settings.json"
	_check_output(options.html, [p for p in (path, items, settings) if p])
	known = read(settings) if settings else Settings()
	found, orders = build(path, known, items, options.sheet, options.encoding)
	print(text.render(found, language), end="")
	for bad in orders.source.bad[:20]:
		what = tell(Say(bad.message, bad.args), language)
		print(
			tell(say(mark("row {0} ({1}): {2}"), bad.line, bad.order or "–", what), language), file=sys.stderr
		)
	if (more := orders.source.bad_count - 20) > 0:
		print(tell(say(mark("and {0} more rows"), more), language), file=sys.stderr)
	if options.html:
		page.write(page.render(found, language), options.html)
		print()
		print(tell(say(mark("The page is in {0}"), str(options.html.resolve())), language))
	return DONE


def build(
	path: Path, known: Settings, items: Path | None = None, sheet: str = "", encoding: str = ""
) -> tuple[View, Orders]:
	"""Return the report of a file of orders; raise Unusable if there is none in it."""
	orders = Orders(path, known, items, sheet, encoding)
	replay = Replay(
		known.thresholds, known.departments, known.assumptions, known.try_amounts, known.try_quantities
	)
	for order in orders:
		replay.add(order)
	if not replay.orders:
		bad = orders.source.bad[0] if orders.source.bad else None
		raise Unusable(
			mark("{0} holds no order that can be judged. Left out: {1}. First: {2}"),
			orders.source.path,
			str(orders.source.bad_count + sum(orders.source.excluded.values())),
			f"{bad.line}: {bad.message.format(*bad.args)}"
			if bad
			else ", ".join(orders.source.excluded) or "-",
		)
	return view(replay, orders.source, known, datetime.now()), orders


def _check_output(out: Path | None, inputs: list[Path]) -> None:
	"""Refuse what would fail at the end, before the work begins."""
	if out is None:
		return
	if out.is_dir() or not out.parent.is_dir():
		raise Unusable(mark("{0} is no file that can be written."), str(out), usage=True)
	if any(p.exists() and out.exists() and p.samefile(out) for p in inputs):
		raise Unusable(mark("{0} is what is read: it would be overwritten."), str(out), usage=True)


if __name__ == "__main__":
	sys.exit(main())
