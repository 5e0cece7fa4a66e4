"""The production notice on paper 生产通知单 (D3, K6)."""

from frappe.model.document import Document
from markupsafe import Markup

from qms_customer.contract import worked
from qms_customer.records import prints
from qms_customer.shown import both


def qms_production_notice_form(doc: Document) -> Markup:
	"""Return a production notice as the paper form would be; refuses who may not read it (K6)."""
	notice = prints.stored(doc)
	return Markup(
		prints.page(
			notice,
			"prints/production_notice.html",
			both("Production Notice", "生产通知单"),
			company=notice.company,
			quantity=lambda value: f"{float(value or 0):,.6f}".rstrip("0").rstrip("."),
			order=worked.ORDER,
		)
	)
