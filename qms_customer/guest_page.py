"""What the pages for people without an account have in common (G1, H1)."""

from typing import Any

import frappe


def prepare(context: Any, title: str) -> Any:
	"""Return the context of a page that is shown to one visitor: kept in no cache, in their language."""
	context.no_cache = 1
	context.no_breadcrumbs = 1
	context.show_sidebar = False
	context.hide_footer_signup = 1
	context.title = title
	context.lang = frappe.local.lang
	return context
