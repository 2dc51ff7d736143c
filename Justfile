# Every developer action. `npx --yes rust-just` runs it without installing just.

set shell := ["bash", "-euo", "pipefail", "-c"]

# The Debian packages that the demo and the tests use: Apertium with the
# language pairs of workflows/paper.hcl, git for run records, Python with gRPC
# for plugins, SentencePiece and SciPy as oracles of the tokenizers and the
# statistics, ninja as the peer of the benchmarks.
packages := "apertium apertium-eng-spa apertium-es-pt apertium-en-gl ca-certificates gcc libc6-dev git ninja-build python3 python3-grpcio python3-protobuf python3-scipy python3-sentencepiece"

# List the recipes.
default:
    @just --list --unsorted

# Install what is missing: Debian packages (needs root) and Go modules.
setup: (install packages)
    go mod download

# Install those of the Debian packages that are missing.
[private]
install packages:
    #!/usr/bin/env bash
    set -euo pipefail
    missing=()
    for package in {{packages}}; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    if [ ${#missing[@]} -gt 0 ]; then
        echo "installing: ${missing[*]}" >&2
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    fi

# Build the pure-Go binary into bin/.
build:
    CGO_ENABLED=0 go build -trimpath -o bin/repro .

# The main job: regenerate the paper's tables on the bundled data.
demo: setup build
    bin/repro run workflows/paper.hcl

# What builds papers: latexmk and LaTeX for PDF, pandoc for HTML.
paper_packages := "latexmk texlive-latex-recommended lmodern pandoc"

# The paper with the demo's results, as PDF and HTML.
paper: (install paper_packages) demo
    bin/repro paper workflows/paper.hcl

# All tests: the trainer, Go with the race detector, the Python SDK, and the conformance suite on the bundled plugins.
test: setup (install "chromium poppler-utils python3-torch") (install paper_packages) build test-gotch
    go test -race -shuffle=on -timeout=20m ./...
    /usr/bin/python3 -m unittest discover -s stages/plugin/python/tests
    for plugin in workflows/plugins/*/; do bin/repro plugin test "$plugin"; done

# Formatting, vet, lint and import rules, of the trainer too. The linter has a module of its own.
lint: gotch
    unformatted=$(gofmt -l $(git ls-files -co --exclude-standard '*.go')); test -z "$unformatted" || { echo "$unformatted" >&2; exit 1; }
    go vet ./...
    go build -modfile=.ci/tools/go.mod -o bin/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint
    bin/golangci-lint run ./...
    GOWORK="$PWD/bin/gotch/go.work" go vet -tags gotch ./stages/train/gotch/...
    GOWORK="$PWD/bin/gotch/go.work" bin/golangci-lint run --build-tags gotch ./stages/train/gotch/...

# Benchmarks of the engine; some compare with a peer in the same run.
bench pattern=".":
    go test -run='^$' -bench='{{pattern}}' -benchtime=1x ./...

# Write all golden files anew.
golden:
    go test ./... -update

# Remove what is built and the demo's cache.
clean:
    rm -rf bin .repro

# The Debian packages of the trainer, unless LIBTORCH names another libtorch:
# libtorch and a fast BLAS, and a compiler where there is none (another Linux has
# other packages, and not everybody is root).
trainer_packages := if env("LIBTORCH", "") == "" { "g++ libtorch-dev libopenblas0-pthread" } else { shell('command -v "${CXX:-g++}" >/dev/null || echo g++') }

# Build the trainer, bin/repro-gotch, for the libtorch that is there (LIBTORCH, Debian's or a Python's).
gotch: (install trainer_packages)
    go run ./internal/gotchfit/cmd -out bin/gotch stages/train/gotch/torch/torchx.cpp stages/train/gotch/torch/torchx.h
    if [ -f bin/repro-gotch ]; then rm bin/repro-gotch; fi
    mkdir -p bin/repro-gotch
    GOWORK="$PWD/bin/gotch/go.work" go build -trimpath -buildvcs=false -tags gotch -o bin/repro-gotch/repro-gotch ./stages/train/gotch
    cp --remove-destination bin/gotch/libtch.so stages/train/gotch/plugin.hcl bin/repro-gotch/
    bin/repro-gotch/repro-gotch doctor

# Tests of the trainer; some compare with Python's PyTorch, if it is there.
test-gotch: gotch
    GOWORK="$PWD/bin/gotch/go.work" LD_LIBRARY_PATH="$PWD/bin/gotch:${LD_LIBRARY_PATH:-}" go test -tags gotch -timeout=30m ./stages/train/gotch/...

# The trainer's steps beside those of Python's PyTorch; REPRO_BENCH_DEVICE=cuda for XLM-R on a GPU.
bench-gotch pattern="Step": gotch
    GOWORK="$PWD/bin/gotch/go.work" LD_LIBRARY_PATH="$PWD/bin/gotch:${LD_LIBRARY_PATH:-}" go test -tags gotch -run='^$' -bench='{{pattern}}' -benchtime=1x -v -timeout=60m ./stages/train/gotch/...

# Write the code of the plugin protocol anew (needs Debian's protobuf-compiler).
proto:
    #!/usr/bin/env bash
    set -euo pipefail
    tools=$(mktemp -d)
    trap 'rm -r "$tools"' EXIT
    go build -modfile=.ci/tools/go.mod -o "$tools" google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc
    PATH="$tools:$PATH" protoc -I stages/plugin/v1 \
        --go_out=stages/plugin/v1 --go_opt=paths=source_relative \
        --go-grpc_out=stages/plugin/v1 --go-grpc_opt=paths=source_relative \
        --python_out=stages/plugin/python/repro_plugin/v1 --pyi_out=stages/plugin/python/repro_plugin/v1 plugin.proto
