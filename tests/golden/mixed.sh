# The program of the golden recording `mixed`: env -i PATH=/usr/bin:/bin LD_PRELOAD=libsysshim.so SYSSHIM_LOG=recording SYSSHIM_LOG_FORMAT=binary
# SYSSHIM_DATA=16 SYSSHIM_STATS=off SYSSHIM_TRACE='!rt_sigaction,rt_sigprocmask,brk,munmap,mprotect' bash mixed.sh
cd "$(mktemp -d)" || exit
for ((i = 0; i < 40; i++)); do echo "line $i"; done >lines
cat lines nowhere $'quo"te\n\xff' >/dev/null 2>&1
env -i /usr/bin/sort -r lines >sorted
python3 -S -c 'import os, threading
t = [threading.Thread(target=lambda: [os.stat(b"/") for _ in range(2)]) for _ in range(3)]
[x.start() for x in t]
[x.join() for x in t]
os.mkdir("d"); os.rename("sorted", "d/sorted"); os.unlink("lines")
a, b = os.pipe(); os.write(b, b"to a pipe"); os.read(a, 100)'
sleep 9 &
kill -9 $!
wait
exec dash -c '/bin/true; exit 7'
