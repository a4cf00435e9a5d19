# Runs the program under gdb with breakpoints that are in libc's text before any constructor has run: on the first byte of write and on
# a `syscall` instruction. Prints for every stop the names of the frames from libc's function down to main.
# Set by the driver: $offset_first, $offset_syscall (in libc's file), $variables (for env, in front of the program).
import gdb


def mappings(pid):
    for line in open(f"/proc/{pid}/maps"):
        fields = line.split()
        if len(fields) >= 6 and fields[5].endswith("/libc.so.6"):
            yield [int(x, 16) for x in fields[0].split("-")] + [int(fields[2], 16)]


def address(pid, offset):
    for start, end, at in mappings(pid):
        if at <= offset < at + end - start:
            return start + offset - at
    return None


def frames():
    frame, names = gdb.newest_frame(), []
    while frame is not None:
        names.append(frame.name() or "?")
        frame = frame.older()
    return names


def value(name):
    return gdb.convenience_variable(name)


gdb.execute("set pagination off")
gdb.execute("set debuginfod enabled off")
gdb.execute("set exec-wrapper env " + value("variables").string())
gdb.execute("set stop-on-solib-events 1")
gdb.execute("run")
while not list(mappings(gdb.selected_inferior().pid)):
    gdb.execute("continue")
gdb.execute("set stop-on-solib-events 0")
pid = gdb.selected_inferior().pid
points = {}
for name in ("first", "syscall"):
    where = address(pid, int(value("offset_" + name)))
    points[gdb.Breakpoint(f"*{where:#x}").number] = name
stops = {"first": [], "syscall": []}


def on_stop(event):
    if isinstance(event, gdb.BreakpointEvent):
        for breakpoint in event.breakpoints:
            stops[points[breakpoint.number]].append(frames())


gdb.events.stop.connect(on_stop)
codes = []
gdb.events.exited.connect(lambda event: codes.append(getattr(event, "exit_code", None)))
while not codes:
    gdb.execute("continue")
with open("stops", "w") as out:
    for name, all_frames in stops.items():
        for names in all_frames:
            print(name, *[n for n in names if n in ("hello", "by_stdio", "main")], file=out)
    print("exit code", codes[0], file=out)
