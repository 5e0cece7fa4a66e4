// A sweep: how far it is, and the way to what it found.
frappe.ui.form.on("Contract Sweep", {
	refresh(frm) {
		const text = frm.doc.status === "Running" ? __("The sweep is under way.") : __("The sweep is finished.");
		const colour = frm.doc.status === "Running" ? "blue" : frm.doc.open_findings ? "red" : "green";
		qms_customer.headline(frm, text, colour);
		frm.add_custom_button(__("Open Findings"), () =>
			frappe.set_route("List", "Contract Sweep Finding", { status: "Open" })
		);
	},
});
