// Feedback from a document in which something was heard (H1, F6).
for (const doctype of ["Issue", "Warranty Claim", "Maintenance Visit", "Return Slip", "Communication"]) {
	frappe.ui.form.on(doctype, {
		refresh(frm) {
			if (["Customer Feedback", "Customer Complaint"].includes(frm.doc.reference_doctype)) return;
			if (frm.is_new() || !frappe.model.can_create("Customer Feedback")) return;
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
