"""What is worked out once a request."""

import frappe


def request_cache(key: str) -> dict:
	"""Return a dict that lives as long as the request; for what is derived from meta, which frappe caches."""
	if not hasattr(frappe.local, key):
		setattr(frappe.local, key, {})
	return getattr(frappe.local, key)
