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
	const approving = decision === "Approved";
	qms_customer
		.sign({
			title: __("Decide Delivery Authorisation"),
			fields: [
				{
					fieldname: "comment",
					fieldtype: "Small Text",
					label: __("Comment", null, "Contract Review"),
					reqd: 1,
					slash: approving ? 1 : 0,
					stands_for: "decision_comment",
				},
			],
			label: approving ? __("Authorise") : __("Refuse"),
			meaning: approving ? "Authorised" : "Refused",
			role: panel.role,
			acting_for: panel.acting_for,
			method: "qms_customer.contract.api.decide_authorisation",
			args: (values) => ({
				name: frm.doc.name,
				decision,
				content_hash: panel.hash,
				comment: values.comment || "",
			}),
			done: () => frm.reload_doc(),
		})
		.show();
}
