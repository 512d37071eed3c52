#!/usr/bin/env bash
# Compares rankings on simulated companies: the shipped weights, each company's own calibration, and the labels of other companies as the
# bound; with OLD, the program of an earlier version, its ranking as well.
#
#   config/calibration/compare.sh LEAKWARDEN "401 402 403" [EMPLOYEES] [DAYS]
#   OLD=/usr/local/bin/leakwarden-1.0 BOUND=labels.json config/calibration/compare.sh target/release/leakwarden "401 402 403"
#
# BOUND is made by: leakwarden evaluate weights --labels --out labels.json (seeds other than those compared on).
set -euo pipefail
program=$(realpath "$1") seeds=$2 employees=${3:-500} days=${4:-60}
bound=${BOUND:+$(realpath "$BOUND")}
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
row() { # NAME PROGRAM CONFIG: recall within the budget by difficulty, of all, precision, look-alikes
  (cd "$dir" && "$2" replay --config "$3" --labels labels.csv --score "$work/score.json" access.jsonl 2>/dev/null || true)
  python3 - "$seed" "$1" "$work/score.json" <<'PY'
import json, sys
seed, name, path = sys.argv[1:]
shown = json.load(open(path))["shown"]
recall = [shown["by_difficulty"].get(d, {}).get("recall", float("nan")) for d in ("obvious", "medium", "subtle")]
print(f"{seed:>6} {name:<12}" + "".join(f"{r:9.2f}" for r in recall)
      + f"{shown['total']['recall']:9.2f}{shown['precision']:11.2f}{shown['per_day']:8.2f}{shown['decoys_alarmed']:>6}/{shown['decoys']}")
PY
}
with() { sed "s#^\[alerts\]#[alerts]\ncalibration = \"$1\"#" config.toml > "$2"; }
printf '%6s %-12s%9s%9s%9s%9s%11s%8s%9s\n' seed ranking obvious medium subtle all precision 'a day' decoys
for seed in $seeds; do
  dir=$work/$seed
  "$program" simulate --out "$dir" --employees "$employees" --days "$days" --seed "$seed" 2>/dev/null
  [ -z "${OLD:-}" ] || row before "$OLD" config.toml
  row shipped "$program" config.toml
  (cd "$dir" && "$program" evaluate calibrate --config config.toml --out own.json access.jsonl >/dev/null 2>&1 && with own.json own.toml || cp config.toml own.toml)
  row own "$program" own.toml
  if [ -n "$bound" ]; then (cd "$dir" && with "$bound" bound.toml); row labels "$program" bound.toml; fi
  rm -rf "$dir"
done
