# libperihelion.a for other people's programs: one object with everything that
# the public functions need, in which only perihelion_* is visible.
LIBPERIHELION := $(BUILD)/lib/libperihelion.a

$(LIBPERIHELION): $(BUILD)/obj/client/perihelion.o $(call chain_archives,client)
	@echo "  AR   $@"
	@ld -r -o $(BUILD)/lib/perihelion-all.o $^
	@objcopy --wildcard --keep-global-symbol='perihelion_*' \
		$(BUILD)/lib/perihelion-all.o $(BUILD)/lib/perihelion.o
	@rm -f $@ $(BUILD)/lib/perihelion-all.o
	@ar crs $@ $(BUILD)/lib/perihelion.o

.PHONY: libperihelion
libperihelion: $(LIBPERIHELION)
