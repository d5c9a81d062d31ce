"""Whether the service standard is kept, how cases end, and which open cases are at risk."""
