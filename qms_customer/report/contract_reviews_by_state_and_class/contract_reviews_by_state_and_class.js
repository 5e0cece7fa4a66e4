// Contract Reviews by State and Class: those started in a period; without dates all of them.
frappe.query_reports["Contract Reviews by State and Class"] = {
	filters: [
		{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
		{ fieldname: "from_date", label: __("Started From"), fieldtype: "Date" },
		{ fieldname: "to_date", label: __("Started Until"), fieldtype: "Date" },
	],
};
