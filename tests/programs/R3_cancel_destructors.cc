// A thread cancelled in a blocked call unwinds as an exception does: destructors run from the innermost frame outwards, catch (...)
// sees it and may not keep it, and a signal handler's exception (-fnon-call-exceptions) leaves a blocked read and is caught.
#include <csignal>
#include <cstdio>
#include <cxxabi.h>
#include <pthread.h>
#include <stdexcept>
#include <sys/time.h>
#include <unistd.h>

static int ends[2];

struct Witness {
	const char *name;
	explicit Witness(const char *n) : name(n)
	{
	}
	~Witness()
	{
		printf("  destructor %s\n", name);
	}
};

static void blocked_read()
{
	Witness innermost("innermost");
	char c;
	if (read(ends[0], &c, 1) == 1)
		puts("  read came back");
}

static void blocked_fgets()
{
	Witness innermost("innermost");
	char line[8];
	FILE *f = fdopen(dup(ends[0]), "r");
	fgets(line, sizeof line, f);
}

static void *body(void *wait)
{
	Witness outer("outer");
	try {
		Witness middle("middle");
		reinterpret_cast<void (*)()>(wait)();
	} catch (abi::__forced_unwind &) {
		puts("  forced unwind seen");
		throw;
	}
	return nullptr;
}

static void cancel(const char *name, void (*wait)())
{
	pthread_t thread;
	void *result;

	printf("%s:\n", name);
	pthread_create(&thread, nullptr, body, reinterpret_cast<void *>(wait));
	usleep(50000);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	puts(result == PTHREAD_CANCELED ? "  cancelled" : "  came back");
}

static void throwing(int)
{
	throw std::runtime_error("from the handler");
}

static void exception(const char *name, void (*wait)())
{
	struct itimerval soon = {{0, 0}, {0, 50000}};

	printf("%s:\n", name);
	try {
		Witness outer("outer");
		setitimer(ITIMER_REAL, &soon, nullptr);
		wait();
		puts("  came back");
	} catch (const std::runtime_error &error) {
		printf("  caught %s\n", error.what());
	}
}

int main()
{
	if (pipe(ends) != 0)
		return 1;
	cancel("cancelled read", blocked_read);
	cancel("cancelled fgets", blocked_fgets);

	struct sigaction action = {};
	action.sa_handler = throwing;
	action.sa_flags = SA_NODEFER; // the handler never returns, so its signal must not stay blocked
	sigaction(SIGALRM, &action, nullptr);
	exception("exception out of read", blocked_read);
	exception("exception out of read again", blocked_read);
	puts("done");
	return 0;
}
