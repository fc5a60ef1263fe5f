"""What may be wrong with labelled stories: twins, leaks, and labels that stand out.

twins       near-duplicates, and which of them leak from one split into another
opinions    what a model that never saw a story makes of it: out-of-fold, or a bundle on dev
suspicions  labels that such an opinion speaks against (confident learning)
report      all of it together, as an object and as a page
"""
