"""What a change of the stacks' files means, for the person who reviews it: pure, from two loaded stacks to a report.

A report is data (`review.report`), made from two stacks by `review.compare`. `review.outline` says it in headings,
tables and lists, which `review.markdown` and `review.text` write down; `review.as_json` writes the data itself.
"""
