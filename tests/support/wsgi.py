"""The web application of the test site, with the static files that nginx would serve."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import frappe.app
from frappe.utils import caching

from tests.support import env

# Whatever host name the client uses, there is one site.
frappe.app._site = env.SITE
frappe.app._sites_path = "."
_served = frappe.app.application_with_statics()
_generation = env.home() / "run/generation"
_seen = 0


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
	"""Serve a request; first forget what the process remembers of rows that a test has put back."""
	global _seen
	if _generation.exists() and (now := _generation.stat().st_mtime_ns) != _seen:
		caching._SITE_CACHE.clear()
		_seen = now
	return _served(environ, start_response)
