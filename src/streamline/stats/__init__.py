"""Statistics over plain arrays; they know nothing of logs."""
