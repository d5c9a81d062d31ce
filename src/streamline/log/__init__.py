"""Records in: the event log, the contact log, their readers, and what is wrong with the records."""
