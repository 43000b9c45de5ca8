"""The public register: what everybody may know of projects, datasets and releases."""
