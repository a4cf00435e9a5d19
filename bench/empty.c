/* A preloaded object with nothing in it: what loading one more library costs by itself. */
const char sysshim_bench_empty;
