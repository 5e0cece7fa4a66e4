"""The contract review and the opinion of a department on paper (C2-C7, C10, C11, K6)."""

import json
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import strip_html
from markupsafe import Markup

from qms_customer.contract import reviews
from qms_customer.messages import say
from qms_customer.records import ledger, prints
from qms_customer.rules.contract import CLASSES
from qms_customer.shown import both, label_in_both, language

# What is printed of an item in columns of its own; everything else that the contract says stands below it.
COLUMNS = ("item_code", "item_name", "qty", "uom", "rate", "amount", "delivery_date")


def qms_contract_review_form(doc: Document) -> Markup:
	"""Return a contract review as the paper form 合同评审表 would be; refuses who may not read it (K6)."""
	review = prints.stored(doc)
	opinions, opinions_withheld = _opinions(review.name)
	actions, actions_withheld = prints.readable(reviews.ACTION, {"contract_review": review.name})
	if review.contract_class == "Routine":
		title = both("Routine Contract Review", "常规合同评审表")
	else:
		title = both("Non-routine Contract Review", "非常规合同评审表")
	return Markup(
		prints.page(
			review,
			"prints/contract_review.html",
			title,
			company=review.company,
			currency=frappe.get_cached_value("Company", review.company, "default_currency"),
			content=_content(json.loads(review.content or "{}")),
			requirements=[(k, [r for r in review.requirements if r.requirement_class == k]) for k in CLASSES],
			criteria=[_criterion(c) for c in review.criteria],
			opinions=opinions,
			opinions_withheld=opinions_withheld,
			actions=actions,
			actions_withheld=actions_withheld,
			full_name=prints.full_name,
			superseded=review.decision == "Superseded",
		)
	)


def qms_opinion_form(doc: Document) -> Markup:
	"""Return the opinion of a department as a paper form; refuses who may not read it (K6)."""
	opinion = prints.stored(doc)
	actions, actions_withheld = prints.readable(reviews.ACTION, {"opinion": opinion.name})
	return Markup(
		prints.page(
			opinion,
			"prints/contract_review_opinion.html",
			both("Contract Review Opinion", "合同评审意见表"),
			company=frappe.db.get_value(reviews.REVIEW, opinion.contract_review, "company"),
			review_version=frappe.db.get_value(reviews.REVIEW, opinion.contract_review, "review_version"),
			actions=actions,
			actions_withheld=actions_withheld,
			full_name=prints.full_name,
		)
	)


def _opinions(review: str) -> tuple[list[frappe._dict], int]:
	"""Return the opinions that count, each with its signatures, and how many the user may not read."""
	found = reviews.opinions_of(review)
	names, withheld = prints.readable(reviews.OPINION, {"contract_review": review, "superseded": 0}, ["name"])
	readable = {n.name for n in names}
	kept = [o for o in found if o.name in readable]
	signed = frappe.get_all(
		ledger.SIGNATURE,
		filters={
			"reference_doctype": reviews.OPINION,
			"reference_name": ("in", [o.name for o in kept] or [""]),
		},
		fields=["reference_name", "signed_on", "time_zone", *ledger.FIELDS],
		order_by="sequence",
	)
	for o in kept:
		o.signatures = [s for s in signed if s.reference_name == o.name]
	return kept, withheld


def _criterion(row: Document) -> dict[str, Any]:
	return {
		"row": row,
		"evidence": [
			{"verdict": e["verdict"], "text": _in_both(e["message"], e["args"])}
			for e in json.loads(row.evidence or "[]")
		],
	}


def _in_both(message: str, args: list) -> Markup:
	"""A message of rules/ in both languages: `say` has made it safe already."""
	said = []
	for code in ("zh", "en"):
		with language(code):
			said.append(Markup(say(message, args)))
	return both(said[1], said[0])


def _content(canonical: dict) -> dict[str, Any]:
	"""Return all that the contract said when it was put forward, as it is stored."""
	if not canonical:
		return {"head": [], "tables": []}
	meta = frappe.get_meta(canonical["doctype"])
	tables = []
	for table, rows in canonical["tables"].items():
		# These stand in tables of their own.
		if table in ("qms_requirements", "qms_documents") or not rows:
			continue
		field = meta.get_field(table)
		child = frappe.get_meta(field.options) if field else None
		ordered = [f.fieldname for f in child.fields] if child else []
		known = sorted({k for r in rows for k in r if k not in ("name", "idx")}, key=_order(ordered))
		columns = [c for c in COLUMNS if c in known] if table == "items" else known
		tables.append(
			{
				"label": label_in_both(meta, table),
				"columns": [label_in_both(child, c) for c in columns],
				"rows": [
					{
						"cells": [_plain(child, c, r.get(c, "")) for c in columns],
						"more": [
							(label_in_both(child, c), _plain(child, c, r[c]))
							for c in known
							if c not in columns and r.get(c)
						],
					}
					for r in rows
				],
			}
		)
	ordered = [f.fieldname for f in meta.fields]
	head = [
		(label_in_both(meta, field), _plain(meta, field, text))
		for field, text in sorted(canonical["fields"].items(), key=lambda one: _order(ordered)(one[0]))
		if text
	]
	return {"head": head, "tables": tables}


def _order(names: list[str]) -> Any:
	places = {name: place for place, name in enumerate(names)}
	return lambda name: (places.get(name, len(places)), name)


def _plain(meta: Any, name: str, text: str) -> str:
	"""A value as it is stored, the mark-up of texts taken out."""
	field = meta.get_field(name) if meta else None
	if field and field.fieldtype == "Check":
		return {"1": "✓", "0": "–"}.get(text, text)
	if field and field.fieldtype in ("Text Editor", "HTML Editor", "Text", "Small Text") and "<" in text:
		return strip_html(text).strip()
	return text
