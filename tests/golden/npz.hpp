// Arrays of NumPy's .npz files, for tests only.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace spikeloom::test {

/// One array, row-major, of any integer type.
struct Array {
  std::vector<std::size_t> shape;
  std::vector<std::int64_t> values;
};

/// The integer arrays of an .npz; text and floating-point arrays are left out. Throws std::runtime_error.
[[nodiscard]] std::map<std::string, Array> read_npz(const std::string& path);
/// The bits of the last axis, most significant first, as numpy.unpackbits gives them.
[[nodiscard]] Array unpack_bits(const Array& packed);
/// One .npy file, integer.
[[nodiscard]] Array read_npy(const std::string& path);
/// Where the real data lie, with "/" at the end: SPIKELOOM_DATA, else beside the project.
[[nodiscard]] std::string data_directory();

}  // namespace spikeloom::test
