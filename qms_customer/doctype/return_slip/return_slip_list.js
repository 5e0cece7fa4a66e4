frappe.listview_settings["Return Slip"] = {
	// The customer calls, and has the label at hand.
	onload(listview) {
		if (!frappe.model.can_create("Return Slip")) return;
		listview.page.add_inner_button(__("Scan"), () =>
			qms_customer.ask(
				__("Scan"),
				[{ fieldname: "code", fieldtype: "Data", label: __("Serial Number, Batch or Barcode"), reqd: 1 }],
				__("Return Slip"),
				({ code }) => qms_customer.returns.make_from_code(code)
			)
		);
	},
};
