"""What the web form for visitors calls (H1, A10). Its parameters are all that a visitor may say: Frappe drops
what else a request brings.
"""

from collections.abc import Mapping
from typing import Any

import frappe
from frappe.rate_limiter import rate_limit

from qms_customer.feedback import guest

PAGE = "customer-feedback"
PER_ADDRESS, WITHIN = 20, 60 * 60


# Frappe would rewrite what a guest sends as HTML, words included; here it is text, and made so by our rules.
@frappe.whitelist(methods=["POST"], allow_guest=True, xss_safe=True)
def send(
	ticket: str = "",
	homepage: str = "",
	source: str = "",
	concern: str = "",
	details: str = "",
	customer_told: str = "",
	contact_name: str = "",
	contact_email: str = "",
	contact_phone: str = "",
	item_told: str = "",
	batch_no: str = "",
	serial_no: str = "",
	udi: str = "",
	happened_on: str = "",
	aware_on: str = "",
	event_country: str = "",
	patient_details: str = "",
) -> dict | None:
	"""Take in a message with its files; answer as JSON where that is asked for, else with the page (H1).

	`homepage`: the field that nobody sees. Open to everybody where the settings open it; what is written, and
	how much, is decided on the server.
	"""
	if not guest.company():
		raise frappe.PageDoesNotExistError
	said = {
		**{"source": source, "concern": concern, "details": details, "customer_told": customer_told},
		**{"contact_name": contact_name, "contact_email": contact_email, "contact_phone": contact_phone},
		**{"item_told": item_told, "batch_no": batch_no, "serial_no": serial_no, "udi": udi},
		**{"happened_on": happened_on, "aware_on": aware_on, "event_country": event_country},
		"patient_details": patient_details,
	}
	# Frappe counts by it: it is not for whoever sends this to say what it is.
	frappe.form_dict.cmd = f"{__name__}.send"
	try:
		answer = _limited(ticket, said, homepage)
	except frappe.RateLimitExceededError:
		answer = guest.too_many(ticket)
	# What Frappe would say besides is meant for people of ours.
	frappe.clear_messages()
	return _answered(answer, said)


@rate_limit(limit=PER_ADDRESS, seconds=WITHIN)
def _limited(ticket: str, said: Mapping[str, str], trap: str) -> guest.Answer:
	files = frappe.request.files.getlist("files") if frappe.request else []
	return guest.receive_or_say_why(ticket, said, trap, files)


def _answered(answer: guest.Answer, said: Mapping[str, str]) -> dict[str, Any] | None:
	frappe.local.response["http_status_code"] = answer.status
	if "application/json" in (frappe.get_request_header("Accept") or ""):
		return {
			"number": answer.number,
			"mailed": answer.mailed,
			"faults": answer.faults,
			"ticket": answer.ticket,
		}
	frappe.local.response.update(
		{"type": "page", "route": PAGE, "context": {"answer": answer, "said": {} if answer.number else said}}
	)
	return None
