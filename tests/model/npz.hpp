// A minimal reader of .npy and .npz for recorded data, and where those data are.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace spikeloom::test {

struct NpyArray {
  std::vector<std::size_t> shape;
  std::vector<double> values;  ///< row-major
};

/// Little-endian numbers only; text arrays come back empty.
NpyArray read_npy(const std::string& path);
std::map<std::string, NpyArray> read_npz(const std::string& path);

/// The last extent times 8, most significant bit first, as numpy.unpackbits.
std::vector<std::uint8_t> unpack_bits(const NpyArray& packed);

/// SPIKELOOM_DATA, else ../shared/data from the project's root.
std::string data_path(const std::string& name);
bool has_data(const std::string& folder);

}  // namespace spikeloom::test
