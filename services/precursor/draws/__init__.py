"""Double random draws (双随机): frozen directories, a commitment before the public value, and a result that everybody can recompute."""
