"""What a scanned code says: device, batch, serial number, dates (G1; ISO 13485 7.5.8, 7.5.9).

GS1 element strings, GTINs and GS1 Digital Links are parsed by biip. HIBC (ANSI/HIBC 2.6 Supplier Labeling
Standard) has no well-kept library: its primary and secondary codes are parsed here.
"""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from biip import ParseError
from biip.gs1_messages import GS1Message
from biip.gtin import Gtin

from qms_customer.rules import mark
from qms_customer.rules.review import Refusal

try:
	# From biip 5 on, which needs Python 3.11.
	from biip.gs1_digital_link_uris import GS1DigitalLinkURI
except ImportError:
	GS1DigitalLinkURI = None

GS1, HIBC, PLAIN = "GS1", "HIBC", ""
LONGEST = 500
BLANKS = " \t\r\n"

# What ends a field of variable length (FNC1), and how scanners and people spell it.
GROUP = "\x1d"
_SPELLED_GROUP = re.compile(r"<GS>|\{GS\}|\[GS\]|\u241d|\x1c", re.IGNORECASE)
# ISO/IEC 15424: "]", a letter for the kind of barcode, a digit.
_SYMBOLOGY = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_GS1_SYMBOLOGIES = ("]C1", "]e0", "]e1", "]e2", "]d2", "]Q3", "]J1")

# HIBC: the characters in the order of their values, modulo 43.
_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
_PRIMARY = re.compile(r"\+[A-Z][A-Z0-9]{3}[A-Z0-9]{1,18}[0-9]")
# How a date is written after "$$", by its flag: years, months, days, hours, day of the year.
_DATES = {"2": "MMDDYY", "3": "YYMMDD", "4": "YYMMDDHH", "5": "YYJJJ", "6": "YYJJJHH"}
_FURTHER = {"14D": "expires", "16D": "made"}


@dataclass(frozen=True)
class Code:
	"""What a code says of the goods that carry it; "" or None: nothing.

	`device`: the GTIN in 14 digits, or HIBC's labeler, product and unit of measure without "+". `link`: of a
	HIBC secondary code that stands alone, the check character of the primary code that it belongs to.
	"""

	text: str
	scheme: str = PLAIN
	device: str = ""
	batch: str = ""
	serial: str = ""
	expires: date | None = None
	made: date | None = None
	quantity: int | None = None
	check: str = ""
	link: str = ""

	def devices(self) -> tuple[str, ...]:
		"""Return how an item's barcode may spell the device: a GTIN with or without its leading zeros, a HIBC
		code with or without "+", check character and unit of measure (G1).
		"""
		if self.scheme == GS1 and self.device:
			lengths = (n for n in (14, 13, 12, 8) if not self.device[: 14 - n].strip("0"))
			return tuple(self.device[14 - n :] for n in lengths)
		if self.scheme == HIBC and self.device:
			whole = f"+{self.device}"
			return tuple(
				dict.fromkeys((whole + check_character(whole), whole, self.device, self.device[:-1]))
			)
		return ()


def read(text: str, today: date) -> Code | Refusal:
	"""Return what a scanned or typed code says, or what is wrong with it (G1).

	A text that is neither GS1 nor HIBC is returned as it is, `scheme` PLAIN: it may be a serial number, a
	batch or an item code. `today` settles the century of two-digit years.
	"""
	text = _SPELLED_GROUP.sub(GROUP, (text or "").strip("\r\n\t"))
	# Not every kind of space: Python counts FNC1 among them.
	bare = text.strip(BLANKS)
	if not bare:
		return Refusal("G1", mark("Nothing was scanned."))
	if len(text) > LONGEST:
		return Refusal("G1", mark("The code is longer than any label's: {0} characters."), (str(len(text)),))
	symbology = found.group() if (found := _SYMBOLOGY.match(bare)) else ""
	rest = text.lstrip(BLANKS)[len(symbology) :].lstrip(GROUP)
	if rest.startswith(("+", "*+")):
		return _hibc(bare, rest.lstrip("*"), today)
	rest = rest.strip(BLANKS)
	if rest.lower().startswith(("http://", "https://")):
		return _digital_link(bare, rest)
	if rest.startswith("("):
		return _gs1(bare, rest, human=True)
	if symbology in _GS1_SYMBOLOGIES or GROUP in rest or bare.startswith(GROUP):
		return _gs1(bare, rest)
	if rest.isascii() and rest.isdigit() and len(rest) in (8, 12, 13, 14):
		return _gtin(bare, rest)
	if re.match(r"01[0-9]{14}", rest) and _is_gtin(rest[2:16]):
		# A scanner that says no symbology; what only looks like GS1 is taken as it is.
		found = _gs1(bare, rest)
		return Code(bare) if isinstance(found, Refusal) else found
	return Code(rest or bare)


def joined(first: Code, second: Code) -> Code | Refusal:
	"""Return what two codes of one label say together: its device on one, batch and dates on the other (G1).

	Refused where they contradict each other: then they are from different labels.
	"""
	if first.link and not second.link:
		first, second = second, first
	if first.scheme != second.scheme:
		return _different(first, second)
	if second.link and first.check and second.link != first.check:
		return _different(first, second)
	values = {}
	for field in ("device", "batch", "serial", "expires", "made", "quantity"):
		a, b = getattr(first, field), getattr(second, field)
		if a and b and a != b:
			return _different(first, second)
		values[field] = a or b
	return replace(first, text=f"{first.text} {second.text}", link="", **values)


def _different(first: Code, second: Code) -> Refusal:
	return Refusal(
		"G1",
		mark("{0} and {1} are not of one label. Scan both codes of the same label."),
		(shown(first.text), shown(second.text)),
	)


def shown(text: str) -> str:
	"""Return a code as it can be shown and stored: what separates its fields in letters."""
	return "".join("<GS>" if c == GROUP else c for c in text if c == GROUP or c.isprintable())


# GS1


def _gs1(text: str, rest: str, human: bool = False) -> Code | Refusal:
	try:
		message = GS1Message.parse_hri(rest) if human else GS1Message.parse(rest)
	except (ParseError, ValueError):
		return Refusal("G1", mark("{0} is not a complete GS1 code. Scan it again."), (shown(text),))
	return _of_elements(text, message.element_strings)


def _digital_link(text: str, rest: str) -> Code | Refusal:
	if GS1DigitalLinkURI is None:
		return Refusal(
			"G1", mark("This server cannot read GS1 codes that are web addresses. Scan the other code.")
		)
	try:
		found = GS1DigitalLinkURI.parse(rest)
	except (ParseError, ValueError):
		return Refusal(
			"G1", mark("{0} is not a GS1 Digital Link. Scan the code on the label."), (shown(text),)
		)
	return _of_elements(text, found.element_strings)


def _of_elements(text: str, elements: object) -> Code | Refusal:
	values = {}
	for one in elements:
		if values.setdefault(one.ai.ai, one) is not one and values[one.ai.ai].value != one.value:
			return Refusal(
				"G1",
				mark("{0} says ({1}) twice, differently. Scan one label at a time."),
				(shown(text), one.ai.ai),
			)
	device = values.get("01") or values.get("02")
	if device is not None and not device.gtin:
		return _wrong_digit(text, device.value)
	count = values.get("30") or values.get("37")
	return Code(
		text,
		GS1,
		device.value if device is not None else "",
		values["10"].value if "10" in values else "",
		values["21"].value if "21" in values else "",
		values["17"].date if "17" in values else None,
		values["11"].date if "11" in values else None,
		int(count.value) if count is not None else None,
	)


def _gtin(text: str, digits: str) -> Code:
	"""A number of a GTIN's length: with the wrong check digit it is none, and may be a serial number."""
	return Code(text, GS1, digits.zfill(14)) if _is_gtin(digits) else Code(text)


def _is_gtin(digits: str) -> bool:
	try:
		return bool(Gtin.parse(digits))
	except ParseError:
		return False


def _wrong_digit(text: str, number: str) -> Refusal:
	return Refusal(
		"G1", mark("{0}: the check digit of {1} is wrong. Scan the code again."), (shown(text), number)
	)


# HIBC


def check_character(text: str) -> str:
	"""Return HIBC's check character of a text: the sum of its characters' values, modulo 43.

	Raises ValueError for a character that HIBC has not.
	"""
	return _CHARACTERS[sum(_CHARACTERS.index(c) for c in text) % 43]


def _hibc(text: str, rest: str, today: date) -> Code | Refusal:
	body = _checked(rest)
	if body is None:
		return Refusal(
			"G1", mark("{0} is not a complete HIBC code: its check character is wrong."), (shown(text),)
		)
	code = Code(text, HIBC, check=check_character(body))
	primary, slash, secondary = body.partition("/")
	if body[1:2] in "$" or body[1:2].isdigit():
		# A secondary code that stands alone ends with the check character of its primary one.
		return _secondary(replace(code, link=body[-1]), body[1:-1], today)
	if not _PRIMARY.fullmatch(primary):
		return _no_hibc(text)
	code = replace(code, device=primary[1:])
	return _secondary(code, secondary, today) if slash else code


def _checked(rest: str) -> str | None:
	"""The text without its check character, None if that is wrong: a blank at the end may be one that was
	cut off.
	"""
	for one in dict.fromkeys((rest, rest.rstrip(), f"{rest.rstrip()} ", rest.strip().rstrip("*"))):
		one = one.upper()
		if len(one) > 3 and set(one) <= set(_CHARACTERS) and check_character(one[:-1]) == one[-1]:
			return one[:-1]
	return None


def _secondary(code: Code, text: str, today: date) -> Code | Refusal:
	"""What follows the primary code: batch or serial number with a date, further fields after "/"."""
	first, *further = text.split("/")
	try:
		code = replace(code, **_first(first, today))
		for one in further:
			code = replace(code, **dict(_further(one, today)))
	except ValueError:
		return _no_hibc(code.text)
	return code


def _first(text: str, today: date) -> dict[str, object]:
	if not text.startswith("$"):
		# The oldest form: year and day of the year, then the batch.
		return {"expires": _date("YYJJJ", text[:5], today), "batch": text[5:]}
	name = "batch"
	flags = re.match(r"\$\$?\+?", text).group()
	text = text[len(flags) :]
	if flags.endswith("+"):
		name = "serial"
	found: dict[str, object] = {}
	if flags.startswith("$$"):
		if name == "batch" and text[:1] in ("8", "9"):
			length = 2 if text[0] == "8" else 5
			found["quantity"] = _whole(text[1 : 1 + length], length)
			text = text[1 + length :]
		if text[:1] == "7":
			text = text[1:]
		elif text[:1] in _DATES:
			form = _DATES[text[0]]
			found["expires"] = _date(form, text[1 : 1 + len(form)], today)
			text = text[1 + len(form) :]
		elif text:
			found["expires"] = _date("MMYY", text[:4], today)
			text = text[4:]
	found[name] = text
	return found


def _further(text: str, today: date) -> Iterator[tuple[str, object]]:
	if text[:3] in _FURTHER:
		yield _FURTHER[text[:3]], _date("YYYYMMDD", text[3:], today)
	elif text[:1] == "S":
		yield "serial", text[1:]
	elif text[:1] == "Q":
		yield "quantity", _whole(text[1:], len(text) - 1)
	# What else a label may carry (location, data of its owner) says nothing of batch or device.


def _date(form: str, digits: str, today: date) -> date:
	"""Return the date that digits spell; a month alone ends on its last day. Raises ValueError."""
	_whole(digits, len(form))
	part = {}
	for letter in "YMDJ":
		if letter in form:
			part[letter] = int("".join(d for f, d in zip(form, digits, strict=True) if f == letter))
	year = part["Y"] if form.count("Y") == 4 else _year(part["Y"], today)
	if "J" in part:
		day = date(year, 1, 1) + timedelta(days=part["J"] - 1)
		if day.year != year:
			raise ValueError(digits)
		return day
	last = calendar.monthrange(year, part["M"])[1] if 1 <= part["M"] <= 12 else 0
	return date(year, part["M"], part.get("D") or last)


def _year(two: int, today: date) -> int:
	"""Return the year of two digits: from 49 years ago to 50 years ahead, as GS1 has it."""
	year = today.year - today.year % 100 + two
	if year - today.year > 50:
		return year - 100
	return year + 100 if today.year - year > 49 else year


def _whole(digits: str, length: int) -> int:
	if len(digits) != length or not (digits.isascii() and digits.isdigit()):
		raise ValueError(digits)
	return int(digits)


def _no_hibc(text: str) -> Refusal:
	return Refusal(
		"G1", mark("{0} is not a HIBC code that we know. Type item, batch and serial number."), (shown(text),)
	)
