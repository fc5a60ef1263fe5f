"""Labelled stories in and out of other people's files: CSV, JSONL, Label Studio.

files        import and export: which format a name stands for, what came of a file
table        CSV
annotations  what annotators said in Label Studio
tasks        stories as Label Studio's tasks
marked       where words that an annotator marked stand in a story
whole_file   a file that appears only when it is whole
"""
