"""Where and why cases wait: what enabled each step, bottlenecks, causes, batches, queues, changes over time."""
