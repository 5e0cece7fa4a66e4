"""Where contracts are reviewed, and since when: companies and item groups, one after the other (C1, E8).

A cell of the scope names a company and an item group; "" stands for all of them, and a group stands for all
below it. A cell is live from the moment at which somebody with the authority signed for what was there
already. Nothing goes live, and nothing falls out of it, in any other way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

# By item group: itself and all above it. A group that is not known stands alone.
Above = Mapping[str, frozenset[str]]


@dataclass(frozen=True, order=True)
class Cell:
	"""A part of the scope; `live_since` is empty while nobody has gone live with it."""

	company: str = ""
	group: str = ""
	live_since: str = ""
	adoption: str = ""

	@property
	def place(self) -> tuple[str, str]:
		"""What it covers, whether it is live or not."""
		return self.company, self.group


def _above(group: str, above: Above) -> frozenset[str]:
	return above.get(group) or frozenset({group})


def within(inner: Cell, outer: Cell, above: Above) -> bool:
	"""Return whether all that one cell covers is covered by another."""
	return outer.company in ("", inner.company) and (
		not outer.group or (bool(inner.group) and outer.group in _above(inner.group, above))
	)


def meet(one: Cell, other: Cell, above: Above) -> tuple[str, str] | None:
	"""Return what two cells cover both, None if there is nothing."""
	if one.company and other.company and one.company != other.company:
		return None
	company = one.company or other.company
	if not (one.group and other.group):
		return company, one.group or other.group
	if other.group in _above(one.group, above):
		return company, one.group
	if one.group in _above(other.group, above):
		return company, other.group
	return None


def settle(stored: Iterable[Cell], wanted: Iterable[Cell], above: Above) -> list[Cell]:
	"""Return the scope that follows when somebody wants these cells (E8).

	What was live and is still wanted stays live, in a row of its own where the wanted cell is larger; the
	rest of that cell waits for its adoption, and what is wanted no longer is live no longer. What the wanted
	cells say about being live does not count.
	"""
	live = sorted((c for c in stored if c.live_since), key=lambda c: (c.live_since, c))
	places = list(dict.fromkeys(c.place for c in wanted))
	found: list[Cell] = []
	for company, group in places:
		cell = Cell(company, group)
		covering = next((c for c in live if within(cell, c, above)), None)
		if covering:
			found.append(replace(covering, company=company, group=group))
			continue
		found.append(cell)
		shared = [(one, meet(cell, one, above)) for one in live]
		# In an order of their own, so that settling what is settled moves no row.
		found += sorted(
			(replace(one, company=both[0], group=both[1]) for one, both in shared if both),
			key=lambda c: (c.live_since, c),
		)
	return _without_repeats(found, above)


def _without_repeats(cells: Sequence[Cell], above: Above) -> list[Cell]:
	"""Leave out live cells that a larger live one covers, and repeated ones."""
	kept: list[Cell] = []
	for number, cell in enumerate(cells):
		others = [c for n, c in enumerate(cells) if n != number and c.live_since]
		larger = any(within(cell, c, above) and not within(c, cell, above) for c in others)
		if not (cell.live_since and larger) and cell.place not in [k.place for k in kept]:
			kept.append(cell)
	return kept


def pending(cells: Iterable[Cell], company: str = "") -> list[Cell]:
	"""Return the cells that wait for their adoption, or their part that is of one company."""
	waiting = [c for c in cells if not c.live_since]
	if not company:
		return waiting
	return list(dict.fromkeys(Cell(company, c.group) for c in waiting if c.company in ("", company)))


def gone_live(
	stored: Sequence[Cell], adopted: Iterable[Cell], moment: str, adoption: str, above: Above
) -> list[Cell]:
	"""Return the scope after an adoption of these cells was signed (E8).

	One that was adopted for a single company becomes a row of its own; what is no longer wanted does not go
	live.
	"""
	live = [Cell(c.company, c.group, moment, adoption) for c in adopted]
	return settle([*stored, *live], stored, above)


def narrowed(before: Iterable[Cell], after: Iterable[Cell], above: Above) -> list[Cell]:
	"""Return what was live and is no longer: contracts there are not reviewed any more."""
	now = [c for c in after if c.live_since]
	return [c for c in before if c.live_since and not any(within(c, n, above) for n in now)]


def covered(cells: Iterable[Cell], company: str, goods: Iterable[frozenset[str] | None]) -> bool:
	"""Return whether a contract of a company lies in one of the cells.

	`goods`: by row the item group and all above it, None if it is not known. One row of goods in the group is
	enough; a row that is not known, and a contract without rows, never count as out of it.
	"""
	goods = list(goods)
	return any(
		cell.company in ("", company)
		and (not cell.group or not goods or any(g is None or cell.group in g for g in goods))
		for cell in cells
	)
