"""The page on which visitors of the site write to us (H1, A10)."""

from collections.abc import Iterable
from typing import Any

import frappe
from frappe import _
from frappe.sessions import get_csrf_token

from qms_customer import guest_page
from qms_customer.feedback import guest
from qms_customer.rules import guest_form as rules

no_cache, sitemap = 1, 0
# In which the app speaks; others see English, and may write as they like.
LANGUAGES = (("en", "English"), ("zh", "中文"))


def get_context(context: Any) -> Any:
	"""Fill in the page: empty, with what stood against what was sent, or with the number that it has got."""
	guest_page.prepare(context, _("Write to us"))
	company = guest.company()
	if not company:
		# Not as a page that does not exist: Frappe remembers those, and would when it is opened.
		context.http_status_code = 404
		return context
	shown = frappe.local.response.get("context") or {}
	context.company, context.languages = company, LANGUAGES
	context.answer = shown.get("answer") or guest.Answer(ticket=guest.ticket())
	context.said = {**dict.fromkeys(rules.LENGTHS, ""), **shown.get("said", {})}
	context.lengths, context.labels = rules.LENGTHS, rules.LABELS
	context.sources, context.concerns = _options(rules.SOURCES), _options(rules.CONCERNS)
	context.countries = guest.countries()
	context.endings = ",".join(one for ends in rules.KINDS.values() for one in ends)
	context.most_files, context.most_size = rules.FILES, rules.FILE_SIZE // rules.MEGABYTE
	# A visitor has no session that somebody could misuse; who is logged in has.
	context.csrf = "" if frappe.session.user == "Guest" else get_csrf_token()
	return context


def _options(values: Iterable[str]) -> list[tuple[str, str]]:
	return [(value, _(value, context="Customer Feedback")) for value in values]
