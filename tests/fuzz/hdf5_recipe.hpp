// Bytes that say, step by step, what an HDF5 file holds.
#pragma once

#include "tests/fuzz/target.hpp"

namespace spikeloom::fuzz {

/// Whether `in_child` does its work in this process, where its coverage counts. Only where the fuzzers'
/// in_child is linked (child_in_process.cpp).
extern bool children_in_process;

struct InProcess {
  InProcess() { children_in_process = true; }
  ~InProcess() { children_in_process = false; }
  InProcess(const InProcess&) = delete;
  InProcess& operator=(const InProcess&) = delete;
};

/// The file. A step is a byte modulo 9, and what it needs:
///   0 into a group: name            5 an attribute of the group, a text: name, text
///   1 out of it                     6 an attribute of the group, a number: name, eight bytes
///   2 numbers: name, kind, rank,    7 a link: name, kind, where to
///     extents, values               8 lists of numbers: name, type, how many lists, and of each list a
///   3 a text: name, text              byte of length and the values
///   4 a list of texts: name, rank, extents, texts
/// A name or text is a byte of length and the bytes; an extent two bytes. kind % 8 is the type (f4, f8, i1,
/// u1, i4, i8, u8, bool), kind / 8 % 4 the storage: contiguous, in chunks, compressed, never written.
[[nodiscard]] std::vector<std::uint8_t> hdf5_file(Bytes recipe);

}  // namespace spikeloom::fuzz
