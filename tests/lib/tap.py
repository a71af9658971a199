"""Reads what a program printed as TAP and says what it proves.

In:  the program's output and exit status.  Out: a Result; nothing here does any I/O.
A program proves nothing by silence: no test point, a broken plan or a bad exit status without a
"not ok" is itself one failure.
"""

import re
from dataclasses import dataclass, field

PLAN = re.compile(r'^1\.\.(\d+)\s*(?:#\s*skip\S*\s*(.*))?$', re.IGNORECASE)
POINT = re.compile(r'^(not )?ok\b\s*\d*\s*(?:-\s*)?([^#]*)(?:#\s*skip\S*\s*(.*))?', re.IGNORECASE)


@dataclass
class Result:
    passed: int = 0
    failed: int = 0
    skipped: list = field(default_factory=list)  # one "name: reason" a skipped test
    complaints: list = field(default_factory=list)  # why this is a failure, one line each

    def fail(self, why):
        self.failed += 1
        self.complaints.append(why)


def read_tap(text, status, timed_out_after_s=None):
    result = Result()
    planned = None
    seen = 0
    for line in text.splitlines():
        plan = PLAN.match(line)
        if plan:
            planned = int(plan.group(1))
            if planned == 0:
                result.skipped.append(plan.group(2) or 'no reason given')
            continue
        if line.startswith('Bail out!'):
            result.fail(line)
            continue
        point = POINT.match(line)
        if not point:
            continue
        seen += 1
        name = point.group(2).strip()
        if point.group(1):
            result.fail(f'not ok: {name}')
        elif point.group(3) is not None:
            result.skipped.append(f'{name}: {point.group(3).strip()}')
        else:
            result.passed += 1
    if timed_out_after_s is not None:
        result.fail(f'stopped after its limit of {timed_out_after_s} s')
    elif status != 0 and not result.failed:
        result.fail(describe_status(status))
    if planned is None and not seen:
        result.failed or result.fail('printed no test at all')
    elif planned is not None and planned != seen and not result.failed:
        result.fail(f'planned {planned} tests, ran {seen}')
    return result


def read_status(name, status, timed_out_after_s=None):
    """For programs that do not speak TAP: one test, passed when it exits 0."""
    result = Result()
    if timed_out_after_s is not None:
        result.fail(f'stopped after its limit of {timed_out_after_s} s')
    elif status != 0:
        result.fail(describe_status(status))
    else:
        result.passed = 1
    return result


def describe_status(status):
    return f'killed by signal {-status}' if status < 0 else f'exit status {status}'
