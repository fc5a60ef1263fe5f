"""Which unlabelled stories to label next.

views      what model and cue net say of a story, and what makes it worth a label
choice     how many of each kind, nothing twice, spread over what they talk about
files      from a file of stories to a file of those chosen, as JSONL or as Label Studio's tasks
"""
