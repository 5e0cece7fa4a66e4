frappe.ui.form.on("Signing Credential", {
	refresh(frm) {
		if (!frappe.user.has_role("System Manager") || frm.doc.user === frappe.session.user) return;
		// 11.300(c): the server refuses where there is none.
		frm.add_custom_button(__("Clear Signing PIN"), () =>
			frappe.confirm(
				__("{0} cannot sign until they have logged in again and set another signing PIN. Go on?", [
					frappe.utils.escape_html(frm.doc.user),
				]),
				() =>
					qms_customer
						.call("qms_customer.records.api.clear_pin", { user: frm.doc.user })
						.then(() => frm.reload_doc())
			)
		);
	},
});
