#!/usr/bin/env python3
"""Compares runs on the shaped link with runs over the emulated one.

    compare.py NETWORK TOLERANCE FOLDER

FOLDER has, for kind in (real, emulated) and run number N: KIND-link-N.json (`halfmask link --json`) and KIND-infer-N.json
(`halfmask infer --report`). Prints a table of medians; exits 1 if a figure differs by more than TOLERANCE
per cent and by more than a tenth of a millisecond a turn, which is what waking a process may take. The
set-up of a session is shown but not judged: it is a few round trips beside key generation, whose time
varies by more.
"""

import json
import sys
from pathlib import Path
from statistics import median

SET_UP = "its set-up"
WAKING = 1e-4


def figures(folder, kind):
    """Every measured figure of a kind: name -> list of seconds."""
    found = {}
    for path in sorted(folder.glob(f"{kind}-link-*.json")):
        for test in json.loads(path.read_text())["tests"]:
            found.setdefault(test["name"], []).append(test["seconds"] / test["turns"])
    for path in sorted(folder.glob(f"{kind}-infer-*.json")):
        report = json.loads(path.read_text())
        found.setdefault(f"inference, {report['images']} images", []).append(report["seconds_total"])
        found.setdefault(SET_UP, []).append(report["seconds_setup"])
    return found


def main():
    network, tolerance, folder = sys.argv[1], float(sys.argv[2]), Path(sys.argv[3])
    real, emulated = figures(folder, "real"), figures(folder, "emulated")
    if not real or real.keys() != emulated.keys():
        sys.exit(f"compare: the kinds measured different things: {sorted(real)} and {sorted(emulated)}")
    worst = 0.0
    print(f"| {network}: seconds a turn | shaped link | emulated | difference |")
    print("|---|---:|---:|---:|")
    for name, seconds in real.items():
        ours, theirs = median(emulated[name]), median(seconds)
        difference = 100 * (ours / theirs - 1)
        if name != SET_UP and abs(ours - theirs) > WAKING:
            worst = max(worst, abs(difference))
        print(f"| {name} | {theirs:.6f} | {ours:.6f} | {difference:+.1f} % |")
    verdict = "within" if worst <= tolerance else "NOT within"
    print(f"\n{network}: {verdict} {tolerance:g} % (worst {worst:.1f} %)\n")
    sys.exit(0 if worst <= tolerance else 1)


if __name__ == "__main__":
    main()
