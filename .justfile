# What people do daily. https://just.systems; each recipe is one or two commands that run without it, too.

# What must hold within minutes: format, lints, unit and contract tests.
quick:
    .ci/run quick

# All that must hold.
full:
    .ci/run full

# One module of tests, or all: `just test order::`
test *filter:
    cargo test --lib --bins --test suite -- {{filter}}

lint:
    cargo fmt --check
    cargo clippy --locked --all-targets -- -D warnings

# Writes the generated pages of docs/ anew.
docs:
    LEAKWARDEN_BLESS=1 cargo test --test suite -- docs:: configuration::

# Rates beside those of parsing the same bytes: `just bench decode`
bench *name:
    cargo bench {{ if name == "" { "" } else { "--bench " + name } }}

# A broker, a simulated company and the service in one process.
demo:
    cargo run --release -- demo

# Looks for input that breaks a decoder (nightly Rust, cargo-fuzz): `just fuzz postgresql-jsonlog`
fuzz target seconds="60":
    cargo +nightly fuzz run --fuzz-dir tests/fuzz {{target}} -- -max_total_time={{seconds}}

# Licences, duplicates, sources and advisories of what is linked.
deny:
    cargo deny --config .cargo/deny.toml check

# Whether decode output, alerts, coverage and state are byte-identical to those of another commit.
same-as rev="HEAD~1" *employees:
    tests/same-as {{rev}} {{employees}}
