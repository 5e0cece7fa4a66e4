// Customer Register: the qualification in its colour; the name leads to the customer file.
frappe.query_reports["Customer Register"] = {
	filters: [
		{ fieldname: "company", label: __("Company"), fieldtype: "Link", options: "Company" },
		{ fieldname: "customer", label: __("Customer"), fieldtype: "Link", options: "Customer" },
		{
			fieldname: "buyer_kind",
			label: __("Kind of Buyer", null, "Customer"),
			fieldtype: "Select",
			options: [
				{ value: "", label: "" },
				{ value: "Distributor", label: __("Distributor", null, "Customer") },
				{ value: "Agent", label: __("Agent", null, "Customer") },
				{ value: "Hospital", label: __("Hospital", null, "Customer") },
				{ value: "Clinic", label: __("Clinic", null, "Customer") },
				{ value: "Other Buyer", label: __("Other Buyer", null, "Customer") },
			],
		},
		{
			fieldname: "standing",
			label: __("Qualification", null, "Customer"),
			fieldtype: "Select",
			options: [
				{ value: "", label: "" },
				{ value: "Licence Expired", label: __("Licence Expired") },
				{ value: "Licence Missing", label: __("Licence Missing") },
				{ value: "About to Expire", label: __("About to Expire") },
				{ value: "Qualification Unknown", label: __("Qualification Unknown") },
				{ value: "Licence Valid", label: __("Licence Valid") },
				{ value: "None Needed", label: __("None Needed") },
			],
		},
		{ fieldname: "customer_group", label: __("Customer Group"), fieldtype: "Link", options: "Customer Group" },
		{ fieldname: "territory", label: __("Territory"), fieldtype: "Link", options: "Territory" },
		{ fieldname: "disabled", label: __("Disabled Ones Too"), fieldtype: "Check" },
	],
	onload: (report) => {
		report.page.add_inner_button(__("Print as Form"), () =>
			open_url_post(
				"/api/method/qms_customer.contract.customer_api.customer_register_pdf",
				{ filters: JSON.stringify(report.get_filter_values()) },
				true
			)
		);
	},
	formatter: (value, row, column, data, default_formatter) => {
		const text = default_formatter(value, row, column, data);
		if (!data) return text;
		if (column.fieldname === "standing") {
			return `<span class="indicator-pill no-indicator-dot ${data.colour}">${text}</span>`;
		}
		if (column.fieldname === "customer_name") {
			const href = `/app/customer-file/${encodeURIComponent(data.customer)}`;
			return `<a href="${href}">${text}</a>`;
		}
		return text;
	},
};
