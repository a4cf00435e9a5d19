/* The words of batches.def: one pool of text, so that nothing needs a relocation. */
#include "counters.h"

#include "../sys/poison.h"

static const char end_words[][20] = {
#define END(name, word) word,
#include "batches.def"
};

static const char go_words[][56] = {
	"",
#define LET_GO(name, words) words,
#include "batches.def"
};

const char *batch_end_word(unsigned end)
{
	const char *name = end < SYSCALL_LIMIT ? syscall_name(end) : end_words[end - SYSCALL_LIMIT];

	return name ? name : "other";
}

const char *let_go_words(unsigned why)
{
	return go_words[why];
}
