// Promised against Actual Delivery: the lines promised in a period, or their sums.
(() => {
	const choice = (values, context) => [
		{ value: "", label: "" },
		...values.map((value) => ({ value, label: __(value, null, context || null) })),
	];
	frappe.query_reports["Promised against Actual Delivery"] = {
		filters: [
			{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
			{
				fieldname: "from_date",
				label: __("Promised From"),
				fieldtype: "Date",
				default: frappe.datetime.add_months(frappe.datetime.get_today(), -6),
				reqd: 1,
			},
			{
				fieldname: "to_date",
				label: __("Promised Until"),
				fieldtype: "Date",
				default: frappe.datetime.add_months(frappe.datetime.get_today(), 1),
				reqd: 1,
			},
			{ fieldname: "customer", label: __("Customer"), fieldtype: "Link", options: "Customer" },
			{ fieldname: "item_code", label: __("Item"), fieldtype: "Link", options: "Item" },
			{
				fieldname: "standing",
				label: __("Status"),
				fieldtype: "Select",
				options: choice(["On Time", "Late", "Overdue", "Not Due Yet", "Closed"]),
			},
			{
				fieldname: "group_by",
				label: __("Sums By"),
				fieldtype: "Select",
				options: choice(["Customer", "Item", "Month"]),
			},
		],
		formatter: (value, row, column, data, default_formatter) => {
			const text = default_formatter(value, row, column, data);
			const late = ["days", "days_first", "late", "overdue"].includes(column.fieldname) && value > 0;
			return late ? `<span class="text-danger">${text}</span>` : text;
		},
	};
})();
