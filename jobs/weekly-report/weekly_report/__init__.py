"""Adds a week of flight departures up and publishes a report of it: one image, of which each step runs a part."""
