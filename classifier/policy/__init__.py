"""The site's policy as data, and the one place that turns findings into a decision."""

from classifier.policy.decide import Decision, Finding, decide, draft_message
from classifier.policy.document import Policy, load_policy
from classifier.policy.page import render_policy

__all__ = ["Decision", "Finding", "Policy", "decide", "draft_message", "load_policy", "render_policy"]
