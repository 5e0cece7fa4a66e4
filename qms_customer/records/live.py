"""The second step of verification: each document against its last snapshot, its files against its last
signature, its corrections against who signed them (K2; 21 CFR 11.10(c), 11.70).
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import frappe
from frappe import _

from qms_customer.records import contents, corrections, ledger
from qms_customer.records.registry import ALIAS, RECORDS
from qms_customer.rules import chain
from qms_customer.rules.content import TEXT, Change, normal

BATCH = 200
# What a text that is no content any more raises; its own hash has said so already.
BROKEN = (ValueError, KeyError, AttributeError, TypeError)


class Aliases:
	"""Which masters were renamed or merged since when, as it was chained: Frappe rewrote links to them."""

	def __init__(self) -> None:
		self.all: list[tuple[str, str, str, str]] = []
		for stored in ledger.entries(ALIAS):
			entry = stored.entry
			# Only what is whole is followed: an alias that was forged hides nothing.
			if entry.hash() == entry.chain_hash and chain.sha256(stored.content) == entry.content_hash:
				values = json.loads(stored.content)["fields"]
				self.all.append((entry.at, values["master_doctype"], values["old_name"], values["new_name"]))
		self.all.sort()

	def today(self, doctype: str, content: str, at: str) -> str:
		"""Return a content that was recorded `at` as it reads today."""
		since, produced = [], set()
		for when, kind, old, new in self.all:
			if when >= at and (old in produced or json.dumps(old, ensure_ascii=False) in content):
				since.append((kind, old, new))
				produced.add(new)
		if not since:
			return content
		try:
			return contents.renamed(doctype, content, since)
		except BROKEN:
			return content

	def name_today(self, kind: str, name: str, at: str) -> str:
		"""Return the name that a master bears today."""
		for when, k, old, new in self.all:
			if when >= at and k == kind and old == name:
				name = new
		return name


def verify(doctype: str, name: str, aliases: Aliases) -> Iterator[chain.Finding]:
	"""Yield where the documents of a type, or one of them, differ from what was recorded last.

	A document that was never recorded is one that was put in.
	"""
	single = frappe.get_meta(doctype).issingle
	for names in [[doctype]] if single else [[name]] if name else _names(doctype):
		yield from _compare(doctype, names, aliases)
		yield from _verify_attachments(doctype, names)
	if not single:
		yield from _unrecorded(doctype, name)
	yield from _verify_corrections(doctype, name, aliases)


def _names(doctype: str, event: str = "") -> Iterator[list[str]]:
	"""Yield the names of recorded documents, a batch at a time."""
	last = ""
	while names := frappe.get_all(
		ledger.SNAPSHOT,
		filters={
			"reference_doctype": doctype,
			"reference_name": (">", last),
			**({"event": event} if event else {}),
		},
		pluck="reference_name",
		distinct=True,
		order_by="reference_name",
		limit=BATCH,
	):
		yield names
		last = names[-1]


def _compare(doctype: str, names: list[str], aliases: Aliases) -> Iterator[chain.Finding]:
	recorded = _last_snapshots(doctype, names)
	live = contents.stored_texts(doctype, list(recorded)) if recorded else {}
	wrong = _wrong_states(doctype, list(recorded)) if recorded else {}
	for name, (sequence, at, content) in recorded.items():
		if name not in live:
			yield chain.Finding(chain.DOCUMENT_REMOVED, doctype, name, sequence)
			continue
		expected = aliases.today(doctype, content, at)
		if live[name] == expected:
			if name in wrong:
				yield chain.Finding(chain.DOCUMENT_CHANGED, doctype, name, sequence, wrong[name])
		else:
			for detail in _in_words(expected, live[name]):
				yield chain.Finding(chain.DOCUMENT_CHANGED, doctype, name, sequence, detail)


def _wrong_states(doctype: str, names: list[str]) -> dict[str, str]:
	"""Return, in words, the states that do not follow from what the documents say, by name; one query.

	A state is no content, as it follows from it; but it is what people see in lists.
	"""
	allowed = RECORDS[doctype].states
	if not allowed:
		return {}
	found = {}
	for row in frappe.get_all(
		doctype, filters={"name": ("in", names)}, fields=["name", "workflow_state", *allowed.fields]
	):
		right = allowed.of(row)
		if row.workflow_state not in right:
			found[row.name] = _("{0}: {1} → {2}").format(
				"workflow_state", " / ".join(right), row.workflow_state or "–"
			)
	return found


def _last_snapshots(doctype: str, names: list[str]) -> dict[str, tuple[int, str, str]]:
	"""Return number, time and content of the last snapshots, by name; one query."""
	snapshot = frappe.qb.DocType(ledger.SNAPSHOT)
	behind = frappe.qb.DocType(ledger.SNAPSHOT).as_("behind")
	rows = (
		frappe.qb.from_(snapshot)
		.left_join(behind)
		.on(
			(behind.reference_doctype == snapshot.reference_doctype)
			& (behind.reference_name == snapshot.reference_name)
			& (behind.sequence > snapshot.sequence)
		)
		.select(snapshot.reference_name, snapshot.sequence, snapshot.recorded_at, snapshot.content)
		.where((snapshot.reference_doctype == doctype) & snapshot.reference_name.isin(names))
		.where(behind.name.isnull())
		.run()
	)
	return {n: (sequence or 0, at or "", content or "") for n, sequence, at, content in rows}


def _in_words(content: str, live: str) -> list[str]:
	"""Return each difference in words; a row that is gone, or was put in, is one difference."""
	try:
		changes = contents.differences(content, live)
		before, after = _rows_of(content), _rows_of(live)
	except BROKEN:
		return []
	rows: dict[str, list[Change]] = defaultdict(list)
	found = []
	for c in changes:
		place = f"{c.table}.{c.row}" if c.table else ""
		if c.table and ((c.table, c.row) in before) != ((c.table, c.row) in after):
			rows[place].append(c)
		else:
			where = f"{place}.{c.field}" if place else c.field
			found.append(_("{0}: {1} → {2}").format(where, c.old or "–", c.new or "–"))
	for place, cells in rows.items():
		old = ", ".join(f"{c.field} {c.old}" for c in cells if c.old)
		new = ", ".join(f"{c.field} {c.new}" for c in cells if c.new)
		found.append(_("{0}: {1} → {2}").format(place, old or "–", new or "–"))
	return found


def _rows_of(content: str) -> set[tuple[str, str]]:
	return {(table, r["name"]) for table, rows in json.loads(content)["tables"].items() for r in rows}


def _verify_attachments(doctype: str, names: list[str]) -> Iterator[chain.Finding]:
	"""Yield which files are not what they were at the last signature that named some (11.70)."""
	signed = {
		row.reference_name: row
		for row in frappe.get_all(
			ledger.SIGNATURE,
			filters={
				"reference_doctype": doctype,
				"reference_name": ("in", names),
				"attachments": ("!=", ""),
			},
			fields=["reference_name", "sequence", "attachments"],
			order_by="sequence",
		)
	}
	for name, row in signed.items():
		live = {f["file"]: f for f in contents.attachments(doctype, name)}
		try:
			known = [(f["file"], f["file_name"], f["sha256"]) for f in json.loads(row.attachments)]
		except (ValueError, KeyError, TypeError):
			continue
		for file, title, digest in known:
			if file not in live:
				yield chain.Finding(chain.ATTACHMENT_REMOVED, doctype, name, row.sequence, title)
			elif live[file]["sha256"] != digest or live[file]["file_name"] != title:
				yield chain.Finding(chain.ATTACHMENT_CHANGED, doctype, name, row.sequence, title)


def _unrecorded(doctype: str, name: str) -> list[chain.Finding]:
	"""Return documents without any entry: nobody recorded them."""
	document, snapshot = frappe.qb.DocType(doctype), frappe.qb.DocType(ledger.SNAPSHOT)
	query = (
		frappe.qb.from_(document)
		.left_join(snapshot)
		.on((snapshot.reference_doctype == doctype) & (snapshot.reference_name == document.name))
		.select(document.name)
		.where(snapshot.name.isnull())
		.orderby(document.name)
	)
	if name:
		query = query.where(document.name == name)
	if not RECORDS[doctype].from_draft:
		query = query.where(document.docstatus != 0)
	return [chain.Finding(chain.NOT_RECORDED, doctype, n) for n in query.run(pluck=True)]


def _verify_corrections(doctype: str, name: str, aliases: Aliases) -> Iterator[chain.Finding]:
	"""Each note of a correction is what a person signed, and each that was signed has its note (K2)."""
	for names in [[name]] if name else _names(doctype, corrections.MEANING):
		for one in names:
			yield from _compare_corrections(doctype, one, aliases)
	note, snapshot = frappe.qb.DocType(corrections.DOCTYPE), frappe.qb.DocType(ledger.SNAPSHOT)
	stray = (
		frappe.qb.from_(note)
		.left_join(snapshot)
		.on(
			(snapshot.reference_doctype == note.reference_doctype)
			& (snapshot.reference_name == note.reference_name)
			& (snapshot.event == corrections.MEANING)
		)
		.select(note.reference_name, note.field, note.old_value, note.new_value)
		.where(snapshot.name.isnull() & (note.reference_doctype == doctype))
	)
	if name:
		stray = stray.where(note.reference_name == name)
	for row in stray.run():
		yield _stray(doctype, *row)


def _compare_corrections(doctype: str, name: str, aliases: Aliases) -> Iterator[chain.Finding]:
	snapshots = frappe.get_all(
		ledger.SNAPSHOT,
		filters={"reference_doctype": doctype, "reference_name": name},
		fields=["sequence", "event", "recorded_by", "recorded_at", "content"],
		order_by="sequence",
	)
	signatures = {s.sequence: s for s in ledger.signatures(doctype, name)}
	notes = corrections.of(doctype, name) if any(s.event == corrections.MEANING for s in snapshots) else []
	for before, after in pairwise(snapshots):
		if after.event != corrections.MEANING:
			continue
		try:
			changes = contents.differences(before.content, after.content)
		except BROKEN:
			continue
		by = aliases.name_today("User", after.recorded_by, after.recorded_at)
		signed = signatures.get(after.sequence) or frappe._dict()
		said = (after.sequence, signed.comment or "", by, signed.full_name, signed.signed_on)
		places = {(c.table, c.row, c.field, c.old, c.new) for c in changes}
		note = next((n for n in notes if _place(n) in places and _said(n) == said), None)
		if note:
			notes.remove(note)
		else:
			yield chain.Finding(
				chain.CORRECTION_REMOVED,
				doctype,
				name,
				after.sequence,
				", ".join(_("{0}: {1} → {2}").format(c.field, c.old or "–", c.new or "–") for c in changes),
			)
	for note in notes:
		yield _stray(doctype, name, note.field, note.old_value, note.new_value)


def _said(note: frappe._dict) -> tuple:
	"""What a note says of the signature of its correction."""
	return (note.sequence, note.reason or "", note.corrected_by, note.corrected_by_name, note.corrected_on)


def _place(note: frappe._dict) -> tuple[str, ...]:
	return (
		note.table_field or "",
		note.row_name or "",
		note.field or "",
		normal(note.old_value, TEXT),
		normal(note.new_value, TEXT),
	)


def _stray(doctype: str, name: str, field_name: str, old: str, new: str) -> chain.Finding:
	detail = _("{0}: {1} → {2}").format(field_name, old or "–", new or "–")
	return chain.Finding(chain.CORRECTION_STRAY, doctype, name, detail=detail)
