#!/usr/bin/env bash
# Makes the weights that ship with the product, config/calibration/shipped.json, anew: from the same companies always the same bytes.
#
#   config/calibration/make.sh [LEAKWARDEN] [MORE OPTIONS OF `evaluate weights`]
#   config/calibration/make.sh --check target/release/leakwarden     whether that is what the file holds
#
# To be run whenever a detector, a feature of cases or the simulator changes: a test notices it by the cases of a small company
# (`learnt.probe`), `--check` (two minutes of processor time) by all. `benches/cases` tells what became of it.
set -euo pipefail
check=; [ "${1:-}" = --check ] && { check=yes; shift; }
program=$(realpath "${1:-target/release/leakwarden}"); shift || true
cd "$(dirname "$0")"
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
"$program" evaluate weights --out "$work/shipped.json" "$@"
if [ "$check" ]; then cmp "$work/shipped.json" shipped.json; else cat "$work/shipped.json" > shipped.json; fi
