"""Process models and how far cases keep to them."""
