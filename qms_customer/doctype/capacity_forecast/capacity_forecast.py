"""Capacity Forecast: what was computed last of a contract document (B1 b, C8)."""

from frappe.model.document import Document


class CapacityForecast(Document):
	"""C8: no record: it is computed anew at any time. What a review rested on is kept in the review."""
