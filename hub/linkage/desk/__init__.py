"""The desk of clerical review: pages in the linker's zone, where what identifies people is shown to two reviewers.

Three processes have a part. *Inside* is in the linker's sandbox, reads the queue's sealed files and answers browsers;
it has no network, no database and no token. The *door*, outside, keeps the database and asks the hub who somebody is;
it never sees what identifies anybody. The airlock's service takes no part at all.
"""
