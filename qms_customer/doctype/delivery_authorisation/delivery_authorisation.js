frappe.ui.form.on("Delivery Authorisation", {
	refresh(frm) {
		frm.qms_panel = null;
		qms_customer.show_panel(
			frm,
			"goods_panel",
			"get_authorisation_panel",
			{ name: frm.doc.name },
			(panel) => {
				frm.qms_panel = panel;
				qms_customer.headline(frm, panel.standing, panel.colour);
				const by_workflow = ["QMS Business Manager", "QMS Sales VP", "QMS General Manager"].some((role) =>
					frappe.user_roles.includes(role)
				);
				if (panel.may_decide && !by_workflow) {
					frm.add_custom_button(__("Authorise"), () => decide(frm, "Approved"), __("Actions"));
					frm.add_custom_button(__("Refuse"), () => decide(frm, "Rejected"), __("Actions"));
				}
			}
		);
	},
	before_workflow_action(frm) {
		return qms_customer.instead_of_workflow(frm, {
			Authorise: () => decide(frm, "Approved"),
			Refuse: () => decide(frm, "Rejected"),
		});
	},
});

function decide(frm, decision) {
	const panel = frm.qms_panel;
	if (!panel) return;
	qms_customer.ask(
		__("Decide Delivery Authorisation"),
		[
			{
				fieldname: "comment",
				fieldtype: "Small Text",
				label: __("Comment", null, "Contract Review"),
				reqd: decision === "Rejected" ? 1 : 0,
			},
		],
		__("Sign"),
		(values) =>
			qms_customer
				.api("decide_authorisation", {
					name: frm.doc.name,
					decision,
					content_hash: panel.hash,
					comment: values.comment || "",
				})
				.then(() => frm.reload_doc())
	);
}
