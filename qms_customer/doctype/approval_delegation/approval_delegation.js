frappe.ui.form.on("Approval Delegation", {
	setup(frm) {
		frm.set_query("delegate", () => ({
			filters: { enabled: 1, user_type: "System User", name: ["!=", frappe.session.user] },
		}));
	},
	refresh(frm) {
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
