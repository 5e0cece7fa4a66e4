# Copyright (c) 2026, qms_customer contributors and Contributors
# See license.txt

# import frappe
from frappe.tests.utils import FrappeTestCase


class TestElectronicSignature(FrappeTestCase):
	pass
