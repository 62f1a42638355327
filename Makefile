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

# The page's tests measure times, those of the Kafka clients keep to brokers' timeouts, and the others keep every core
# busy: so the two have a process of their own.
unit-test:
	scripts/install-dependencies --tests
	swift build --build-tests
	swift test --skip-build --filter 'DashboardTests|KafkaTests'
	swift test --skip-build --skip 'DashboardTests|KafkaTests'

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

# Twenty minutes. Each heading says what is aimed at; docs/internals/performance.md says what is reached, and why not more.
bench: build
	scripts/install-dependencies --tests
	cd Benchmarks && swift build -c release --product run-workload
	swift build -c release --product state-bytes
	@echo "== replay beside two databases (aim: 5 M events/s, 0.4 CPU s per million, 4 times the databases)"
	scripts/bench-replay
	@echo "== run beside the raw client (aim: 80 % of it, 1.8 M events/s), and latency (aim: p50 400 and p99 800 ms; p99 150 ms)"
	scripts/bench-kafka
	@echo "== growth (aim: the cost of an event within 10 % from 1 M to 100 M events)"
	python3 Benchmarks/Comparison/growth.py
	@echo "== memory of 100 000 (session, product) keys (aim: 1 GiB)"
	.build/release/state-bytes --keys 100000 --rate 5000 --seconds 100
	@echo "== parts (aims, ns an event: count 83, decode 71, decode-any-order 125; slide-20m at most 1.05 of slide-2m)"
	for name in $$(Benchmarks/.build/release/run-workload | cut -d ' ' -f 1); do \
	  echo "$$name: $$(Benchmarks/.build/release/run-workload "$$name" 10)"; done
	@echo "== instructions, allocations and retains (aim: no allocation and no retain for an event)"
	scripts/count-instructions
	cd Benchmarks && swift package --allow-writing-to-package-directory benchmark --no-progress

format:
	swift format --in-place --recursive --configuration .swift-format Package.swift Sources Tests Benchmarks/Package.swift \
	  Benchmarks/Sources Benchmarks/Benchmarks

lint:
	swift format lint --strict --recursive --configuration .swift-format Package.swift Sources Tests Benchmarks/Package.swift \
	  Benchmarks/Sources Benchmarks/Benchmarks

clean:
	rm -rf .build .build-*
