"""The checks: one file each, in a folder for each section of the CIS Docker Benchmark."""
