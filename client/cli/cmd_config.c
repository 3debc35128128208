/*
 * cmd_config.c - perictl config: a daemon's configuration file, judged by the
 * daemon itself (--check-config, --show-config): there is one set of rules.
 * The shell's PERI_* variables are perictl's and are kept from it.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/cli/commands.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

#define DIR_DEFAULT "/etc/perihelion"

/* Which program reads a file is said by the file's name. */
static const struct reader {
	const char *kind, *program;
} readers[] = {
	{"registry", "peri-registry"},
	{"balancer", "peri-balancer"},
	{"agent", "comet-agent"},
};

struct settings {
	const char *kind, *dir;
};

static unsigned list_options(void *settings, struct cli_option *options_r)
{
	struct settings *s = settings;
	const struct cli_option options[] = {
		{"for", CLI_TEXT, "registry|balancer|agent",
		 "whose file it is, when its name does not say", &s->kind, 0,
		 0},
		{"dir", CLI_TEXT, "DIR", "where the files are", &s->dir, 0, 0},
	};

	s->dir = DIR_DEFAULT;
	memcpy(options_r, options, sizeof(options));
	return ARRAY_LEN(options);
}

/* @kind as given, else by the name of @path; NULL after it was said. */
static const struct reader *find_reader(const char *kind, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct sv name = sv_str(slash ? slash + 1 : path);

	for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
		struct sv known = sv_str(readers[i].kind);

		if (kind ? sv_eq(sv_str(kind), known) : sv_starts(name, known))
			return &readers[i];
	}
	cli_error(kind ? "--for takes registry, balancer or agent, not \"%s\""
		       : "whose file is %s? Say --for "
			 "registry|balancer|agent",
		  kind ? kind : path);
	return NULL;
}

/* The program beside this one, else the one of the PATH. */
static void put_program(struct buf *b, const char *program)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = '\0';
		buf_printf(b, "%s/%s", dirname(self), program);
		if (access(buf_cstr(b), X_OK) == 0)
			return;
	}
	buf_reset(b);
	buf_str(b, program);
}

/* Owned array of borrowed texts. */
static char **other_variables(void)
{
	size_t count = 0, kept = 0;
	char **variables;

	while (environ[count])
		count++;
	variables = mem_array(count + 1, sizeof(char *));
	for (size_t i = 0; i < count; i++) {
		if (!sv_starts(sv_str(environ[i]), SV("PERI_")))
			variables[kept++] = environ[i];
	}
	return variables;
}

static int run_reader(const char *program, const char *action, const char *path)
{
	const char *const args[] = {program, action, "--config", path, NULL};
	char **variables = other_variables();
	int status = 0, rc;
	pid_t pid;

	rc = posix_spawnp(&pid, program, NULL, NULL,
			  (char *const *)(uintptr_t)args, variables);
	mem_free(variables);
	if (rc != 0) {
		cli_error("cannot run %s: %s; is it installed beside perictl "
			  "or in the PATH?",
			  program, err_str(-rc));
		return CLI_FAILED;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? CLI_OK
							     : CLI_FAILED;
}

static int read_file(const struct reader *reader, const char *action,
		     const char *path)
{
	char storage[PATH_MAX + 64];
	struct buf program;

	buf_init_fixed(&program, storage, sizeof(storage));
	put_program(&program, reader->program);
	(void)fprintf(stderr, "%s (%s)\n", path, reader->program);
	return run_reader(buf_cstr(&program), action, path);
}

/* Every daemon's own file in @dir that there is. */
static int read_all(const char *dir, const char *action)
{
	unsigned found = 0;
	int worst = CLI_OK;

	for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
		char storage[PATH_MAX];
		struct buf path;
		int rc;

		buf_init_fixed(&path, storage, sizeof(storage));
		buf_printf(&path, "%s/%s.jsonc", dir, readers[i].kind);
		if (access(buf_cstr(&path), F_OK) != 0)
			continue;
		found++;
		rc = read_file(&readers[i], action, storage);
		worst = rc != CLI_OK ? rc : worst;
	}
	if (found > 0)
		return worst;
	cli_error("%s holds no registry.jsonc, balancer.jsonc or agent.jsonc; "
		  "say which file",
		  dir);
	return CLI_FAILED;
}

static int run(const struct cli *cli UNUSED, const void *settings,
	       char *const *arguments, unsigned argument_count)
{
	const struct settings *s = settings;
	struct sv what = sv_str(arguments[0]);
	const struct reader *reader;
	const char *action;

	if (sv_eq(what, SV("check")))
		action = "--check-config";
	else if (sv_eq(what, SV("show")))
		action = "--show-config";
	else {
		cli_error("perictl config check or perictl config show, not "
			  "\"%s\"",
			  arguments[0]);
		return CLI_USAGE;
	}
	if (argument_count == 1)
		return read_all(s->dir, action);
	reader = find_reader(s->kind, arguments[1]);
	return reader ? read_file(reader, action, arguments[1]) : CLI_USAGE;
}

static const struct cli_command command = {
	.name = "config",
	.chapter = CLI_TOOLS,
	.arguments = "check|show [FILE]",
	.summary = "check or show a daemon's configuration",
	.details =
		"Asks the program that reads the file (found beside perictl or "
		"in the PATH), so the\nverdict is the daemon's own, with line "
		"and column. Without FILE: every daemon's file\nin --dir. "
		"Whose file it is, its name says: registry, balancer or agent "
		"in front.\nThe shell's PERI_ variables do not count. Show "
		"prints the settings in force as JSON,\nsecrets as \"***\".\n\n"
		"  perictl config check\n"
		"  perictl config check /tmp/registry-new.jsonc\n"
		"  perictl config show /etc/perihelion/agent.jsonc | jq "
		".lease_ttl\n"
		"  perictl config check x.jsonc --for balancer",
	.arguments_max = 2,
	.settings_bytes = sizeof(struct settings),
	.options = list_options,
	.run = run,
};

const struct cli_command *cmd_config_command(void)
{
	return &command;
}
