frappe.ui.form.on("Change Acknowledgement", {
	refresh(frm) {
		frm.qms_panel = null;
		const { name } = frm.doc;
		const method = "qms_customer.contract.distribution_api.get_acknowledgement_panel";
		frm.qms_loading = qms_customer.call(method, { name }, false, "GET").then((panel) => {
			if (frm.doc.name !== name) return;
			frm.qms_panel = panel;
			frm.get_field("acknowledgement_panel").$wrapper.html(panel.html);
			qms_customer.headline(frm, panel.standing, panel.colour);
			// The workflow offers it to the departments of the routing table as it is today.
			if (panel.may_acknowledge && !panel.by_workflow) {
				frm.add_custom_button(__("Acknowledge"), () => acknowledge(frm));
			}
		});
	},
	before_workflow_action(frm) {
		return qms_customer.instead_of_workflow(frm, { Acknowledge: () => acknowledge(frm) });
	},
});

function acknowledge(frm) {
	const panel = frm.qms_panel;
	if (!panel) return;
	const department = qms_customer.term(frm.doc.department, "Review Department");
	const text = __("{0} knows of this change and works by it from now on.", [frappe.utils.escape_html(department)]);
	qms_customer
		.sign({
			title: __("Acknowledge the Change"),
			fields: [
				{ fieldtype: "HTML", options: `<p>${text}</p>` },
				{
					fieldname: "comment",
					fieldtype: "Small Text",
					label: __("Comment", null, "Contract Review"),
					reqd: 1,
					slash: 1,
					stands_for: "comment",
				},
			],
			label: __("Acknowledge"),
			meaning: "Change Acknowledged",
			role: frm.doc.department_role,
			method: "qms_customer.contract.distribution_api.acknowledge",
			args: (values) => ({
				name: frm.doc.name,
				content_hash: panel.hash,
				comment: values.comment || "",
			}),
			done: () => frm.reload_doc(),
		})
		.show();
}
