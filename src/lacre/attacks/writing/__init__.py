"""Changing what the image brought, or leaving something behind."""
