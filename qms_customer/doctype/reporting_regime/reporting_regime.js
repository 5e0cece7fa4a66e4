frappe.ui.form.on("Reporting Regime", {
	async refresh(frm) {
		if (!frappe.all_timezones) {
			const { timezones } = await frappe.xcall("frappe.core.doctype.user.user.get_timezones");
			frappe.all_timezones = timezones;
		}
		frm.fields_dict.time_zone.set_data(frappe.all_timezones);
	},
});
