"""The same kernels on logs larger than memory: piece by piece on one machine, or on Spark."""
