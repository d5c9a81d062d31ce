"""One file a question: an event log goes in, a result comes out."""
