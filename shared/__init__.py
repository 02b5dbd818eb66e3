"""Switchback's rules (core), services, adapters and their wiring; nothing of the Functions host."""
