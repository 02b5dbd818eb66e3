"""Development only: an emulated Azure on loopback, never deployed, importing nothing of ours."""
