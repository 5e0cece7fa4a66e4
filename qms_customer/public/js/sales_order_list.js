// A draft shows in the list where its review stands: "Draft" says the same of all of them.
frappe.listview_settings["Sales Order"] = frappe.listview_settings["Sales Order"] || {};
(() => {
	const settings = frappe.listview_settings["Sales Order"];
	settings.add_fields = [...new Set([...(settings.add_fields || []), "qms_review_status", "qms_contract_class"])];
	const plain = settings.get_indicator;
	const colours = { Approved: "green", Rejected: "red", "Out of Date": "red", Withdrawn: "red" };
	settings.get_indicator = (doc) => {
		const status = doc.qms_review_status;
		if (doc.docstatus !== 0) return plain && plain(doc);
		// Without this the list would ask ERPNext, which speaks only of submitted orders.
		if (!status) return [__("Draft"), "red", "docstatus,=,0"];
		return [__(status), colours[status] || "orange", `docstatus,=,0|qms_review_status,=,${status}`];
	};
	settings.has_indicator_for_draft = true;
})();

qms_customer.adopt_from_list("Sales Order");
