"""Money at the desk: postings in the ledger, what a shop can bear, and payments on their way to a gateway."""
