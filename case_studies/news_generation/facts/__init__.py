"""A check of facts that gets a text and a record, and knows nothing of the grammar."""
