# Simulators: tests/sim/<name>/*.c make one program that links the real code.
HEARTBEAT_SIM_SOURCES := $(wildcard tests/sim/heartbeat/*.c)
HEARTBEAT_SIM_OBJECTS := $(HEARTBEAT_SIM_SOURCES:%.c=$(BUILD)/obj/%.o)

$(BUILD)/sim/sim_heartbeat: $(HEARTBEAT_SIM_OBJECTS) \
		$(call chain_archives,client)
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^ $(call chain_libs,client)

# The adaptive heartbeat's table and bars; SIM_SEEDS="FIRST COUNT".
.PHONY: sim-heartbeat
sim-heartbeat: $(BUILD)/sim/sim_heartbeat
	@$(BUILD)/sim/sim_heartbeat $(SIM_SEEDS)
