"""What the packs' rules say of a close: whom they weigh, on what grounds, on which track, and what comes of it as files."""
