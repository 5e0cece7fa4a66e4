qms_customer.show_terms("Return Slip");

frappe.listview_settings["Return Slip"] = {
	onload(listview) {
		qms_customer.no_bulk_workflow(listview);
		// The customer calls, and has the label at hand.
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
