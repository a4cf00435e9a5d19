#!/usr/bin/env python3
"""elf_symbol.py FILE SYMBOL: the offset in FILE (hexadecimal) where a function of its dynamic symbol table begins.

elf_symbol.py FILE SYMBOL syscall: the offset of the first `syscall` instruction (0f 05, behind a mov or xor of eax) in it.
Reads ELF64 little-endian directly, so that no binutils are needed."""
import struct
import sys


class Elf:
    def __init__(self, path):
        self.bytes = open(path, "rb").read()
        b = self.bytes
        program_headers, section_headers = struct.unpack_from("<QQ", b, 0x20)
        size, count = struct.unpack_from("<HH", b, 0x36)
        self.segments = [struct.unpack_from("<IIQQQQQQ", b, program_headers + i * size) for i in range(count)]
        size, count = struct.unpack_from("<HH", b, 0x3A)
        self.sections = [struct.unpack_from("<IIQQQQIIQQ", b, section_headers + i * size) for i in range(count)]

    def symbol(self, wanted, kind=11):
        """(address, size) of a defined symbol; kind 11 is .dynsym, 2 is .symtab."""
        for section in self.sections:
            if section[1] != kind:
                continue
            names = self.sections[section[6]][4]
            for at in range(section[4], section[4] + section[5], 24):
                name, _, _, index, value, size = struct.unpack_from("<IBBHQQ", self.bytes, at)
                start = names + name
                if index and self.bytes[start : self.bytes.index(b"\0", start)] == wanted.encode():
                    return value, size
        raise KeyError(wanted)

    def offset(self, address):
        for kind, _, offset, virtual, _, size, _, _ in self.segments:
            if kind == 1 and virtual <= address < virtual + size:
                return address - virtual + offset
        raise KeyError(address)


def main():
    elf = Elf(sys.argv[1])
    address, size = elf.symbol(sys.argv[2])
    offset = elf.offset(address)
    if len(sys.argv) > 3:
        body = elf.bytes[offset : offset + size]
        offset += next(i for i in range(2, size) if body[i : i + 2] == b"\x0f\x05" and (body[i - 5] == 0xB8 or body[i - 2] == 0x31))
    print(hex(offset))


if __name__ == "__main__":
    main()
