"""Charts as inline SVG: four simple kinds, which print, need no network and no library in the page."""

from collections.abc import Sequence
from decimal import Decimal
from html import escape
from math import ceil

from qms_customer.replay.figures import per_cent, short, show
from qms_customer.replay.view import Curve, Split, Stacked
from qms_customer.replay.words import LANGUAGES
from qms_customer.rules.classification import Path

# From little scrutiny to much; told apart also in grey and by people who see red and green alike.
COLOURS = {
	Path.SIGNATURE: "#9ccbc4",
	Path.SALES: "#4b9aa8",
	Path.CIRCULATED: "#f0b754",
	Path.CONVENED: "#a8323e",
}
_WIDTH = 960


def draw(chart: Split | Stacked | Curve) -> str:
	"""Return a chart as SVG with a title that is read out."""
	body, height = {Split: _split, Stacked: _stacked, Curve: _curve}[type(chart)](chart)
	titles = " / ".join(show(chart.title, language) for language in LANGUAGES)
	return (
		f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(titles)}">'
		f"<title>{escape(titles)}</title>{body}</svg>"
	)


def text(x: float, y: float, what: object, css: str = "", anchor: str = "start") -> str:
	"""Return a text, in both languages if they differ."""
	shown = {language: show(what, language) for language in LANGUAGES}
	place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{css}"'
	if len(set(shown.values())) == 1:
		return f"<text {place}>{escape(shown['en'])}</text>"
	return "".join(f'<text {place} lang="{lang}">{escape(value)}</text>' for lang, value in shown.items())


def _rect(x: float, y: float, width: float, height: float, colour: str, title: str = "") -> str:
	inner = f"<title>{escape(title)}</title>" if title else ""
	return (
		f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" '
		f'fill="{colour}">{inner}</rect>'
	)


def _split(chart: Split) -> tuple[str, int]:
	"""One bar, split by path."""
	total, x, parts = max(chart.paths.total(), 1), 0.0, []
	for path in Path:
		count = chart.paths[path]
		if not count:
			continue
		width = count / total * _WIDTH
		parts.append(_rect(x, 0, width, 44, COLOURS[path], f"{path.value}: {count:,}"))
		if width > 60:
			dark = path in (Path.CONVENED, Path.SALES)
			css = "inside light" if dark else "inside"
			parts.append(text(x + width / 2, 28, per_cent(count, total), css, "middle"))
		x += width
	return "".join(parts), 44


def _stacked(chart: Stacked) -> tuple[str, int]:
	"""Columns, stacked by path, with a scale."""
	left, top, height = 46, 10, 230
	top_value = _round_up(max((counts.total() for _label, counts in chart.columns), default=0))
	parts = _scale(left, top, height, top_value)
	step = (_WIDTH - left) / max(len(chart.columns), 1)
	every = ceil(len(chart.columns) / 14)
	for number, (label, counts) in enumerate(chart.columns):
		x, y = left + number * step, top + height
		for path in reversed(Path):
			size = counts[path] / top_value * height
			if size:
				y -= size
				parts.append(
					_rect(
						x + step * 0.14,
						y,
						min(step * 0.72, 56),
						size,
						COLOURS[path],
						f"{label}, {path.value}: {counts[path]:,}",
					)
				)
		if number % every == 0:
			middle = x + step * 0.14 + min(step * 0.72, 56) / 2
			parts.append(text(middle, top + height + 18, label, "axis", "middle"))
	return "".join(parts), top + height + 26


def _curve(chart: Curve) -> tuple[str, int]:
	"""Steps from limit to limit; the limit in use is marked."""
	left, top, height = 46, 22, 200
	top_value = _round_up(max((count for _limit, count, _current in chart.points), default=0))
	parts = _scale(left, top, height, top_value)
	step = (_WIDTH - left - 40) / max(len(chart.points) - 1, 1)
	places = [
		(left + 20 + number * step, top + height - count / top_value * height)
		for number, (_limit, count, _current) in enumerate(chart.points)
	]
	line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
	if places:
		area = f"{places[0][0]:.1f},{top + height} {line} {places[-1][0]:.1f},{top + height}"
		parts.append(f'<polygon points="{area}" class="area"/>')
	parts.append(f'<polyline points="{line}" class="line"/>')
	for (x, y), (limit, count, current) in zip(places, chart.points, strict=True):
		if current:
			parts.append(f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{top + height}" class="now"/>')
		css = "dot now" if current else "dot"
		parts.append(
			f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{6 if current else 4}" class="{css}">'
			f"<title>{short(limit)}: {count:,}</title></circle>"
		)
		parts.append(text(x, y - 10, f"{count:,}", "value strong" if current else "value", "middle"))
		parts.append(text(x, top + height + 18, short(limit), "axis strong" if current else "axis", "middle"))
	parts.append(text(_WIDTH, top + height + 38, chart.axis, "axis", "end"))
	return "".join(parts), top + height + 44


def _scale(left: float, top: float, height: float, top_value: int) -> list[str]:
	parts = []
	for value in _ticks(top_value):
		y = top + height - value / top_value * height
		parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{_WIDTH}" y2="{y:.1f}" class="grid"/>')
		parts.append(text(left - 8, y + 4, f"{value:,}", "axis", "end"))
	return parts


def _round_up(value: int) -> int:
	"""The next round number, so that the scale ends above the largest value."""
	if value <= 4:
		return 4
	power = 10 ** (len(str(value)) - 1)
	for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10):
		if (rounded := int(step * power)) >= value:
			return rounded
	return 10 * power


def _ticks(top_value: int) -> Sequence[int]:
	for parts in (4, 5, 3, 2):
		if top_value % parts == 0:
			return range(0, top_value + 1, top_value // parts)
	return (0, top_value)


def bar(value: int, largest: int, path: Path | None) -> str:
	"""Return a small bar for a cell of a table."""
	width = Decimal(value) / largest * 100 if largest else Decimal()
	colour = COLOURS[path] if path else "var(--bar)"
	return (
		'<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
		f'<rect width="100" height="8" fill="var(--track)"/>'
		f'<rect width="{width:.1f}" height="8" fill="{colour}"/></svg>'
	)
