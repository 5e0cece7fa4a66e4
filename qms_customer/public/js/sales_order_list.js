frappe.listview_settings["Sales Order"] = frappe.listview_settings["Sales Order"] || {};
(() => {
	const settings = frappe.listview_settings["Sales Order"];
	settings.add_fields = [...new Set([...(settings.add_fields || []), "qms_review_status", "qms_contract_class"])];
})();
