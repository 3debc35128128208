/*
 * replay.c - runs a fuzz target over the files and folders that are given,
 * without libFuzzer: so that every compiler and sanitizer can repeat a corpus.
 * Prints "N inputs replayed"; a finding ends the program as it does there.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"

#define REPLAY_PATH_BYTES  4096
#define REPLAY_INPUT_BYTES (1 << 24)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input lies in memory of its exact size: reading behind it is found. */
static void replay_bytes(struct sv bytes)
{
	uint8_t *exact = mem_dup(bytes.ptr, bytes.len);

	LLVMFuzzerTestOneInput(exact, bytes.len);
	mem_free(exact);
}

static unsigned replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct buf content;
	char part[4096];
	size_t n;

	if (!file) {
		perror(path);
		exit(2);
	}
	buf_init(&content, REPLAY_INPUT_BYTES);
	while ((n = fread(part, 1, sizeof(part), file)) > 0)
		buf_put(&content, part, n);
	fclose(file);
	replay_bytes(buf_view(&content));
	buf_fini(&content);
	return 1;
}

static unsigned replay_path(const char *path);

static unsigned replay_folder(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort);
	unsigned replayed = 0;

	for (int i = 0; i < count; i++) {
		char child[REPLAY_PATH_BYTES];
		struct buf b;

		buf_init_fixed(&b, child, sizeof(child));
		buf_printf(&b, "%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			replayed += replay_path(buf_cstr(&b));
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return replayed;
}

static unsigned replay_path(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		perror(path);
		exit(2);
	}
	return S_ISDIR(st.st_mode) ? replay_folder(path) : replay_file(path);
}

int main(int argc, char **argv)
{
	unsigned replayed = 0;

	replay_bytes(SV(""));
	for (int i = 1; i < argc; i++)
		replayed += replay_path(argv[i]);
	printf("%u inputs replayed\n", replayed);
	return 0;
}
