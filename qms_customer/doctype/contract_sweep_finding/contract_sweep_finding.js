// A finding of the sweep: who answers for the baseline explains it, with a signature.
frappe.ui.form.on("Contract Sweep Finding", {
	refresh(frm) {
		const open = frm.doc.status === "Open";
		const text = open
			? __("Put it right by a change notice or an adoption, or explain it. Goods wait meanwhile.")
			: __(frm.doc.status, null, "Contract Sweep Finding");
		qms_customer.headline(frm, text, open ? "red" : "green");
		const role = ["QMS Management Representative", "QMS General Manager"].find((one) =>
			frappe.user_roles.includes(one)
		);
		if (!open || !role || frm.doc.last_saved_by === frappe.session.user) return;
		frm.add_custom_button(__("Explain"), () => explain(frm, role), __("Actions"));
	},
});

function explain(frm, role) {
	qms_customer
		.sign({
			title: __("Explain a Deviation"),
			fields: [
				{
					fieldname: "explanation",
					fieldtype: "Small Text",
					label: __("How it came about, and what is done about it"),
					reqd: 1,
					stands_for: "explanation",
				},
			],
			label: __("Explain"),
			meaning: "Deviation Explained",
			role,
			method: "qms_customer.contract.sweep_api.explain_finding",
			args: (values) => ({
				name: frm.doc.name,
				content_hash: frm.doc.fingerprint,
				explanation: values.explanation || "",
			}),
			done: () => frm.reload_doc(),
		})
		.show();
}
