#include "tui/crt.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "tui/crt_theme.h"
#include "tui/text.h"

/* Milliseconds after Escape in which the rest of a function key must come. */
#define ESC_MS 25

static bool is_open;
static SCREEN *screen;
static struct termios before; /* as we found it */
static char restore[512];     /* what a crash writes to the terminal */
static size_t restore_len;
static int real_stderr = -1, kept_stderr = -1;
static sigset_t wait_mask, outside_mask;
static volatile sig_atomic_t end_signal;

static const int ending[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
#define N(a) (sizeof(a) / sizeof((a)[0]))

/* ---- standard error ---- */

static void keep_stderr(void)
{
	if (!isatty(STDERR_FILENO))
		return;
	kept_stderr = memfd_create("aco-stderr", MFD_CLOEXEC);
	if (kept_stderr < 0)
		return;
	fflush(stderr);
	real_stderr = dup(STDERR_FILENO);
	dup2(kept_stderr, STDERR_FILENO);
}

/* Only what may be called in a signal handler. */
static void release_stderr(void)
{
	char block[4096];
	off_t at = 0;
	ssize_t n;

	if (kept_stderr < 0)
		return;
	dup2(real_stderr, STDERR_FILENO);
	while ((n = pread(kept_stderr, block, sizeof(block), at)) > 0) {
		if (write(STDERR_FILENO, block, (size_t)n) < 0)
			break;
		at += n;
	}
	close(kept_stderr);
	close(real_stderr);
	kept_stderr = real_stderr = -1;
}

/* ---- signals ---- */

static void on_end(int sig)
{
	end_signal = sig;
}

/* endwin() may not be called here, so the same is done by hand. */
static void on_crash(int sig)
{
	if (is_open) {
		is_open = false;
		if (write(STDOUT_FILENO, restore, restore_len) < 0)
			_exit(1);
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		release_stderr();
	}
	signal(sig, SIG_DFL);
	raise(sig);
}

static void add_restore(const char *s)
{
	size_t n = s && s != (char *)-1 ? strlen(s) : 0;

	if (n == 0 || restore_len + n > sizeof(restore))
		return;
	memcpy(restore + restore_len, s, n);
	restore_len += n;
}

static void make_restore(void)
{
	restore_len = 0;
	add_restore("\033[?1000l\033[?1002l\033[?1006l"); /* mouse off */
	add_restore(tigetstr("sgr0"));
	add_restore(tigetstr("op"));
	add_restore(tigetstr("cnorm"));
	add_restore(tigetstr("rmkx"));
	add_restore(tigetstr("rmcup"));
}

static void catch_signals(void)
{
	/* A stack that has overflowed cannot hold the handler. */
	static char stack[16384];
	stack_t alt = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction crash = {.sa_handler = on_crash};
	struct sigaction end = {.sa_handler = on_end};
	sigset_t block;

	sigaltstack(&alt, NULL);
	crash.sa_flags = SA_ONSTACK | (int)SA_RESETHAND;
	sigemptyset(&crash.sa_mask);
	sigemptyset(&end.sa_mask);
	for (size_t i = 0; i < N(crashes); i++)
		sigaction(crashes[i], &crash, NULL);
	sigemptyset(&block);
	sigaddset(&block, SIGWINCH);
	for (size_t i = 0; i < N(ending); i++) {
		sigaction(ending[i], &end, NULL);
		sigaddset(&block, ending[i]);
	}
	sigprocmask(SIG_BLOCK, &block, &outside_mask);
	wait_mask = outside_mask;
	sigdelset(&wait_mask, SIGWINCH);
	for (size_t i = 0; i < N(ending); i++)
		sigdelset(&wait_mask, ending[i]);
}

static void release_signals(void)
{
	for (size_t i = 0; i < N(crashes); i++)
		signal(crashes[i], SIG_DFL);
	for (size_t i = 0; i < N(ending); i++)
		signal(ending[i], SIG_DFL);
	sigprocmask(SIG_SETMASK, &outside_mask, NULL);
}

const sigset_t *crt_wait_mask(void)
{
	return &wait_mask;
}

int crt_signal(void)
{
	return end_signal;
}

void crt_die(int sig)
{
	signal(sig, SIG_DFL);
	raise(sig);
}

/* ---- opening and closing ---- */

static enum rc check_terminal(struct err *e)
{
	const char *term = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		err_set(e, RC_BAD, "the dashboard needs a terminal");
	else if (!term || !*term || !strcmp(term, "dumb"))
		err_set(e, RC_BAD, "the terminal type '%s' cannot draw",
			term ? term : "");
	else
		return RC_OK;
	err_hint(e, "use --once, --plain, --json or --csv");
	return RC_BAD;
}

static void set_modes(void)
{
	cbreak();
	noecho();
	nonl();
	intrflush(stdscr, FALSE);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESC_MS);
	curs_set(0);
	mouseinterval(0);
	mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
}

enum rc crt_open(enum theme theme, struct err *e)
{
	enum rc rc = check_terminal(e);

	if (rc != RC_OK)
		return rc;
	tcgetattr(STDIN_FILENO, &before);
	screen = newterm(NULL, stdout, stdin);
	if (!screen) {
		err_set(e, RC_BAD, "the terminal type '%s' is not known",
			getenv("TERM"));
		err_hint(e, "set TERM, such as TERM=xterm-256color, or use "
			    "--once or --plain");
		return RC_BAD;
	}
	make_restore();
	is_open = true;
	catch_signals();
	keep_stderr();
	set_modes();
	crt_theme_set(theme);
	return RC_OK;
}

void crt_close(void)
{
	if (!is_open)
		return;
	is_open = false;
	mousemask(0, NULL);
	endwin();
	delscreen(screen);
	screen = NULL;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	release_signals();
	release_stderr();
}
