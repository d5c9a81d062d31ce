"""What an analyst looks at in a notebook: an overview of a log, and a process map that answers."""
