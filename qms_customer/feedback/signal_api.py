"""What the form of a complaint signal may call. Each checks permission first (H8, L1)."""

import frappe

from qms_customer.feedback import signal_panel, signals
from qms_customer.records import signing


@frappe.whitelist(methods=["GET", "POST"])
def get_shown(name: str) -> dict:
	"""Return what the form shows, its hash, and what the user may do (H8)."""
	return signal_panel.panel(signals.readable(name))


@frappe.whitelist(methods=["POST"])
def assess_signal(
	name: str, content_hash: str, outcome: str, assessment: str, signature: str | dict | None = None
) -> dict:
	"""Say, signed, what comes of a signal (H8)."""
	signals.readable(name)
	with signing.pen(signature):
		signal = signals.assess(name, content_hash, outcome, assessment)
	return {"name": signal.name, "status": signal.status}
