"""Goods that are destroyed where they are: the evidence, and stock and accounts as if they had come back and
been written off (G6).
"""

from collections.abc import Iterable, Mapping
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import get_datetime, getdate

from qms_customer.contract import notify, states
from qms_customer.erp.file import is_stored, require_readable
from qms_customer.messages import refuse
from qms_customer.records import contents, signing
from qms_customer.returns import (
	accounted,
	arrival,
	documents,
	inbox,
	making,
	opened,
	quarantine,
	route,
	slips,
)
from qms_customer.rules import disposal as rules
from qms_customer.rules import mark
from qms_customer.rules.people import SERVICE

# K3: what the signature means.
DESTROYED = mark("Goods Destroyed on Site")
RECORDERS = (SERVICE, *route.SALES)


def record(
	name: str, content_hash: str, rows: Iterable[Mapping[str, Any]], evidence: Mapping[str, Any]
) -> Document:
	"""Record, signed, that goods were destroyed where they are, and return the slip (G6, K3).

	The delivery is returned into quarantine and written off from there, in the same transaction: what was
	delivered, the cost of sales and the room for a replacement are right. `rows` as in arrival.receive;
	`evidence`: destroyed_by, destroyed_on, witness, photos, certificate (files of this site).
	"""
	opened.lock_customer(name)
	slip = opened.locked(name, content_hash)
	opened.require_state(slip, "G6", states.RETURN_DESTROYING)
	role = opened.require_role("G6", mark("A destruction on site is recorded by: {0}."), RECORDERS)
	coming = arrival.read(rows)
	photos, certificate = (str(evidence.get(one) or "") for one in ("photos", "certificate"))
	by, witness = (str(evidence.get(one) or "").strip() for one in ("destroyed_by", "witness"))
	on = getdate(evidence.get("destroyed_on")) if evidence.get("destroyed_on") else None
	found = rules.coming_refusals(coming, accounted.parts(slip))
	found += rules.nothing_refusals(coming)
	found += rules.destruction_refusals(
		rules.Destruction(by, on, is_stored(photos), witness, is_stored(certificate)),
		get_datetime(slip.decided_on).date(),
		getdate(),
	)
	if found:
		refuse(found)
	for url in (photos, certificate):
		if url:
			require_readable("G6", url)
	signing.in_hand()
	place = quarantine.warehouse(slip.company)
	with making.documents(slip.name) as step:
		made = arrival.take_in(slip, coming, place)
		entry = documents.issue(
			slip.company,
			[arrival.goods_of(row, one) for one in coming for row in slip.items if row.name == one.row],
			place,
			_("Destroyed on site of {0}: return slip {1}").format(slip.customer_name, slip.name),
		)
		step.submit(entry)
	for one in coming:
		arrival.book(slip, one, rules.DESTROYED, made[one.row]).update(
			{
				"warehouse": place,
				"write_off": entry.name,
				"destroyed_by": by,
				"destroyed_on": on,
				"witness": witness or None,
				"evidence": photos,
				"evidence_hash": _hash(photos),
				"certificate": certificate or None,
				"certificate_hash": _hash(certificate),
			}
		)
	slips.settle(slip)
	opened.save(slip)
	signing.sign(slip, DESTROYED, role, comment=f"{by} {on} {witness}".strip(), shown_hash=content_hash)
	inbox.ask(slip)
	notify.tell(
		[slip.put_forward_by, slip.routed_by],
		_("Goods of return slip {0} are destroyed on site").format(slip.name),
		slip,
	)
	return slip


def _hash(url: str) -> str | None:
	return contents.file_hash(frappe._dict(file_url=url)) or None
