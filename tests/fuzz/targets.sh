#!/bin/sh
# Writes the target of a format: sh targets.sh NAME…
cd "$(dirname "$0")" || exit 1
for name in "$@"; do
    cat > "fuzz_targets/$name.rs" <<RUST
//! \`$name\`, as the lines of a file and as messages.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    leakwarden_fuzz::decode("$name", bytes, true);
    leakwarden_fuzz::decode("$name", bytes, false);
});
RUST
    grep -q "name = \"$name\"" Cargo.toml || printf '\n[[bin]]\nname = "%s"\npath = "fuzz_targets/%s.rs"\ntest = false\ndoc = false\nbench = false\n' "$name" "$name" >> Cargo.toml
done
