"""The return slip 退货单 and the destruction certificate 销毁证明 on paper (G1, G6, K6)."""

from decimal import Decimal

from frappe.model.document import Document
from markupsafe import Markup

from qms_customer.records import contents, prints
from qms_customer.returns import credit, exchange
from qms_customer.returns.accounted import live
from qms_customer.rules import forms
from qms_customer.rules.disposal import DESTROYED
from qms_customer.shown import both


def qms_return_slip_form(doc: Document) -> Markup:
	"""Return a return slip as the paper form would be, for the customer to sign as well; refuses who may not
	read it (G1, K6).
	"""
	slip = prints.stored(doc)
	return Markup(
		prints.page(
			slip,
			"prints/return_slip.html",
			both("Return Slip", "退货单"),
			company=slip.company,
			quantity=quantity,
			given=_given(slip),
			files=contents.attachments(slip.doctype, slip.name),
		)
	)


def _given(slip: Document) -> list[tuple[Markup, list]]:
	"""What the customer got for the goods: replacements and credit notes, as far as there are any; two
	queries.
	"""
	found = [
		(both("Replacement for Returned Goods"), exchange.replacements(slip.name)),
		(both("Credit Notes"), credit.notes(slip.name)),
	]
	return [(what, some) for what, some in found if some]


def qms_destruction_certificate(doc: Document) -> Markup:
	"""Return the certificate of what of a slip was destroyed on site; refuses who may not read it (G6, K6).

	Of a slip of which nothing was destroyed it says just that.
	"""
	slip = prints.stored(doc)
	destroyed = [row for row in live(slip.arrivals) if row.how == DESTROYED]
	return Markup(
		prints.page(
			slip,
			"prints/destruction_certificate.html",
			both("Certificate of Destruction", "销毁证明"),
			forms.DESTRUCTION_CERTIFICATE,
			company=slip.company,
			quantity=quantity,
			destroyed=destroyed,
			rows={row.name: row for row in slip.items},
		)
	)


def quantity(value: object) -> str:
	"""Return a quantity in one form whatever the user's, without zeros that say nothing."""
	return f"{Decimal(str(value or 0)):,.6f}".rstrip("0").rstrip(".")
