"""What people prove themselves with stays out of the logs (21 CFR 11.300).

Frappe's error log shows the variables of every function under way, the arguments of calls among them.
"""

import json
import re
from collections.abc import Iterable

import frappe
from frappe.model.document import Document

HIDDEN = "********"
# By which names requests carry them.
ARGUMENTS = frozenset(
	{"signature", "password", "old", "new", "pin", "old_pin", "new_password", "old_password", "key"}
)


def keep_out_of_logs(secrets: Iterable[str | None]) -> None:
	"""Note secrets of the running request, so that no error log of it shows them."""
	known = getattr(frappe.local, "qms_secrets", None)
	if known is None:
		known = frappe.local.qms_secrets = set()
	known.update(s for s in secrets if s)
	# The recorder, and whatever else looks at the request later, gets them from here.
	form = getattr(frappe.local, "form_dict", None) or {}
	for key in ARGUMENTS.intersection(form):
		form[key] = HIDDEN


def before_error_log(doc: Document, method: str | None = None) -> None:
	"""Take the secrets of the running request out of what is logged (doc event of Error Log)."""
	for secret in getattr(frappe.local, "qms_secrets", ()):
		for text in _spellings(secret):
			doc.error = (doc.error or "").replace(text, HIDDEN)


def _spellings(secret: str) -> list[str]:
	"""Return how a text may stand in a traceback: plain, in JSON, in a Python literal; longest first."""
	inside = [secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]]
	found = {*inside, *(repr(text)[1:-1] for text in inside)}
	return sorted(found, key=len, reverse=True)


# A text that is shorter is only looked for in quotation marks: "61" stands in any log.
SHORT, HEAD = 5, 16


def without(text: str, value: str) -> str:
	"""Return a text of a log without a value, however it is spelled, or cut off, there."""
	for one in _spellings(value):
		if len(one) < SHORT:
			for quote in ("'", '"', '\\"', "\\'"):
				text = text.replace(f"{quote}{one}{quote}", f"{quote}{HIDDEN}{quote}")
			continue
		text = text.replace(one, HIDDEN)
		# Long values are cut off in the middle, or at their end: the rest of such a line goes with it.
		if len(one) > HEAD:
			text = re.sub(f"{re.escape(one[:HEAD])}.*", HIDDEN, text)
			text = re.sub(f".*{re.escape(one[-HEAD:])}", HIDDEN, text)
	return text
