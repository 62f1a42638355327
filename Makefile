# make demo   the main job on an embedded broker: generator, engine and dashboard in one process
# make test   every test
# make build  the program, release
# make bench  how fast it is: the engine's parts, replay beside two databases, the daemon beside the raw Kafka client
# make format rewrites the sources in the project's format

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build
.PHONY: build demo test unit-test simulation integration-test fuzz instructions bench format lint clean

build: ## the program, in .build/release/livetally
	scripts/install-dependencies
	swift build -c release --product livetally

demo: build ## the dashboard on http://127.0.0.1:8080; ends with Ctrl-C
	.build/release/livetally demo

test: unit-test simulation integration-test fuzz instructions

# The page's tests measure times, and the others keep every core busy: so they have a process of their own.
unit-test:
	scripts/install-dependencies --tests
	swift build --build-tests
	swift test --skip-build --filter DashboardTests
	swift test --skip-build --skip DashboardTests

# A whole cluster on 500 bad days, in a release build.
simulation:
	scripts/install-dependencies
	scripts/simulate 500

integration-test: build
	scripts/install-dependencies --tests
	scripts/integration-tests

fuzz:
	scripts/fuzz-decoder 10

# Counts instead of times: what one event costs must not grow unnoticed.
instructions:
	scripts/install-dependencies --tests
	scripts/count-instructions

bench: build
	scripts/install-dependencies --tests
	cd Benchmarks && swift package --allow-writing-to-package-directory benchmark --no-progress
	scripts/count-instructions
	for name in $$(Benchmarks/.build/release/run-workload | cut -d ' ' -f 1); do \
	  echo "$$name: $$(Benchmarks/.build/release/run-workload "$$name" 10)"; done
	swift build -c release --product state-bytes
	for rate in 5000 20000; do .build/release/state-bytes --keys 100000 --rate $$rate --seconds 100; done
	python3 Benchmarks/Comparison/growth.py
	scripts/bench-replay
	scripts/bench-kafka

format:
	swift format --in-place --recursive --configuration .swift-format Package.swift Sources Tests Benchmarks/Package.swift \
	  Benchmarks/Sources Benchmarks/Benchmarks

lint:
	swift format lint --strict --recursive --configuration .swift-format Package.swift Sources Tests Benchmarks/Package.swift \
	  Benchmarks/Sources Benchmarks/Benchmarks

clean:
	rm -rf .build .build-*
