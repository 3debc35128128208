# The dashboard inside peri-registry: registry/ui_dist.c includes the committed
# bundle as it is and gzipped (without name and date: the same bytes each time).
UI_FILES := $(wildcard registry/dashboard/dist/*)
UI_GZ := $(patsubst registry/dashboard/dist/%,$(BUILD)/ui/%.gz,$(UI_FILES))

$(BUILD)/ui/%.gz: registry/dashboard/dist/%
	@mkdir -p $(@D)
	@gzip -9nc $< >$@

$(BUILD)/obj/registry/ui_dist.o: $(UI_FILES) $(UI_GZ)
$(BUILD)/obj/registry/ui_dist.o: CPPFLAGS += -DUI_DIST_GZ='"$(BUILD)/ui"'
