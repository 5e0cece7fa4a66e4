// Contract Register 合同登记表, and its page on paper.
frappe.query_reports["Contract Register"] = {
	filters: [
		{
			fieldname: "from_date",
			label: __("From Date"),
			fieldtype: "Date",
			default: frappe.datetime.add_months(frappe.datetime.get_today(), -12),
			reqd: 1,
		},
		{
			fieldname: "to_date",
			label: __("To Date", null, "Contract Register Entry"),
			fieldtype: "Date",
			default: frappe.datetime.get_today(),
			reqd: 1,
		},
		{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
		{ fieldname: "customer", label: __("Customer"), fieldtype: "Link", options: "Customer" },
		{
			fieldname: "state",
			label: __("State", null, "Contract Register Entry"),
			fieldtype: "Select",
			options: qms_register_options([
				"Received",
				"Under Review",
				"Approved",
				"Signed",
				"Released",
				"In Production",
				"Partly Delivered",
				"Delivered",
				"Partly Paid",
				"Paid",
				"Closed",
				"Cancelled",
			]),
		},
		{
			fieldname: "contract_class",
			label: __("Class", null, "Contract Review"),
			fieldtype: "Select",
			options: qms_register_options(["Routine", "Non-routine"], "Contract Review"),
		},
		{
			fieldname: "kind",
			label: __("Kind of Contract", null, "Contract Register Entry"),
			fieldtype: "Select",
			options: qms_register_options(["Formal", "Provisional"]),
		},
	],
	onload(report) {
		report.page.add_inner_button(__("Print Register Page"), () => {
			const filters = encodeURIComponent(JSON.stringify(report.get_values()));
			window.open(
				`/api/method/qms_customer.contract.register_api.print_page?filters=${filters}`,
				"_blank"
			);
		});
	},
};

function qms_register_options(words, context = "Contract Register Entry") {
	return [
		{ value: "", label: "" },
		...words.map((value) => ({ value, label: __(value, null, context) })),
	];
}
