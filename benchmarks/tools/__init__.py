"""The tools that are compared: one module each, with `load`, `answer`, `from_file` and, where it reads XES, `load_xes`."""
