"""The daily anchor over all chains, and the export that is checked elsewhere (K2; 21 CFR 11.10(c))."""

import json
from collections.abc import Iterator
from dataclasses import asdict

import frappe

from qms_customer.messages import QMSRefusal
from qms_customer.records import ledger
from qms_customer.rules import chain

# Entries of one anchor: a manifest is one value, and the database takes values of a few megabytes only.
MOST = 20_000


def anchor() -> str | None:
	"""Chain an anchor over all entries that have none yet, and return its name; None if there are none (K2).

	Runs daily, in the one transaction of its job. Nobody who signs meanwhile waits for it: it reads without
	locks, and writes to tables of its own. (To mark the snapshots themselves would lock their rows, and when
	their page is split, the gaps between them.) An entry that is committed while it runs is left to the next
	one. Of two runs at once, the second finds its number taken and leaves the work to the first.
	"""
	made = None
	while rows := _without(MOST):
		try:
			made = _anchor(rows, _last())
		except QMSRefusal:
			frappe.clear_messages()
			break
	return made


def _without(limit: int) -> list[tuple]:
	"""Return entries without an anchor, the oldest first."""
	snapshot, anchored = frappe.qb.DocType(ledger.SNAPSHOT), frappe.qb.DocType(ledger.ANCHORED)
	return (
		frappe.qb.from_(snapshot)
		.left_join(anchored)
		.on(anchored.name == snapshot.name)
		.select(
			snapshot.name,
			snapshot.reference_doctype,
			snapshot.reference_name,
			snapshot.sequence,
			snapshot.chain_hash,
		)
		.where(anchored.name.isnull())
		.orderby(snapshot.recorded_at, snapshot.name)
		.limit(limit)
		.run()
	)


def _last() -> chain.Anchor | None:
	table = frappe.qb.DocType(ledger.ANCHOR)
	rows = (
		frappe.qb.from_(table)
		.select(table.sequence, table.made_at, table.previous_hash, table.anchor_hash)
		.orderby(table.sequence, order=frappe.qb.desc)
		.limit(1)
		.run()
	)
	return chain.Anchor(rows[0][0], rows[0][1], "", *rows[0][2:]) if rows else None


def _anchor(rows: list[tuple], last: chain.Anchor | None) -> str:
	lines = ["\t".join((doctype, name, str(n), h)) for _id, doctype, name, n, h in rows]
	made = chain.anchor(lines, ledger.now(), last)
	name = ledger.insert(
		ledger.ANCHOR,
		sequence=made.sequence,
		made_at=made.at,
		made_on=ledger.local(made.at),
		time_zone=frappe.utils.get_system_timezone(),
		entries=len(rows),
		manifest=made.manifest,
		previous_hash=made.previous_hash,
		anchor_hash=made.anchor_hash,
	)
	now = frappe.utils.now()
	frappe.db.bulk_insert(
		ledger.ANCHORED,
		["name", "anchor", "owner", "modified_by", "creation", "modified"],
		[(row[0], name, frappe.session.user, frappe.session.user, now, now) for row in rows],
	)
	return name


def export_anchors() -> Iterator[str]:
	"""Yield the anchors, a JSON object a line, for rules/chain.py to check where there is no Frappe."""
	for one in ledger.anchors():
		yield json.dumps(asdict(one), ensure_ascii=False)


def export_records(doctype: str = "", name: str = "") -> Iterator[str]:
	"""Yield the chained entries with content and signature, a JSON object a line."""
	for stored in ledger.entries(doctype, name):
		yield json.dumps(asdict(stored), ensure_ascii=False)
