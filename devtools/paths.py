"""Where things lie; all that `./dev` makes is in the checkout's `.venv`, `.local` and `out`."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCAL = ROOT / ".local"
LOGS = LOCAL / "logs"
OUT = ROOT / "out"
AZURITE = LOCAL / "azurite"
AZURITE_TABLE = AZURITE / "node_modules" / "azurite" / "dist" / "src" / "table" / "main.js"
NODE = LOCAL / "node"
WORKER = LOCAL / "worker"
EMULATOR = ROOT / "emulator"
TOPOLOGY = EMULATOR / "topologies" / "lab.json"


def shown(path: Path) -> str:
    """The path as a person in the checkout would type it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
