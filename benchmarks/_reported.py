"""Reports drills from Table storage and tells, as JSON, what that cost; a process of its own.

python -m benchmarks._reported <connection> <prefix of the tables> <id> <id> ...
"""

import json
import resource
import sys
import time

from benchmarks._stored import OnTables
from shared.adapters.drill_table import DrillTable
from shared.adapters.timeline_table import TimelineTable
from shared.render.wire import to_wire
from shared.reports import Reports


def main() -> None:
    """Report every drill, as the route does for JSON."""
    connection, prefix, *drill_ids = sys.argv[1:]
    tables = OnTables(connection, prefix)
    reports = Reports(DrillTable(tables), TimelineTable(tables))
    began, cpu = time.perf_counter(), time.process_time()
    told = [json.dumps(to_wire(reports.report(drill_id))) for drill_id in drill_ids]
    spent = {
        "cpu": time.process_time() - cpu,
        "seconds": time.perf_counter() - began,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024,
        "samples": sum(json.loads(text)["samples"]["count"] for text in told),
        "milestones": sum(len(json.loads(text)["milestones"]) for text in told),
        "missing": sum(len(json.loads(text)["notReached"]) for text in told),
    }
    print(json.dumps(spent))


if __name__ == "__main__":
    main()
