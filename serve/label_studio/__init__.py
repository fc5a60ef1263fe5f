"""Label Studio's side of the service: its ML backend protocol, so that annotators see what the model says.

tasks     tasks in
shapes    bodies, for the contract
"""
