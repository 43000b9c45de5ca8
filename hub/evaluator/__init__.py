"""Evaluations run in a process of their own, inside a sandbox: they read what researchers wrote.

The airlock hands over a *job* on standard input (query, policies, sources, history) and reads an evaluation from
standard output. The process sees the project's extracts, read-only, and nothing else.
"""
