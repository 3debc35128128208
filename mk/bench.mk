# `make bench-resolve`: /resolve beside nginx, on one core each. Benchmarks in
# C: tests/bench/<name>.c without "bench_" stands alone.
BENCH_ALONE := $(addprefix $(BUILD)/bench/,loadgen flood syscalls_constant \
	pauses)
$(BENCH_ALONE): $(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^ -lpthread

$(BUILD)/bench/evhttp_constant: $(BUILD)/obj/tests/bench/evhttp_constant.o
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^ -levent

.PHONY: bench-resolve
bench-resolve: $(BENCH_ALONE) $(BUILD)/bench/evhttp_constant \
		$(BUILD)/bench/bench_geo__lookup \
		$(BUILD)/bin/peri-registry $(BUILD)/bin/peri-balancer
	@/usr/bin/python3 tests/bench/resolve.py --build $(BUILD) $(BENCH_ARGS)

# What one /resolve executes must not grow unnoticed.
.PHONY: check-instructions
check-instructions:
	@deploy/deps.sh lint
	@$(MAKE) --no-print-directory -s -j2 QUIET=1 VARIANT=release \
		build/release/bench/bench_balancer__request
	@tests/bench/instructions.sh build/release

# A well-behaved client beside an attack, on one worker and on two.
.PHONY: bench-flood
bench-flood: $(BUILD)/bench/flood $(BUILD)/bin/peri-registry \
		$(BUILD)/bin/peri-balancer
	@/usr/bin/python3 tests/bench/flood.py --build $(BUILD) $(BENCH_ARGS)

.PHONY: bench-parts bench-comet
bench-parts: bench-build
	@failed=0; for program in $(BENCH_NAMES:%=$(BUILD)/bench/%); do \
		echo "# $$program"; $$program || failed=1; done; exit $$failed

bench-comet: $(BUILD)/bin/comet-agent
	@echo "# tests/bench/comet.py"
	@/usr/bin/python3 tests/bench/comet.py --build $(BUILD)

# Everything that is measured: parts, /resolve beside nginx, the comet. Prints
# "name value unit" lines; docs/BENCHMARKS.md explains them. All parts run; one
# that fails, as /resolve's does when a bar is missed, is named at the end.
BENCH_PARTS := bench-parts bench-resolve bench-flood bench-comet
.PHONY: bench
bench:
	@deploy/deps.sh bench
	@deploy/geo.sh
	@$(MAKE) --no-print-directory -s -j2 QUIET=1 all bench-build
	@failed=; for part in $(BENCH_PARTS); do \
		$(MAKE) --no-print-directory -s QUIET=1 $$part || \
		failed="$$failed $$part"; done; \
	[ -z "$$failed" ] || { echo "bench: failed:$$failed"; exit 1; }
