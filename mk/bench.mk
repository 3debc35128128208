# `make bench-resolve`: /resolve beside nginx, on one core each. Benchmarks in
# C: tests/bench/<name>.c without "bench_" stands alone.
$(BUILD)/bench/loadgen: $(BUILD)/obj/tests/bench/loadgen.o
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^

.PHONY: bench-resolve
bench-resolve: $(BUILD)/bench/loadgen $(BUILD)/bin/peri-registry \
		$(BUILD)/bin/peri-balancer
	@/usr/bin/python3 tests/bench/resolve.py --build $(BUILD) $(BENCH_ARGS)
