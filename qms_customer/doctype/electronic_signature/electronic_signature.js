// Copyright (c) 2026, qms_customer contributors and contributors
// For license information, please see license.txt

// frappe.ui.form.on("Electronic Signature", {
// 	refresh(frm) {

// 	},
// });
