"""An airlock whose projects may install different packages."""

from __future__ import annotations

from tests.support.packages_server import packages as packages
from tests.support.packages_server import shared as shared
