"""Fixtures of the adapters' tests."""

from tests.support.azurite import table, unreachable_table

__all__ = ["table", "unreachable_table"]
