"""The parts of what a job becomes, with stand-ins for what only a deployment knows: one module a kind of place."""
