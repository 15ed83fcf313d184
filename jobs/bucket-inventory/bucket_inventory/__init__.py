"""Counts what a bucket holds, by prefix, storage class and age: a CSV and a JSON summary for a bucket of any size."""
