# What people call.
.PHONY: help
help:
	@echo "make run        start the demo (Ctrl-C stops it; RUN_SECONDS=30)"
	@echo "make test       every test"
