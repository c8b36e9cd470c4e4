"""Double random draws (双随机): frozen directories, a commitment before the public value, a result that anybody can recompute."""
