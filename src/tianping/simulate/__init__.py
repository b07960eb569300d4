"""A made-up market with known causes: `market.write` for any size, `demo.write` for the one that `tianping demo` shows.

The way of the data: plan (days, festival, chunks) → world (shops, products, staff, faults) → per chunk: orders → parcels as
planned → cases → endings (refunds stop parcels) → talks (who served whom before the order) → files: reviews, complaints,
chats, content. A new table draws from a stream of its own. `families` and `troubles` hold what is stated: docs/market.md.
"""
