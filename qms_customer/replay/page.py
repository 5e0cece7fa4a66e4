"""The page that a manager reads: one HTML file with everything in it, English and Chinese.

Both languages stand in the page; two radio buttons and a line of CSS show one of them, without a script. It
asks no server for anything, and prints.
"""

import os
import tempfile
from contextlib import suppress
from html import escape
from pathlib import Path as File

from qms_customer import __version__
from qms_customer.replay import Unusable
from qms_customer.replay.charts import COLOURS, bar, draw
from qms_customer.replay.figures import show
from qms_customer.replay.view import (
	Bar,
	Curve,
	Money,
	Rate,
	Section,
	Share,
	Split,
	Stacked,
	Table,
	View,
	path_name,
)
from qms_customer.replay.words import LANGUAGES, say
from qms_customer.rules import mark
from qms_customer.rules.classification import Path

_STYLE = File(__file__).with_name("page.css")
_FOLD = 25
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def render(view: View, language: str = "en") -> str:
	"""Return the page; `language` is the one it shows first."""
	checked = {lang: " checked" if lang == language else "" for lang in LANGUAGES}
	title = " / ".join(show(view.title, lang) for lang in LANGUAGES)
	sections = "".join(_section(section) for section in view.sections)
	contents = "".join(f'<a href="#{s.key}">{both(s.title)}</a>' for s in view.sections)
	cards = "".join(
		f'<div class="card"><div class="figure">{both(value)}</div><div class="what">{both(name)}</div>'
		f'<div class="more">{both(more)}</div></div>'
		for name, value, more in view.cards
	)
	findings = "".join(f"<li>{both(finding)}</li>" for finding in view.findings)
	made = say(
		mark(
			"Made on {0} by {1} {2}. The rules are those of ISO 13485, 7.2, as the app applies "
			"them; a replay changes nothing anywhere."
		),
		f"{view.made:%Y-%m-%d %H:%M}",
		"qms_customer",
		__version__,
	)
	return f"""<!DOCTYPE html>
<html lang="{"zh-Hans" if language == "zh" else "en"}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<link rel="icon" href="data:,">
<title>{escape(title)}</title>
<style>
{_STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
<input type="radio" name="language" id="show-en"{checked["en"]} aria-label="English">
<input type="radio" name="language" id="show-zh"{checked["zh"]} aria-label="中文">
<nav class="switch"><label for="show-en">English</label><label for="show-zh">中文</label></nav>
<div class="page">
<header>
<h1>{both(view.title)}</h1>
<p class="subtitle">{" · ".join(both(part) for part in view.subtitle)}</p>
</header>
<nav class="contents">{contents}</nav>
<main>
<section class="top">
<div class="cards">{cards}</div>
<ul class="findings">{findings}</ul>
</section>
{sections}
</main>
<footer><p>{both(made)}</p></footer>
</div>
</body>
</html>
"""


def both(what: object) -> str:
	"""Return a text in both languages, once if they are the same."""
	shown = {language: escape(show(what, language)) for language in LANGUAGES}
	if len(set(shown.values())) == 1:
		return shown["en"]
	return "".join(f'<span lang="{language}">{text}</span>' for language, text in shown.items())


def _section(section: Section) -> str:
	text = "".join(f"<p>{both(part)}</p>" for part in section.text)
	blocks = "".join(_block(block) for block in section.blocks)
	return f'<section id="{section.key}"><h2>{both(section.title)}</h2>{text}{blocks}</section>\n'


def _block(block: Table | Split | Stacked | Curve) -> str:
	if isinstance(block, Table):
		return _table(block)
	legend = "" if isinstance(block, Curve) else _legend()
	return f"<figure><figcaption>{both(block.title)}</figcaption>{draw(block)}{legend}</figure>"


def _legend() -> str:
	keys = "".join(
		f'<span class="key"><i style="background:{COLOURS[path]}"></i>{both(path_name(path))}</span>'
		for path in Path
	)
	return f'<div class="legend">{keys}</div>'


def _table(table: Table) -> str:
	numeric = [
		bool(table.rows)
		and all(isinstance(row[column], int | Bar | Share | Money | Rate) for row in table.rows)
		for column in range(len(table.headings))
	]
	head = "".join(
		f'<th scope="col"{_classes(numeric[column], column in table.columns)}>{both(heading)}</th>'
		for column, heading in enumerate(table.headings)
	)
	rows = "".join(
		f"<tr{_marked(number in table.marked)}>"
		+ "".join(_cell(cell, numeric[column], column in table.columns) for column, cell in enumerate(row))
		+ "</tr>"
		for number, row in enumerate(table.rows)
	)
	caption = f"<caption>{both(table.caption)}</caption>" if table.caption else ""
	body = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
	found = f'<div class="scroll"><table>{caption}{body}</table></div>'
	if len(table.rows) > _FOLD:
		summary = both(say(mark("Show all {0} rows"), len(table.rows)))
		return f"<details><summary>{summary}</summary>{found}</details>"
	return found


def _cell(cell: object, numeric: bool, marked: bool) -> str:
	if isinstance(cell, Bar):
		drawn = bar(cell.value, cell.largest, cell.path)
		return f'<td class="number"><span class="with-bar">{both(cell)}{drawn}</span></td>'
	return f"<td{_classes(numeric, marked)}>{both(cell)}</td>"


def _classes(numeric: bool, marked: bool) -> str:
	found = " ".join(name for name, given in (("number", numeric), ("marked", marked)) if given)
	return f' class="{found}"' if found else ""


def _marked(marked: bool) -> str:
	return ' class="marked"' if marked else ""


def write(text: str, path: File) -> None:
	"""Write a file as a whole or not at all; whoever has it open keeps reading the old one."""
	temporary = None
	try:
		with tempfile.NamedTemporaryFile(
			"w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
		) as file:
			temporary = File(file.name)
			file.write(text)
			file.flush()
			os.fsync(file.fileno())
		# A temporary file is for its owner only; the page is for whom the umask says.
		umask = os.umask(0)
		os.umask(umask)
		temporary.chmod(0o666 & ~umask)
		temporary.replace(path)
	except OSError as error:
		if temporary:
			with suppress(OSError):
				temporary.unlink()
		raise Unusable(
			mark("{0} cannot be written: {1}"), str(path), error.strerror or str(error), usage=True
		)
