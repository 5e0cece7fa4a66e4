"""Numbers as people read them, the same in both languages."""

from decimal import Decimal

from qms_customer.replay.view import Bar, Money, Rate, Share
from qms_customer.replay.words import Say, Several, tell


def show(cell: object, language: str) -> str:
	"""Return a cell, a text or a number as text."""
	if isinstance(cell, Say):
		return tell(Say(cell.source, tuple(show(a, language) for a in cell.args), cell.context), language)
	if isinstance(cell, Several):
		return tell(Several(tuple(show(p, language) for p in cell.parts)), language)
	if isinstance(cell, Bar):
		return tell(cell.value, language)
	if isinstance(cell, Share):
		return per_cent(cell.part, cell.whole)
	if isinstance(cell, Money):
		return "?" if cell.value is None else decimal(cell.value)
	if isinstance(cell, Rate):
		return f"{cell.value:,.1f}"
	return tell(cell, language)


def per_cent(part: int, whole: int) -> str:
	"""Return a share; what is neither nothing nor all is not shown as if it were."""
	if not whole:
		return "–"
	if part == 0 or part == whole:
		return "100 %" if part else "0 %"
	share = 100 * part / whole
	return f"{min(max(share, 0.1), 99.9):.1f} %" if share < 10 or share > 90 else f"{share:.0f} %"


def decimal(number: Decimal) -> str:
	"""Return an amount or a quantity, without decimals that say nothing."""
	rounded = number.quantize(Decimal("0.01"))
	if rounded == rounded.to_integral_value():
		return f"{int(rounded):,}"
	return f"{rounded:,.2f}"


def short(number: Decimal | None) -> str:
	"""Return a limit as an axis has room for it: 500 k, 2 M."""
	if number is None:
		return "∞"
	for size, name in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
		if number >= size and number % (size // 100 or 1) == 0:
			return f"{(number / size).normalize():f}{name}"
	return decimal(number)
