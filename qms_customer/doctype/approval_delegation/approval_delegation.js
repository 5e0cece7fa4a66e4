frappe.ui.form.on("Approval Delegation", {
	setup(frm) {
		frm.set_query("delegate", () => ({
			filters: { enabled: 1, user_type: "System User", name: ["!=", frappe.session.user] },
		}));
	},
	refresh(frm) {
		sign_instead(frm);
		// L2: what a manager can lend is what the manager holds.
		if (frm.doc.docstatus !== 0) return;
		const roles = [
			"QMS Business Manager",
			"QMS Sales VP",
			"QMS General Manager",
			"QMS Management Representative",
		].filter((role) => frappe.user_roles.includes(role));
		frm.set_df_property("role", "options", [
			{ value: "", label: "" },
			...roles.map((role) => ({ value: role, label: __(role) })),
		]);
	},
});

// K3: submitted and taken back with a signature, which replaces the question of the Desk.
function sign_instead(frm) {
	const text = (words) => [{ fieldtype: "HTML", options: `<p>${words}</p>` }];
	const delegate = () => frappe.utils.escape_html(frappe.user.full_name(frm.doc.delegate));
	const period = () => [frm.doc.from_date, frm.doc.to_date].map((day) => frappe.datetime.str_to_user(day));
	const done = () => frm.reload_doc();
	frm.savesubmit = () =>
		qms_customer
			.sign({
				title: __("Sign the Delegation"),
				fields: text(
					__("{0} signs as {1} for you, from {2} to {3}.", [delegate(), __(frm.doc.role), ...period()])
				),
				meaning: "Delegated",
				role: frm.doc.role,
				method: "qms_customer.records.api.save_signed",
				args: () => ({ doc: frm.doc, submit: 1 }),
				done,
			})
			.show();
	const own = frappe.session.user === frm.doc.delegator;
	frm.savecancel = () =>
		qms_customer
			.sign({
				title: __("Take Back"),
				fields: text(__("{0} does not sign as {1} for you any more.", [delegate(), __(frm.doc.role)])),
				label: __("Take Back"),
				meaning: "Taken Back",
				role: own ? frm.doc.role : "System Manager",
				method: "qms_customer.records.api.cancel_signed",
				args: () => ({ doctype: frm.doctype, name: frm.doc.name }),
				done,
			})
			.show();
}
