// A return slip of what a complaint is about (G1, H5).
frappe.ui.form.on("Customer Complaint", {
	refresh(frm) {
		const may = ["QMS Service", "QMS Quality"].some((role) => frappe.user_roles.includes(role));
		if (frm.is_new() || frm.doc.workflow_state === "Complaint Closed" || !may) return;
		frm.add_custom_button(
			__("Return Slip"),
			() =>
				qms_customer
					.api("qms_customer.feedback.complaint_api.make_return_slip", { name: frm.doc.name })
					.then(qms_customer.returns.open),
			__("Create")
		);
	},
});
