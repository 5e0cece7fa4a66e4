"""The register follows what happens to contracts: asked for here, done after the commit (D5).

None of these asks the database anything.
"""

from frappe.model.document import Document

from qms_customer.contract import register


def on_contract_change(doc: Document, method: str | None = None) -> None:
	"""Follow a contract itself; a draft that was never put forward is in no register."""
	if doc.docstatus or doc.get("qms_contract_review"):
		register.later(doc.doctype, doc.name)


def on_record_change(doc: Document, method: str | None = None) -> None:
	"""Follow the contract that a review, a change notice or a production notice is about."""
	if doc.reference_doctype and doc.reference_name:
		register.later(doc.reference_doctype, doc.reference_name)


def on_goods_or_money(doc: Document, method: str | None = None) -> None:
	"""Follow the contracts that a delivery, an invoice or a payment is for; its draft changes nothing."""
	if doc.docstatus:
		register.later(doc.doctype, doc.name)


def on_journal_entry(doc: Document, method: str | None = None) -> None:
	"""Follow the contracts that a journal entry pays; most of them pay none."""
	if doc.docstatus and any(
		row.reference_type in ("Sales Invoice", "Sales Order") for row in doc.get("accounts") or ()
	):
		register.later(doc.doctype, doc.name)


def on_unreconcile(doc: Document, method: str | None = None) -> None:
	"""Follow the contracts from which a payment is taken off."""
	if doc.docstatus:
		register.later(doc.voucher_type, doc.voucher_no)


def on_work_order(doc: Document, method: str | None = None) -> None:
	"""Follow the contract that a work order makes the goods of."""
	if doc.docstatus and doc.get("sales_order"):
		register.later("Sales Order", doc.sales_order)


def on_adoption(doc: Document, method: str | None = None) -> None:
	"""Enter the contracts that a signed list adopted."""
	if doc.docstatus:
		register.later(doc.doctype, doc.name)


def on_return_slip(doc: Document, method: str | None = None) -> None:
	"""Follow the contracts whose goods a return slip is about (G1)."""
	if any(row.contract for row in doc.get("items") or ()):
		register.later(doc.doctype, doc.name)


def on_complaint(doc: Document, method: str | None = None) -> None:
	"""Follow the contracts by which the customer got what a complaint is about, once that is known (H3)."""
	about = ("customer", "item_code", "batch_no", "serial_no")
	before = doc.get_doc_before_save()
	if before and all((doc.get(field) or "") == (before.get(field) or "") for field in about):
		return
	if doc.customer and doc.item_code and (doc.batch_no or doc.serial_no):
		register.later(doc.doctype, doc.name)
