"""回执: the sender's answer to a delivery, one workbook a file, that goes back to the department as it is.

It says what was accepted, refused and quarantined, and why; it carries the delivered sheets with the cells in
question marked, so that the department mends them in place and delivers the same workbook again.
"""
