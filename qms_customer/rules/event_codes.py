"""The codes of problems, causes and health effects: the published terminology of adverse events, and a site's
own beside them (H3, H8; IMDRF/AE WG/N43, annexes A to G).

The code is the name for good: complaints and trends hold it. A new edition adds, changes terms and disables
what it dropped or retired; nothing is ever deleted, and what a file says wrongly stops the whole file.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from qms_customer.rules import mark
from qms_customer.rules.code_tables import Row
from qms_customer.rules.review import Refusal

# What the annexes are about, and the terms of their roots.
ANNEXES = {
	"A": "Medical Device Problem",
	"B": "Type of Investigation",
	"C": "Investigation Findings",
	"D": "Investigation Conclusion",
	"E": "Health Effects - Clinical Signs and Symptoms or Conditions",
	"F": "Health Effects - Health Impact",
	"G": "Medical Device Component",
}
OWN = "Own"
# What a complaint is coded by, and from which annexes. B says how it was investigated: none of these.
PROBLEM, CAUSE, HEALTH = "problem_codes", "cause_code", "health_codes"
USES = {PROBLEM: ("A", "G"), CAUSE: ("C", "D"), HEALTH: ("E", "F")}

# A01, A0101, A010101; of annex G also G01001. A bare letter is the root of an annex.
_PUBLISHED = re.compile(r"[A-G](?:\d{2,8})?")
_OWN = re.compile(r"[\w.-]{1,20}")
_EDITION = re.compile(r"\d{4}")
# What a browser takes for the beginning of a tag: these texts are shown in trees and lists.
_TAG = re.compile(r"<[a-zA-Z/!?]")
MOST_TERM, MOST_DEFINITION = 500, 10_000


@dataclass(frozen=True)
class Code:
	"""A code as a file says it. `retired`: the edition keeps it for old reports only."""

	code: str
	term: str
	parent: str = ""
	annex: str = OWN
	term_zh: str = ""
	definition: str = ""
	retired: bool = False


@dataclass(frozen=True)
class Known(Code):
	"""A code as the site has it. `disabled` without `retired`: somebody here does not use it."""

	disabled: bool = False
	edition: str = ""

	@property
	def own(self) -> bool:
		"""Return whether it is the site's own code."""
		return self.annex == OWN


@dataclass(frozen=True)
class Problem:
	"""What is wrong with a row of a file, and where it stands."""

	row: int
	sheet: str
	message: str
	args: tuple[str, ...] = ()


def annex_of(code: str) -> str:
	"""Return the annex of a code of the published form, "" of any other (H3)."""
	return code[0] if _PUBLISHED.fullmatch(code) else ""


def fits(use: str, code: str, annex: str, above: str = "") -> bool:
	"""Return whether a complaint may be coded so (H3, H8). `above`: of an own code, the annex it stands in.

	The letter of an annex is a heading. An own code is of the kind of what it stands below; one that stands
	below nothing published is of any kind, as nobody has said of which.
	"""
	if code in ANNEXES:
		return False
	annexes = USES.get(use, ())
	return (above in annexes or not above) if annex == OWN else annex in annexes


# The published terminology


def published(rows: Iterable[Row]) -> tuple[list[Code], list[Problem]]:
	"""Return the codes of a published file, each once below its parent, and all that is wrong with it (H3).

	Annex E lists some codes under several categories: such a code keeps its one place, that of its own
	digits where there is one. A consolidated file begins each hierarchy with the letter of its annex.
	"""
	problems: list[Problem] = []
	found: dict[str, tuple[Row, Code]] = {}
	listed: list[tuple[Row, Code]] = []
	for row in rows:
		code = row.get("code").upper()
		if problem := _wrong_code(row, code) or _wrong_text(row):
			problems.append(problem)
			continue
		if not row.get("term"):
			problems.append(_problem(row, mark("{0} has no term."), code))
			continue
		one = Code(
			code,
			row.get("term"),
			annex=code[0],
			term_zh=row.get("term_zh"),
			definition=row.get("definition"),
			retired=row.get("status").casefold().startswith("retired"),
		)
		listed.append((row, one))
		if code in found and found[code][1].term.casefold() != one.term.casefold():
			problems.append(
				_problem(
					row, mark("{0} stands in the file with two terms, also in row {1}."), code, found[code][0]
				)
			)
		found.setdefault(code, (row, one))
	places: dict[str, str] = {}
	for row, one in listed:
		parent, problem = _place(row, one.code, found)
		if problem:
			problems.append(problem)
		elif one.code not in places or one.code.startswith(parent) > one.code.startswith(places[one.code]):
			places[one.code] = parent
	codes = [_below(one, places.get(code, "")) for code, (_row, one) in found.items()]
	return codes, sorted(problems, key=lambda p: (p.sheet, p.row))


def _below(one: Code, parent: str) -> Code:
	return Code(one.code, one.term, parent, one.annex, one.term_zh, one.definition, one.retired)


def _wrong_code(row: Row, code: str) -> Problem | None:
	if not code:
		return _problem(row, mark("The code is missing."))
	if not _PUBLISHED.fullmatch(code):
		return _problem(
			row, mark("{0} is no code of the terminology: a letter from A to G, and digits."), code
		)
	return None


def _wrong_text(row: Row) -> Problem | None:
	for name, most in (("term", MOST_TERM), ("term_zh", MOST_TERM), ("definition", MOST_DEFINITION)):
		text = row.get(name)
		if len(text) > most:
			return _problem(
				row, mark("{0} has a text of more than {1} characters."), row.get("code"), str(most)
			)
		if _TAG.search(text):
			return _problem(row, mark("{0} has a text with HTML in it."), row.get("code"))
	return None


def _place(row: Row, code: str, found: Mapping[str, object]) -> tuple[str, Problem | None]:
	"""The parent of a code: as its hierarchy says, else the longest code of the file that it begins with."""
	annex = code[0]
	if code == annex:
		return "", None
	steps = [step.strip().upper() for step in row.get("hierarchy").split("|") if step.strip()]
	if steps:
		if steps[-1] != code:
			return "", _problem(row, mark("The hierarchy of {0} ends with {1}."), code, steps[-1])
		parent = steps[-2] if len(steps) > 1 else annex
	else:
		# The levels of annex G have three digits and two: what is there decides, not a fixed length.
		above = [code[:length] for length in range(len(code) - 1, 2, -1)]
		parent = next((one for one in above if one in found), annex if len(code) == 3 else code[:3])
	if parent == annex:
		return parent, None
	if parent not in found:
		return "", _problem(row, mark("Above {0} stands {1}, which is not in the file."), code, parent)
	if annex_of(parent) != annex or len(parent) >= len(code):
		return "", _problem(row, mark("{1} is no level above {0}."), code, parent)
	return parent, None


def _problem(row: Row, message: str, *args: str | Row) -> Problem:
	return Problem(
		row.number, row.sheet, message, tuple(str(a.number) if isinstance(a, Row) else a for a in args)
	)


def edition_refusals(edition: str, known: Iterable[Known], annexes: Collection[str]) -> list[Refusal]:
	"""Return what stands against importing an edition: no year, or older than what is there (H3)."""
	if not _EDITION.fullmatch(edition):
		return [
			Refusal("H3", mark("Say which edition this is: the year of the release, 2026 for example."), ())
		]
	newest = max((k.edition for k in known if k.annex in annexes), default="")
	if newest > edition:
		return [
			Refusal("H3", mark("Edition {0} is older than what is in use: {1}."), (edition, newest)),
		]
	return []


# A site's own codes


def own_refusals(code: str, term: str) -> list[Refusal]:
	"""Return what stands against a code of the site that somebody enters (H3).

	What looks like a code of the terminology may be one in a later edition.
	"""
	found = []
	if not _OWN.fullmatch(code):
		found.append(
			Refusal("H3", mark("{0} is no code: up to 20 letters, digits, points, hyphens."), (code or "–",))
		)
	elif annex_of(code):
		found.append(
			Refusal(
				"H3", mark("{0} looks like a code of the published terminology: choose another."), (code,)
			)
		)
	if _TAG.search(term):
		found.append(Refusal("H3", mark("{0} has a text with HTML in it."), (code,)))
	return found


def site_codes(rows: Iterable[Row], known: Mapping[str, Known]) -> tuple[list[Code], list[Problem]]:
	"""Return the codes of a site's file as they will be, and all that is wrong with it (H3).

	A row with a published code that is known gives its term in Chinese and nothing else: the rest is the
	publisher's.
	"""
	problems: list[Problem] = []
	found: dict[str, tuple[Row, Code]] = {}
	for row in rows:
		code = row.get("code").upper()
		if problem := _wrong_text(row):
			problems.append(problem)
		elif not code:
			problems.append(_problem(row, mark("The code is missing.")))
		elif code in found:
			problems.append(_problem(row, mark("{0} stands twice, first in row {1}."), code, found[code][0]))
		elif annex_of(code):
			one, problem = _translated(row, known.get(code))
			if problem:
				problems.append(problem)
			else:
				found[code] = row, one
		elif refusals := own_refusals(code, ""):
			problems.append(_problem(row, refusals[0].message, *refusals[0].args))
		elif not (row.get("term") or row.get("term_zh")):
			problems.append(_problem(row, mark("{0} has no term."), code))
		else:
			found[code] = (
				row,
				Code(
					code,
					row.get("term") or row.get("term_zh"),
					row.get("parent").upper(),
					term_zh=row.get("term_zh"),
					definition=row.get("definition"),
				),
			)
	parents = {k.code: k.parent for k in known.values()} | {c: one.parent for c, (_r, one) in found.items()}
	for code, (row, one) in found.items():
		if one.parent and one.parent not in parents:
			problems.append(
				_problem(row, mark("Above {0} stands {1}, which there is not."), code, one.parent)
			)
		elif _goes_round(code, parents):
			problems.append(_problem(row, mark("{0} stands below itself."), code))
	return [one for _row, one in found.values()], sorted(problems, key=lambda p: p.row)


def _translated(row: Row, known: Known | None) -> tuple[Code, Problem | None]:
	code, none = row.get("code").upper(), Code("", "")
	if known is None:
		return none, _problem(
			row,
			mark(
				"{0} looks like a code of the published terminology and is not known. Import its annex "
				"first, or choose another code."
			),
			code,
		)
	for name, said, stands in (
		(mark("Term"), row.get("term"), known.term),
		(mark("Definition"), row.get("definition"), known.definition),
		(mark("Code Above"), row.get("parent").upper(), known.parent),
	):
		if said and said.casefold() != stands.casefold():
			return none, _problem(
				row,
				mark("{0} is published: its {1} is not changed here. Leave it empty."),
				code,
				name,
			)
	if not row.get("term_zh"):
		return none, _problem(
			row, mark("{0} is published: only its term in Chinese is taken, and there is none."), code
		)
	return (
		Code(
			known.code,
			known.term,
			known.parent,
			known.annex,
			row.get("term_zh"),
			known.definition,
			known.retired,
		),
		None,
	)


def _goes_round(code: str, parents: Mapping[str, str]) -> bool:
	seen, at = {code}, parents.get(code, "")
	while at:
		if at in seen:
			return at == code
		seen.add(at)
		at = parents.get(at, "")
	return False


# What an import does


@dataclass
class Plan:
	"""H3: what an import writes: whole codes, or of a code that is there the fields with their new values."""

	added: list[Known] = field(default_factory=list)
	changed: dict[str, dict[str, object]] = field(default_factory=dict)
	dropped: list[str] = field(default_factory=list)
	restored: list[str] = field(default_factory=list)
	unchanged: int = 0


def plan_edition(codes: Sequence[Code], known: Mapping[str, Known], edition: str) -> Plan:
	"""Return what importing an edition does (H3).

	It speaks for the annexes that it has codes of, and for no other. What somebody disabled here stays so.
	"""
	plan = Plan()
	annexes = sorted({one.annex for one in codes})
	given = {one.code: one for one in codes}
	for annex in annexes:
		# Its root, which a file of one annex does not name.
		given.setdefault(annex, known.get(annex) or Code(annex, ANNEXES[annex], annex=annex))
	for code in sorted(given):
		one, old = given[code], known.get(code)
		if old is None:
			plan.added.append(_known(one, edition))
			if one.retired:
				plan.dropped.append(code)
			continue
		new: dict[str, object] = {
			name: getattr(one, name)
			for name in ("term", "parent", "definition")
			if getattr(one, name) != getattr(old, name)
		}
		if one.term_zh and one.term_zh != old.term_zh:
			new["term_zh"] = one.term_zh
		plan.unchanged += not new and one.retired == old.retired
		if one.retired and not old.retired:
			new |= {"retired": True, "disabled": True}
			plan.dropped.append(code)
		elif old.retired and not one.retired:
			new |= {"retired": False, "disabled": False}
			plan.restored.append(code)
		if old.edition != edition:
			new["edition"] = edition
		if new:
			plan.changed[code] = new
	for code in sorted(known):
		old = known[code]
		if code not in given and old.annex in annexes and not old.retired:
			plan.changed[code] = {"retired": True, "disabled": True}
			plan.dropped.append(code)
	return plan


def plan_site(codes: Sequence[Code], known: Mapping[str, Known]) -> Plan:
	"""Return what importing a site's file does: codes that it does not name are left alone (H3)."""
	plan = Plan()
	for one in codes:
		old = known.get(one.code)
		if old is None:
			plan.added.append(_known(one, ""))
			continue
		new: dict[str, object] = {
			name: getattr(one, name)
			for name in ("term", "parent", "definition", "term_zh")
			if getattr(one, name) != getattr(old, name)
		}
		if new:
			plan.changed[one.code] = new
		else:
			plan.unchanged += 1
	return plan


def _known(one: Code, edition: str) -> Known:
	return Known(
		one.code,
		one.term,
		one.parent,
		one.annex,
		one.term_zh,
		one.definition,
		one.retired,
		one.retired,
		edition,
	)


def groups(parents: Iterable[str]) -> set[str]:
	"""Return which codes have others below them, from the parents of all (H3)."""
	return {parent for parent in parents if parent}
