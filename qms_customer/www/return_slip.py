"""The page on which a customer confirms a return slip: by the token of a link, for this slip only (G1)."""

from typing import Any

import frappe
from frappe import _
from frappe.rate_limiter import rate_limit

from qms_customer import guest_page
from qms_customer.returns import confirm
from qms_customer.rules.sales_record import serials_in

no_cache = 1


def get_context(context: Any) -> Any:
	"""Fill in the page: the slip of the link, or that the link is not valid. Nothing else is told."""
	guest_page.prepare(context, _("Return Slip"))
	token = str(frappe.form_dict.get("token") or "")
	slip = _opened(token)
	context.slip = _as_shown(slip) if slip else None
	context.token = token if slip else ""
	return context


@rate_limit(limit=60, seconds=60 * 60)
def _opened(token: str) -> Any:
	return confirm.shown(token)


def _as_shown(slip: Any) -> dict[str, Any]:
	"""What the customer sees: what they said themselves, and what identifies their goods."""
	return {
		"name": slip.name,
		"customer_name": slip.customer_name,
		"company": slip.company,
		"posting_date": frappe.format(slip.posting_date, "Date"),
		"wanted": _(slip.wanted or "", context="Return Slip"),
		"expires": frappe.utils.format_datetime(slip.link_expires),
		"rows": [
			{
				"row": row.name,
				"item_code": row.item_code,
				"item_name": row.item_name,
				"specification": row.specification or "",
				"batch_no": row.batch_no or "",
				"serials": serials_in(row.serial_nos or ""),
				"qty": f"{row.stock_qty:g}",
				"uom": _(row.stock_uom),
				"whole": bool(frappe.get_cached_value("UOM", row.stock_uom, "must_be_whole_number")),
				"delivery": row.delivery or "",
				"delivered_on": frappe.format(row.delivered_on, "Date") if row.delivered_on else "",
				"reason_code": _(row.reason_code or ""),
				"reason": row.reason_details or "",
			}
			for row in slip.items
		],
	}
