# Compilers, flags and variants. VARIANT=release|debug|asan|tsan|fuzz.
VARIANT ?= release
CC_GCC := gcc
CC_CLANG := clang-14
BUILD := build/$(VARIANT)

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wcast-align -Wwrite-strings \
	-Wundef -Wvla -Wformat=2 -Wno-format-nonliteral -Wimplicit-fallthrough
CPPFLAGS := -I. -Iclient/include -D_GNU_SOURCE
# Replicas of different processors must get the same sums: nothing is fused.
BASE_CFLAGS := -std=c11 -g -fno-omit-frame-pointer -pthread \
	-ffp-contract=off $(WARNINGS)
HARDENING := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE

ifeq ($(VARIANT),release)
CC := $(CC_GCC)
CFLAGS := $(BASE_CFLAGS) -O2 $(HARDENING)
LDFLAGS := -pthread -pie -Wl,-z,relro,-z,now -Wl,--as-needed
else ifeq ($(VARIANT),clang)
CC := $(CC_CLANG)
CFLAGS := $(BASE_CFLAGS) -O2 -fPIE
LDFLAGS := -pthread -pie -Wl,--as-needed
else ifeq ($(VARIANT),debug)
CC := $(CC_GCC)
CFLAGS := $(BASE_CFLAGS) -O0
LDFLAGS := -pthread -Wl,--as-needed
else ifeq ($(VARIANT),asan)
CC := $(CC_GCC)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS := $(BASE_CFLAGS) -O1 $(SANITIZE)
LDFLAGS := -pthread $(SANITIZE) -Wl,--as-needed
else ifeq ($(VARIANT),tsan)
CC := $(CC_GCC)
SANITIZE := -fsanitize=thread
CFLAGS := $(BASE_CFLAGS) -O1 $(SANITIZE)
LDFLAGS := -pthread $(SANITIZE) -Wl,--as-needed
else ifeq ($(VARIANT),fuzz)
CC := $(CC_CLANG)
SANITIZE := -fsanitize=address,undefined,fuzzer-no-link \
	-fno-sanitize-recover=all
CFLAGS := $(BASE_CFLAGS) -O1 $(SANITIZE)
LDFLAGS := -pthread -fsanitize=address,undefined -Wl,--as-needed
else
$(error VARIANT must be release, clang, debug, asan, tsan or fuzz)
endif
