frappe.ui.form.on("QMS Customer Settings", {
	refresh(frm) {
		// The dialog asks for it, together with the signature.
		frm.toggle_display("change_reason", false);
		const waiting = (frm.doc.scope || []).filter((row) => !row.live_since);
		if (!waiting.length || frm.is_dirty()) return;
		qms_customer.headline(
			frm,
			__("Not live yet: {0} of {1} rows of the scope. Nothing there is held up or reviewed until its adoption is signed.", [
				waiting.length,
				frm.doc.scope.length,
			]),
			"orange"
		);
		frm.add_custom_button(__("Prepare the Go-Live"), () => qms_customer.prepare_go_live());
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
