"""Triggers: read a request, call one service method, write the answer. No rules here."""
