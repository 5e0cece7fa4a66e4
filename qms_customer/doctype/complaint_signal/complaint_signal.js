// A signal: Quality or the management representative says, signed, what comes of it.
qms_customer.show_terms("Complaint Signal");

frappe.ui.form.on("Complaint Signal", {
	refresh(frm) {
		if (frm.is_new()) return;
		const open = frm.doc.status === "Open";
		const text = open
			? __("More complaints than there should be: somebody has to say what comes of it.")
			: __(frm.doc.outcome, null, "Complaint Signal");
		qms_customer.headline(frm, text, open ? "red" : "green");
		const role = ["QMS Quality", "QMS Management Representative"].find((one) =>
			frappe.user_roles.includes(one)
		);
		if (!open || !role) return;
		frm.add_custom_button(
			__("Assess"),
			() =>
				frappe
					.xcall("qms_customer.feedback.signal_api.get_shown", { name: frm.doc.name })
					.then(({ hash }) => assess(frm, role, hash)),
			__("Actions")
		);
	},
});

function assess(frm, role, content_hash) {
	qms_customer
		.sign({
			title: __("Assess a Signal"),
			fields: [
				{
					fieldname: "outcome",
					fieldtype: "Select",
					label: __("Outcome"),
					options: ["Action Needed", "Watched Further", "No Common Cause"].map((value) => ({
						value,
						label: __(value, null, "Complaint Signal"),
					})),
					reqd: 1,
				},
				{
					fieldname: "assessment",
					fieldtype: "Small Text",
					label: __("Why, and what is done"),
					reqd: 1,
					stands_for: "assessment",
				},
			],
			label: __("Assess"),
			meaning: "Signal Assessed",
			role,
			method: "qms_customer.feedback.signal_api.assess_signal",
			args: (values) => ({
				name: frm.doc.name,
				content_hash,
				outcome: values.outcome || "",
				assessment: values.assessment || "",
			}),
			done: () => frm.reload_doc(),
		})
		.show();
}
