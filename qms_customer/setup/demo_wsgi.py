"""The web application of the demo: one site, whatever name the browser calls it by, with its static files."""

import os

import frappe.app

frappe.app._site = os.environ["QMS_DEMO_SITE"]
application = frappe.app.application_with_statics()
