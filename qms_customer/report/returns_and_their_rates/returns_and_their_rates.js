// Returns and Their Rates: what comes back, against what was delivered in the same period.
frappe.query_reports["Returns and Their Rates"] = {
	filters: [
		{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
		{
			fieldname: "from_date",
			label: __("Counted From"),
			fieldtype: "Date",
			default: frappe.datetime.add_months(frappe.datetime.get_today(), -12),
			reqd: 1,
		},
		{
			fieldname: "to_date",
			label: __("Counted Until"),
			fieldtype: "Date",
			default: frappe.datetime.get_today(),
			reqd: 1,
		},
		{
			fieldname: "group_by",
			label: __("Sums By"),
			fieldtype: "Select",
			options: ["Item", "Batch", "Customer", "Reason"].map((value) => ({ value, label: __(value) })),
			default: "Item",
			reqd: 1,
		},
		{ fieldname: "customer", label: __("Customer"), fieldtype: "Link", options: "Customer" },
		{ fieldname: "item_code", label: __("Item"), fieldtype: "Link", options: "Item" },
		{ fieldname: "reason_code", label: __("Reason"), fieldtype: "Link", options: "Return Reason" },
		{ fieldname: "batch_no", label: __("Batch No"), fieldtype: "Link", options: "Batch" },
	],
};
