// Contract Review Cycle Times: the last row sums and averages the others.
frappe.query_reports["Contract Review Cycle Times"] = {
	filters: [
		{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
		{
			fieldname: "from_date",
			label: __("Decided From"),
			fieldtype: "Date",
			default: frappe.datetime.add_months(frappe.datetime.get_today(), -12),
			reqd: 1,
		},
		{
			fieldname: "to_date",
			label: __("Decided Until"),
			fieldtype: "Date",
			default: frappe.datetime.get_today(),
			reqd: 1,
		},
		{
			fieldname: "contract_class",
			label: __("Class", null, "Contract Review"),
			fieldtype: "Select",
			options: [
				{ value: "", label: "" },
				{ value: "Routine", label: __("Routine", null, "Contract Review") },
				{ value: "Non-routine", label: __("Non-routine", null, "Contract Review") },
			],
		},
		{ fieldname: "department", label: __("Department"), fieldtype: "Select", options: [""] },
		{ fieldname: "customer", label: __("Customer"), fieldtype: "Link", options: "Customer" },
		{ fieldname: "item_code", label: __("Item"), fieldtype: "Link", options: "Item" },
	],
	onload: (report) => {
		// The departments of the routing table.
		frappe.model.with_doc("QMS Customer Settings").then(({ departments }) => {
			const filter = report.get_filter("department");
			filter.df.options = [
				{ value: "", label: "" },
				...departments.map(({ department }) => ({
					value: department,
					label: qms_customer.term(department, "Review Department"),
				})),
			];
			filter.refresh();
		});
	},
	formatter: (value, row, column, data, default_formatter) => {
		const text = default_formatter(value, row, column, data);
		return data && data.is_total ? `<b>${text}</b>` : text;
	},
};
