"""The sales record 销售记录 QP07-02: which batches and serial numbers a delivered row is (D6, K6)."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

# ERPNext keeps quantities as floating-point numbers: what differs by less was rounded.
TOLERANCE = Decimal("0.001")
_BETWEEN = re.compile(r"[\n,]+")


@dataclass(frozen=True, slots=True)
class Entry:
	"""A row of a Serial and Batch Bundle; `quantity` in stock units, of either sign."""

	batch: str
	serial: str
	quantity: Decimal


@dataclass(frozen=True, slots=True)
class Part:
	"""So much of a delivered row is of one batch, or of none: `quantity` in stock units, negative if it came
	back.
	"""

	batch: str
	serials: tuple[str, ...]
	quantity: Decimal


def serials_in(text: str) -> tuple[str, ...]:
	"""Return the serial numbers in the text of a row, each once, in their order (D6)."""
	found = (one.strip() for one in _BETWEEN.split(text or ""))
	return tuple(dict.fromkeys(one for one in found if one))


def parts(
	quantity: Decimal, entries: Sequence[Entry] = (), batch: str = "", serial_text: str = ""
) -> list[Part]:
	"""Return a delivered row by batches, from its bundle, else from its own text (D6).

	The quantities add up to the row's: what its bundle does not account for is a part without a batch, so
	that nothing sold is missing from the record. The sign is the row's, whatever that of the entries.
	"""
	if not entries:
		return [Part(batch, serials_in(serial_text), quantity)]
	sign = -1 if quantity < 0 else 1
	amounts: dict[str, Decimal] = {}
	serials: dict[str, list[str]] = {}
	for entry in entries:
		amounts[entry.batch] = amounts.get(entry.batch, Decimal()) + abs(entry.quantity) * sign
		serials.setdefault(entry.batch, [])
		if entry.serial:
			serials[entry.batch].append(entry.serial)
	found = [Part(b, tuple(dict.fromkeys(serials[b])), amount) for b, amount in amounts.items()]
	rest = quantity - sum(amounts.values(), Decimal())
	return [*found, Part("", (), rest)] if abs(rest) >= TOLERANCE else found


def narrowed(found: Iterable[Part], batches: Collection[str] = (), serial: str = "") -> list[Part]:
	"""Return of these parts those of some batches, and of them the one device with a serial number (K6).

	The database does not tell upper from lower case, so neither does this.
	"""
	kept, wanted = [], {batch.casefold() for batch in batches}
	for part in found:
		if wanted and part.batch.casefold() not in wanted:
			continue
		if not serial:
			kept.append(part)
			continue
		for one in part.serials:
			if one.casefold() == serial.casefold():
				kept.append(replace(part, serials=(one,), quantity=Decimal(-1 if part.quantity < 0 else 1)))
	return kept
