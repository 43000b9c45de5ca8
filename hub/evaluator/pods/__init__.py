"""Tasks in pods of a cluster: `place` starts and ends them, `inside` is what runs there, `handing` what goes between.

A pod is made of the chart's template, has no network, no token and no claim, and is told everything over its standard
input. What it answers is sealed under a key of that one task, because nodes write the output of pods to their disks.
"""
