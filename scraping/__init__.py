"""A machine: definitions and SKUs in, logs and results out. It never hears of products."""
