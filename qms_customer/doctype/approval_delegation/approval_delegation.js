frappe.ui.form.on("Approval Delegation", {
	setup(frm) {
		// L2: what a manager can lend is what the manager holds.
		frm.set_query("role", () => ({
			filters: {
				name: [
					"in",
					[
						"QMS Business Manager",
						"QMS Sales VP",
						"QMS General Manager",
						"QMS Management Representative",
					].filter((role) => frappe.user_roles.includes(role)),
				],
			},
		}));
		frm.set_query("delegate", () => ({
			filters: { enabled: 1, user_type: "System User", name: ["!=", frappe.session.user] },
		}));
	},
});
