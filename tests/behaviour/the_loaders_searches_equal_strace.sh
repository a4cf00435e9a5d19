#!/bin/bash
# timeout: 200
# Where ld.so looks for a library before it has it, or in vain, is in the audit as strace prints it, also where that is no everyday's search: a name that
# ld.so.cache lacks, no cache, a second name of the same file, a preload that is not there.
set -u
. "$SRC/tests/lib/lib.sh"
command -v strace >/dev/null || skip "no strace"
strace -o probe true 2>probe.err && grep -q execve probe || skip "strace does not work here: $(tail -n 1 probe.err)"

mkdir files files/sub
seq 200 >files/numbers
echo 'int org(void) { return 1; }' >lib.c
echo 'int main(void) { return 0; }' >main.c
build() { # NAME [OPTION...]: a program that needs what the options name
	cc -o "files/$1" main.c -Wl,--no-as-needed -Lstubs -Lfiles "${@:2}" || fail "$1: it does not compile"
}
commands() {
	cat >>list
}

commands <<'COMMANDS'
preload_not_there LD_PRELOAD=libnope.so cat numbers
preload_not_there_by_path LD_PRELOAD=sub/libnope.so cat numbers
preload_in_no_list LD_PRELOAD=libnope.so LD_LIBRARY_PATH=sub cat numbers
COMMANDS

# A library without a soname is known by the name under which it was loaded.
cc -shared -fPIC -o files/libplain.so lib.c || fail "no library"
build plain -lplain
commands <<'COMMANDS'
preload_needed LD_PRELOAD=libplain.so LD_LIBRARY_PATH=$PWD ./plain
preload_needed_by_path LD_PRELOAD=$PWD/libplain.so LD_LIBRARY_PATH=$PWD ./plain
preload_twice LD_PRELOAD="libplain.so libplain.so" LD_LIBRARY_PATH=$PWD ./plain
COMMANDS

# Only what the program or the user says makes ld.so ask where the program lies.
cc -shared -fPIC -o files/libbeside.so lib.c -Wl,-rpath,'$ORIGIN' && cc -shared -fPIC -o files/sub/libdeep.so lib.c || fail "no library"
cc -shared -fPIC -o files/libneeds.so lib.c -Wl,--no-as-needed -Lfiles/sub -ldeep -Wl,-rpath,'$ORIGIN/sub' || fail "no library"
build beside -lbeside
build needs -lneeds -Wl,-rpath-link,files/sub
build own -lbeside -Wl,-rpath,'$ORIGIN'
commands <<'COMMANDS'
origin_of_library LD_LIBRARY_PATH=$PWD ./beside
origin_of_library_by_relative_path LD_LIBRARY_PATH=. ./needs
origin_of_program cd sub; ../own
origin_of_user cd sub; LD_LIBRARY_PATH='$ORIGIN:${ORIGIN}/sub' ../plain; LD_LIBRARY_PATH=$PWD/../'$LIB:$ORIGIN' ../plain
origin_in_preload LD_PRELOAD='$ORIGIN/libplain.so' ./own; LD_PRELOAD='$ORIGIN/libnope.so' ./own
COMMANDS

# The cache has libraries by their sonames; the files behind the links have longer names.
for name in libz.so.1 libstdc++.so.6 libexpat.so.1 libzstd.so.1; do
	for folder in /lib/x86_64-linux-gnu /lib64; do
		[ -L $folder/$name ] && library=$folder/$name && long=$(basename "$(readlink -f $folder/$name)") && [ -e "$folder/$long" ] && break 2
	done
done
if [ -n "${long:-}" ]; then
	mkdir stubs
	cc -shared -fPIC -o stubs/liblong.so lib.c -Wl,-soname,"$long" && cc -shared -fPIC -o stubs/libshort.so lib.c -Wl,-soname,"$(basename "$library")" || fail "no stub"
	build long -llong
	build both -lshort -llong
	build turned -llong -lshort
	build nodefault -llong -Wl,-z,nodefaultlib,-rpath,"$(dirname "$library")"
	commands <<-COMMANDS
		preload_long LD_PRELOAD=$long cat numbers
		long ./long
		both ./both
		turned ./turned
		nodefault ./nodefault
	COMMANDS
fi
if unshare -rm sh -c 'mount -t tmpfs none /etc' 2>unshare.err; then
	commands <<-'COMMANDS'
		no_cache unshare -rm sh -c 'mount -t tmpfs none /etc; cat numbers'
		no_cache_preload unshare -rm sh -c 'mount -t tmpfs none /etc; LD_PRELOAD=libnope.so cat numbers'
	COMMANDS
else
	echo "no cache: not tested: $(cat unshare.err)"
fi

# ld.so as a program opens the program itself, and has options beside the variables.
loader=/lib64/ld-linux-x86-64.so.2
if [ -x $loader ]; then
	ln -s ../own files/sub/link
	commands <<-COMMANDS
		by_loader $loader --library-path . ./plain; true
		by_loader_twice LD_LIBRARY_PATH=sub $loader --library-path \$PWD:/nowhere \$PWD/plain; LD_LIBRARY_PATH=. $loader ./plain
		by_loader_no_cache $(readlink -f $loader) --inhibit-cache --library-path sub:. ./plain; true
		by_loader_preload LD_PRELOAD=libm.so.6 $loader --argv0 other --preload 'libplain.so libnope.so' --library-path . ./plain one two; true
		by_loader_link LD_LIBRARY_PATH=. $loader sub/link; LD_LIBRARY_PATH=sub:. sub/link
		by_loader_origin cd sub; $loader ../own; LD_LIBRARY_PATH='\$ORIGIN/sub' $loader ../own
	COMMANDS
	(cd files && "$SYSSHIM" run -q -e trace=audit --record=../whole -- sh -c "$loader --library-path . ./plain; true")
	"$SYSSHIM" files --strict --deny=/no/such/file whole >whole.out || fail "--library-path: $(cat whole.out)"
	"$SYSSHIM" files --deny="$PWD/files/plain" whole >denied.out && fail "what ld.so executes passes --deny: $(cat denied.out)"
	(cd files && "$SYSSHIM" run -q -e trace=audit --record=../part -- sh -c "$loader --library-path . --inhibit-rpath x ./own; true")
	"$SYSSHIM" files --json part | tail -n 1 | grep -q '"starts_in_part":1' || fail "--inhibit-rpath: nothing is said: $("$SYSSHIM" files part | tail -n 3)"
fi

python3 "$SRC/tests/lib/audit.py" "$SYSSHIM" files list
