#!/bin/bash
# timeout: 300
# `sysshim files` lists the paths that strace prints: all of them and no other, opened or executed, and with --all those that calls only named; what
# ld.so did before our start is among them. Fifty real commands, each compared with three native runs.
set -u
. "$SRC/tests/lib/lib.sh"
command -v strace >/dev/null || skip "no strace"
strace -o probe true 2>probe.err && grep -q execve probe || skip "strace does not work here: $(tail -n 1 probe.err)"

mkdir files
seq 2000 >files/numbers
seq 5000 | sort -R --random-source=/dev/zero >files/shuffled
printf '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n' >files/hello.c
printf '#include <pthread.h>\n#include <fcntl.h>\n#include <stdio.h>\nstatic void *go(void *n) { char p[20]; sprintf(p, "thread%%ld", (long)n); return (void *)(long)open(p, 65, 420); }\n' >files/threads.c
printf 'int main(void) { pthread_t t[4]; for (long i = 0; i < 4; i++) pthread_create(&t[i], 0, go, (void *)i); for (int i = 0; i < 4; i++) pthread_join(t[i], 0); return 0; }\n' >>files/threads.c
printf 'import os, socket\ns = socket.socket(socket.AF_UNIX); s.bind("sock"); s.listen(5)\nfor i in range(3):\n    c = socket.socket(socket.AF_UNIX); c.connect("sock"); a, _ = s.accept()\n    if os.fork() == 0:\n        os.chdir("sub"); open("served%%d" %% i, "w"); a.send(b"x"); os._exit(0)\n    c.recv(1); os.wait()\n' >files/server.py
printf '#!/usr/bin/perl\nopen F, "<numbers"; print scalar <F>;\n' >files/script.pl
printf '#!/bin/sh -e\ncat numbers | wc -l\n' >files/script.sh
chmod +x files/script.*
printf 'all: hello\n\t./hello\nhello: hello.o\n\tgcc -o $@ $<\nhello.o: hello.c\n\tgcc -c $<\n' >files/Makefile
mkdir files/sub files/sub/deeper
echo in >files/sub/deeper/file
mkdir 'files/a b'
echo odd >"files/a b/"$'new\nline \351"'
gcc -pthread -o files/threads files/threads.c || fail "the threaded program cannot be built"
(cd files && export HOME=$PWD GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
	command -v git >/dev/null && git init -q -b main . && git add numbers shuffled && git commit -q -m first && echo more >>numbers)

cat >commands <<'COMMANDS'
ls ls -la --color=always /etc .
cat cat numbers shuffled nothere
cp cp -a sub copy
mv_rm mv numbers moved && rm moved && mkdir new && rmdir new
ln ln shuffled hard && ln -s shuffled soft && cat soft hard && readlink soft
grep_r grep -rn 999 .
find find . /usr/include/linux -name '*.h' -size +4k
find_exec find sub -type f -exec cat {} +
sort sort -n shuffled
sort_disk sort -S 50k -T . shuffled
chdir cd sub; cat deeper/file; cd deeper && cat file ../../numbers; (cd ..; ls)
odd_names cat 'a b'/*; ls -l 'a b'
python_import python3 -c 'import json, subprocess, email, ctypes, sqlite3'
python_at python3 -c 'import os; d = os.open("sub", os.O_RDONLY); e = os.dup(d); os.close(d); os.open("deeper/file", os.O_RDONLY, dir_fd=e); os.fchdir(e); open("deeper/file"); os.stat("deeper", dir_fd=e); os.rename("deeper", "other"); open("other/file")'
python_vfork python3 -c 'import subprocess; subprocess.run(["cat", "deeper/file"], cwd="sub"); subprocess.run("ls; cd /; ls", shell=True); open("numbers")'
gcc gcc -o out hello.c
gcc_c gcc -c hello.c -O2
make make -j2
git_status git status --short
git_log git log --stat
git_commit git add -A && git commit -q -m second
git_clone git clone -q . there
bash_script for i in 1 2 3; do echo $i > f$i; done; for f in f*; do read x < $f; done; source ./Makefile.none; type ls; [ -e f1 ] && rm f*
dash dash -c 'for i in 1 2 3; do ls / > f; done; exec cat f'
scripts ./script.pl; ./script.sh
env_i env -i /bin/ls sub; env -i PATH=/usr/bin:/bin sh -c 'cat numbers | head -n 1'
tar tar cf all.tar numbers sub && tar tf all.tar && tar xf all.tar -C 'a b'
tar_gz tar czf all.tgz shuffled
perl perl -MPOSIX -MFile::Temp=tempfile -e 'open F, ">f"; print F "x"; close F; print `echo x`; opendir D, "."; print sort readdir D; unlink "f"'
gawk gawk '{ print > "out" NR % 3 } END { system("cat out1 | wc -l") }' shuffled
sed sed -i 's/1/one/' shuffled
getent getent passwd root; getent hosts localhost; getent group nogroup
locale locale -a; locale
man man --version; man -w ls
date TZ=Europe/Berlin date; TZ=:/usr/share/zoneinfo/UTC date
iconv echo x | iconv -f latin1 -t utf-16
apt apt-get --version; apt-config dump
dpkg dpkg -l bash; dpkg -S /bin/ls
sqlite3 sqlite3 db 'create table t(a); insert into t values(1),(2); select sum(a) from t; vacuum;'
gzip_xz gzip -k shuffled && xz -k numbers && xz -t numbers.xz
threads ./threads
server python3 server.py
rsync rsync -a ./sub ./there/
curl curl -s file:///etc/passwd
id id; whoami; groups root
library_path LD_LIBRARY_PATH=sub:/nowhere:/usr/lib ls sub
preload LD_PRELOAD=libm.so.6 cat numbers
du_df du -s sub; df . 
diff diff -r sub 'a b'; cmp numbers shuffled
xargs printf '%s\n' numbers shuffled sub/deeper/file | xargs -n 1 -P 1 wc -l
COMMANDS

python3 "$SRC/tests/lib/audit.py" "$SYSSHIM" files commands
