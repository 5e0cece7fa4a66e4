"""The chains of records: append to one, read it back, verify it (K2; 21 CFR 11.10(c), (e))."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import convert_utc_to_system_timezone

from qms_customer.messages import refuse_one
from qms_customer.records import contents
from qms_customer.rules import chain, mark

SNAPSHOT, SIGNATURE = "Record Snapshot", "Electronic Signature"
ANCHOR, ANCHORED = "Record Anchor", "Record Anchor Entry"


def append(doc: Document, event: str, **signed: Any) -> chain.Entry:
	"""Record the state of a record, and return the entry of its chain (K2).

	`signed`: the signature that it is given, if there is one, but for its time and the hash of the content
	(K3).

	Part of the transaction that moves the record: two queries, one more with a signature. Who moves another
	record at the same time is not waited for; of two who move the same, the second is told.
	"""
	last, not_before = _last(doc.doctype, doc.name)
	content = contents.text_of(doc)
	at = chain.time_of(now(), last, not_before)
	signature = (
		chain.Signature(**signed, signed_at=at, content_hash=chain.sha256(content)) if signed else None
	)
	entry = chain.link((doc.doctype, doc.name), event, frappe.session.user, at, content, signature, last)
	name = _write_signature(entry, signature) if signature else None
	insert(
		SNAPSHOT,
		reference_doctype=entry.doctype,
		reference_name=entry.name,
		sequence=entry.sequence,
		event=entry.event,
		recorded_by=entry.by,
		recorded_on=local(entry.at),
		recorded_at=entry.at,
		time_zone=frappe.utils.get_system_timezone(),
		content=content,
		content_hash=entry.content_hash,
		signature=name,
		signature_hash=entry.signature_hash,
		previous_hash=entry.previous_hash,
		chain_hash=entry.chain_hash,
	)
	return entry


def _write_signature(entry: chain.Entry, signature: chain.Signature) -> str:
	return insert(
		SIGNATURE,
		reference_doctype=entry.doctype,
		reference_name=entry.name,
		sequence=entry.sequence,
		signed_on=local(signature.signed_at),
		time_zone=frappe.utils.get_system_timezone(),
		**{f: getattr(signature, f) for f in FIELDS},
	)


FIELDS = tuple(chain.Signature.__dataclass_fields__)


def insert(doctype: str, **values: Any) -> str:
	"""Insert a row of ours past the events, and return its name: only this package writes these tables."""
	doc = frappe.get_doc({"doctype": doctype, "name": frappe.generate_hash(length=20), **values})
	doc.owner = doc.modified_by = frappe.session.user
	doc.creation = doc.modified = frappe.utils.now()
	try:
		doc.db_insert()
	except (frappe.DuplicateEntryError, frappe.UniqueValidationError):
		frappe.clear_last_message()
		refuse_one(
			"K3",
			mark("Somebody else moved {0} {1} at the same moment. Reload it and look again."),
			values.get("reference_doctype", doctype),
			values.get("reference_name", values.get("sequence")),
		)
	return doc.name


def now() -> str:
	"""Return the server's time, in UTC, as it is chained."""
	return datetime.now(UTC).isoformat(timespec="microseconds")


def local(at: str) -> datetime:
	"""Return a chained time as the site shows it: in the site's time zone."""
	return convert_utc_to_system_timezone(datetime.fromisoformat(at)).replace(tzinfo=None)


def _last(doctype: str, name: str) -> tuple[chain.Entry | None, str]:
	"""Return the last entry of a record's chain, and the time of the last anchor; one query, two for a new
	chain.

	Read without a lock: a locking read would lock the gap behind this chain, into which the next record's
	goes.
	Should somebody else have appended meanwhile, the unique index refuses the second entry.
	"""
	snapshot, anchor = frappe.qb.DocType(SNAPSHOT), frappe.qb.DocType(ANCHOR)
	latest = frappe.qb.from_(anchor).select(anchor.made_at).orderby(anchor.sequence, order=frappe.qb.desc)
	latest = latest.limit(1)
	rows = (
		frappe.qb.from_(snapshot)
		.select(*(snapshot[f] for f in ENTRY_FIELDS), latest)
		.where((snapshot.reference_doctype == doctype) & (snapshot.reference_name == name))
		.orderby(snapshot.sequence, order=frappe.qb.desc)
		.limit(1)
		.run()
	)
	if rows:
		return chain.Entry(*rows[0][:-1]), rows[0][-1] or ""
	return None, next(iter(latest.run(pluck=True)), "")


# In the order of chain.Entry.
ENTRY_FIELDS = (
	"reference_doctype",
	"reference_name",
	"sequence",
	"event",
	"recorded_by",
	"recorded_at",
	"content_hash",
	"signature_hash",
	"previous_hash",
	"chain_hash",
)


@dataclass(frozen=True, slots=True)
class Beside:
	"""What lies beside the chained values of an entry and its signature: shown to people, or found by."""

	recorded_on: datetime | None
	time_zone: str
	signature: str
	signed_record: tuple[str, str, int] | None
	signed_on: datetime | None
	signed_zone: str


def entries(doctype: str = "", name: str = "") -> Iterator[chain.Stored]:
	"""Yield what is stored of all chains, of one DocType's or of one record's, sorted; memory stays
	constant.
	"""
	for stored, _beside in rows(doctype, name):
		yield stored


def rows(doctype: str = "", name: str = "") -> Iterator[tuple[chain.Stored, Beside]]:
	"""Yield the entries with what lies beside them; no other query may run meanwhile on this connection."""
	snapshot, signed = frappe.qb.DocType(SNAPSHOT), frappe.qb.DocType(SIGNATURE)
	anchored = frappe.qb.DocType(ANCHORED)
	query = (
		frappe.qb.from_(snapshot)
		.left_join(signed)
		.on(signed.name == snapshot.signature)
		.left_join(anchored)
		.on(anchored.name == snapshot.name)
		.select(
			*(snapshot[f] for f in ENTRY_FIELDS),
			snapshot.content,
			anchored.anchor,
			snapshot.recorded_on,
			snapshot.time_zone,
			snapshot.signature,
			signed.reference_doctype,
			signed.reference_name,
			signed.sequence,
			signed.signed_on,
			signed.time_zone,
			*(signed[f] for f in FIELDS),
		)
		# By the index of the chain: sorting would write all contents to the server's disk first.
		.force_index("qms_place_in_chain")
		.orderby(snapshot.reference_doctype, snapshot.reference_name, snapshot.sequence)
	)
	if doctype:
		query = query.where(snapshot.reference_doctype == doctype)
	if name:
		query = query.where(snapshot.reference_name == name)
	with frappe.db.unbuffered_cursor():
		for row in query.run(as_list=True, as_iterator=True):
			values = iter([_plain(v) for v in row])
			entry = chain.Entry(*islice(values, len(ENTRY_FIELDS)))
			content, anchor, recorded_on, time_zone, name_of = islice(values, 5)
			to_doctype, to_name, to_place, signed_on, signed_zone = islice(values, 5)
			# Where no signature has that name, the outer join leaves nothing but emptiness.
			given = chain.Signature(*values) if to_doctype or to_name or signed_on else None
			yield (
				chain.Stored(entry, content, given, anchor),
				Beside(
					recorded_on or None,
					time_zone,
					name_of,
					(to_doctype, to_name, to_place) if given else None,
					signed_on or None,
					signed_zone,
				),
			)


def _plain(value: Any) -> Any:
	return "" if value is None else value


def anchor_names() -> list[str]:
	"""Return the names of the anchors in their order."""
	return frappe.get_all(ANCHOR, pluck="name", order_by="sequence, name")


def anchor(name: str) -> tuple[chain.Anchor, frappe._dict]:
	"""Return an anchor, and what lies beside its chained values."""
	row = frappe.db.get_value(
		ANCHOR,
		name,
		[
			"sequence",
			"made_at",
			"manifest",
			"previous_hash",
			"anchor_hash",
			"entries",
			"made_on",
			"time_zone",
		],
		as_dict=True,
	)
	return (
		chain.Anchor(
			row.sequence or 0,
			row.made_at or "",
			row.manifest or "",
			row.previous_hash or "",
			row.anchor_hash or "",
		),
		row,
	)


def anchors() -> Iterator[chain.Anchor]:
	"""Yield the anchors in their order, one manifest in memory at a time."""
	for name in anchor_names():
		yield anchor(name)[0]


def snapshot(doctype: str, name: str, sequence: int) -> str:
	"""Return the canonical text of a record as it was recorded then."""
	return frappe.db.get_value(
		SNAPSHOT, {"reference_doctype": doctype, "reference_name": name, "sequence": sequence}, "content"
	)


def signatures(doctype: str, name: str) -> list[frappe._dict]:
	"""Return the signatures of a record, oldest first (K3)."""
	return frappe.get_all(
		SIGNATURE,
		filters={"reference_doctype": doctype, "reference_name": name},
		fields=["name", "sequence", "signed_on", "time_zone", *FIELDS],
		order_by="sequence",
	)
