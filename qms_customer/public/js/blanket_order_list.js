qms_customer.adopt_from_list("Blanket Order");
