"""Looking into other processes and reaching other machines."""
