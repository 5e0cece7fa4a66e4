frappe.ui.form.on("QMS Customer Settings", {
	refresh(frm) {
		// The dialog asks for it, together with the signature.
		frm.toggle_display("change_reason", false);
	},
	// K3: limits and routing decide who reviews: a change of them is signed, with its reason.
	validate(frm) {
		if (!frm.is_dirty() || !frappe.ui.form.check_mandatory(frm)) return;
		frappe.validated = false;
		qms_customer
			.sign({
				title: __("Change the Settings"),
				fields: [
					{
						fieldname: "change_reason",
						fieldtype: "Small Text",
						label: __("Reason for This Change", null, "QMS Customer Settings"),
						reqd: 1,
					},
				],
				label: __("Save"),
				meaning: "Settings Changed",
				method: "qms_customer.records.api.save_signed",
				args: ({ change_reason }) => ({ doc: { ...frm.doc, change_reason } }),
				done: () => frm.reload_doc(),
			})
			.show();
	},
});
