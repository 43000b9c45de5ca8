"""The HTTP API: everything the pages do, for programs that hold a token of their own person.

It decides nothing. Each call reads what was sent, asks the domain's service, and answers with a typed document.
"""
