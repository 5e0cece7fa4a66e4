// A grant ends by itself, or is revoked here by the management representative, signed (K7).
frappe.ui.form.on("Patient Data Grant", {
	refresh(frm) {
		const over = frm.doc.revoked_on || frm.doc.valid_until < frappe.datetime.get_today();
		if (frm.is_new() || over || !frappe.user_roles.includes("QMS Management Representative")) return;
		frm.add_custom_button(__("Revoke"), () =>
			qms_customer
				.sign({
					title: __("Revoke"),
					fields: [{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason"), reqd: 1 }],
					label: __("Revoke"),
					meaning: "Grant of Patient Data Revoked",
					role: "QMS Management Representative",
					method: "qms_customer.feedback.patient_api.revoke",
					args: ({ reason }) => ({ name: frm.doc.name, reason }),
					done: () => frm.reload_doc(),
				})
				.show()
		);
	},
});
