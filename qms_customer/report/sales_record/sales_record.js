// Sales Record QP07-02: what came back is red. A batch or a serial number is followed whatever the period.
frappe.query_reports["Sales Record"] = {
	filters: [
		{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
		{
			fieldname: "from_date",
			label: __("From Date"),
			fieldtype: "Date",
			default: frappe.datetime.add_months(frappe.datetime.get_today(), -12),
			depends_on: "eval:!doc.batch_no && !doc.serial_no",
		},
		{
			fieldname: "to_date",
			label: __("To Date", null, "Contract Register Entry"),
			fieldtype: "Date",
			default: frappe.datetime.get_today(),
			depends_on: "eval:!doc.batch_no && !doc.serial_no",
		},
		{ fieldname: "customer", label: __("Customer"), fieldtype: "Link", options: "Customer" },
		{ fieldname: "item_code", label: __("Item"), fieldtype: "Link", options: "Item" },
		{ fieldname: "batch_no", label: __("Batch", null, "Sales Record"), fieldtype: "Link", options: "Batch" },
		{ fieldname: "serial_no", label: __("Serial Number", null, "Sales Record"), fieldtype: "Data" },
		{ fieldname: "contract", label: __("Contract", null, "Contract Review"), fieldtype: "Link", options: "Sales Order" },
	],
	onload: (report) => {
		report.page.add_inner_button(__("Print as Form"), () =>
			open_url_post(
				"/api/method/qms_customer.contract.customer_api.sales_record_pdf",
				{ filters: JSON.stringify(report.get_filter_values()) },
				true
			)
		);
	},
	formatter: (value, row, column, data, default_formatter) => {
		const text = default_formatter(value, row, column, data);
		const back = data && data.is_return && ["kind", "qty"].includes(column.fieldname);
		return back ? `<span class="text-danger">${text}</span>` : text;
	},
};
