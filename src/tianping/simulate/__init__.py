"""A made-up market with known causes: `market.write` for any size, `demo.write` for the one that `tianping demo` shows.

The way of the data: plan (days, chunks) → world (shops, products, faults) → per chunk: orders → parcels as planned → cases
→ endings (refunds stop parcels) → reviews, chats, content. A new table or fault draws from a stream of its own.
"""
