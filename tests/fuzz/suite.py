"""tests/run fuzz [--runs N] [--seed S]: each fuzzer over its corpus and N fresh inputs, sanitized."""

import argparse
import glob
import os

from tests.lib.harness import BUILD, TOP, Program

TIME_LIMIT_S = 25  # a fuzzer that is slow here runs fewer inputs than asked


def parse(options):
    parser = argparse.ArgumentParser(prog='tests/run fuzz')
    parser.add_argument('--runs', type=int, default=50000)
    parser.add_argument('--seed', type=int, default=1)
    return parser.parse_args(options)


def programs(build, options):
    asked = parse(options)
    folder = os.path.join(build('sanitized'), 'tests', 'fuzz')
    findings = os.path.join(BUILD, 'fuzz-findings')
    os.makedirs(findings, exist_ok=True)
    found = []
    for program in sorted(glob.glob(os.path.join(folder, 'fuzz_*'))):
        if not (os.path.isfile(program) and os.access(program, os.X_OK)):
            continue
        name = os.path.basename(program)[len('fuzz_'):]
        fresh = os.path.join(BUILD, 'fuzz-corpus', name)  # what it learns; kept between runs
        kept = os.path.join(TOP, 'tests', 'fuzz', 'corpus', name)
        os.makedirs(fresh, exist_ok=True)
        argv = [program, f'-runs={asked.runs}', f'-seed={asked.seed}', '-timeout=10',
                f'-max_total_time={max(TIME_LIMIT_S, asked.runs // 5000)}', '-print_final_stats=1',
                f'-artifact_prefix={findings}/{name}-', fresh]
        found.append(Program(name, argv + ([kept] if os.path.isdir(kept) else []),
                             timeout_s=300 + asked.runs // 1000, tap=False))
    return found
