"""The demonstration: real microdata, two data owners, a project to attack and one to work in."""
