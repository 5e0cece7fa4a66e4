// Contract Changes by Customer and Reason: a row for each, over a period.
frappe.query_reports["Contract Changes by Customer and Reason"] = {
	filters: [
		{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
		{
			fieldname: "from_date",
			label: __("Made From"),
			fieldtype: "Date",
			default: frappe.datetime.add_months(frappe.datetime.get_today(), -12),
			reqd: 1,
		},
		{
			fieldname: "to_date",
			label: __("Made Until"),
			fieldtype: "Date",
			default: frappe.datetime.get_today(),
			reqd: 1,
		},
		{ fieldname: "customer", label: __("Customer"), fieldtype: "Link", options: "Customer" },
		{
			fieldname: "reason_category",
			label: __("Reason Category", null, "Contract Change Notice"),
			fieldtype: "Select",
			options: [
				{ value: "", label: "" },
				...["Customer's Requirement", "Delivery Date", "Quantity", "Price or Payment", "Technical", "Material or Capacity", "Error in the Contract", "Other"].map((value) => ({ value, label: __(value, null, "Contract Change Notice") })),
			],
		},
		{
			fieldname: "kind",
			label: __("Kind of Change", null, "Contract Change Notice"),
			fieldtype: "Select",
			options: [
				{ value: "", label: "" },
				...["Change", "Cancel", "Close", "Re-open"].map((value) => ({
					value,
					label: __(value, null, "Contract Change Notice"),
				})),
			],
		},
		{
			fieldname: "asked_by",
			label: __("Asked By", null, "Contract Change Notice"),
			fieldtype: "Select",
			options: [
				{ value: "", label: "" },
				...["Customer", "Company"].map((value) => ({
					value,
					label: __(value, null, "Contract Change Notice"),
				})),
			],
		},
	],
};
