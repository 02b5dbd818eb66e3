"""Fixtures of the adapters' tests."""

from tests.support.azurite import table as table
