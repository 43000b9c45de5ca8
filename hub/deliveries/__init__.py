"""On a cluster, projects' extracts lie on their claims, where rooms read them; here they are put there, and taken away.

The airlock alone has the keys. `delivering` opens what a project has, as for a room on one machine, and gives it to a
pod that mounts the claim; `settling` is what the pod does. What is on a claim is never taken for what was provisioned:
evaluations are given theirs from the sealed extracts.
"""
