"""Bad input, by thousands of requests to the example project: `make fuzz`."""
