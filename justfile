# One word per habit; `cargo xtask help` says what each does.

default:
    @just --list

# Build, run the demonstration experiment, write its report to reports/demo.
demo *arguments:
    cargo xtask demo {{arguments}}

# Run all tests.
test *arguments:
    cargo xtask test {{arguments}}

# Build target/release/vmpack.
build *arguments:
    cargo xtask build {{arguments}}

# Run the criterion benchmarks and the comparison of methods.
bench *arguments:
    cargo xtask bench {{arguments}}

# Check formatting, lints, documentation and dependencies.
lint:
    cargo xtask lint

# Format the code.
fmt:
    cargo fmt --all

# Write a report for a run directory.
report directory:
    cargo run --release --bin vmpack -- report {{directory}}

# Open the documentation of the code.
doc:
    cargo doc --workspace --no-deps --open

# Feed every reader with damaged input.
fuzz *arguments:
    cargo xtask fuzz {{arguments}}

# Write what is linked into the command as CycloneDX.
sbom:
    cargo xtask sbom

# Lint, then test.
ci:
    cargo xtask ci
