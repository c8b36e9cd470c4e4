"""What makes being somewhere innocent: stations, public places, announced events, and each person's ordinary places as opaque keys."""
