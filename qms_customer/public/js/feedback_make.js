// Feedback from a document in which something was heard (H1, F6).
for (const doctype of ["Issue", "Warranty Claim", "Maintenance Visit", "Return Slip", "Communication"]) {
	frappe.ui.form.on(doctype, {
		refresh(frm) {
			if (["Customer Feedback", "Customer Complaint"].includes(frm.doc.reference_doctype)) return;
			if (frm.is_new() || !frappe.model.can_create("Customer Feedback")) return;
			// F6: what a visit is about was recorded with its submission.
			if (frm.doc.docstatus === 1 && frm.doc.qms_is_complaint === "Yes") {
				frm.add_custom_button(
					__("Feedback"),
					() => frappe.set_route("List", "Customer Feedback", { origin_name: frm.doc.name }),
					__("View")
				);
				return;
			}
			frm.add_custom_button(
				__("Feedback"),
				() =>
					qms_customer
						.api("qms_customer.feedback.feedback_api.make_from", { doctype, name: frm.doc.name })
						.then((feedback) => {
							frappe.model.sync([feedback]);
							frappe.set_route("Form", feedback.doctype, feedback.name);
						}),
				__("Create")
			);
		},
	});
}
