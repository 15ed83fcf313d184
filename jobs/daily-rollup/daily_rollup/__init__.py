"""Adds up one day of flight departures by airport and airline: one partition of CSV in S3 in, one CSV object out."""
