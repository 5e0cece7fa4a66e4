// Complaint Trends: complaints and their rates, each group beside what it is compared with.
frappe.query_reports["Complaint Trends"] = {
	filters: [
		{
			fieldname: "group_by",
			label: __("Sums By"),
			fieldtype: "Select",
			options: ["Product", "Batch", "Cause", "Customer"].map((value) => ({
				value,
				label: __(value, null, "Complaint Signal"),
			})),
			default: "Product",
			reqd: 1,
		},
		{
			fieldname: "to_date",
			label: __("Window Until"),
			fieldtype: "Date",
			default: frappe.datetime.get_today(),
			reqd: 1,
		},
	],
};
