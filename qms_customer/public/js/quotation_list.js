qms_customer.adopt_from_list("Quotation");
