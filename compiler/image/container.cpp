#include "compiler/image/container.hpp"

#include <algorithm>

#include "compiler/base/error.hpp"
#include "compiler/base/file_kind.hpp"
#include "spikeloom_hw.hpp"

namespace spikeloom {
namespace {

/// FNV-1a, 64 bits.
std::uint64_t checksum(const std::uint8_t* data, std::size_t size) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (std::size_t i = 0; i < size; ++i) hash = (hash ^ data[i]) * 1099511628211ULL;
  return hash;
}

void put(std::vector<std::uint8_t>& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::uint64_t get(const std::vector<std::uint8_t>& in, std::size_t at, int bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value |= std::uint64_t{in[at + static_cast<std::size_t>(i)]} << (8 * i);
  return value;
}

}  // namespace

std::vector<std::uint8_t> seal(const std::vector<std::uint8_t>& payload) {
  std::vector<std::uint8_t> out(kImageMagic.begin(), kImageMagic.end());
  put(out, kImageVersion, 4);
  put(out, hw::kHardwareHash, 4);
  put(out, payload.size(), 8);
  put(out, checksum(payload.data(), payload.size()), 8);
  out.insert(out.end(), payload.begin(), payload.end());
  return out;
}

std::vector<std::uint8_t> unseal(const std::vector<std::uint8_t>& bytes, const std::string& name) {
  const FileKind kind = kind_of_file({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (kind == FileKind::kHdf5)
    throw input_error(name +
                      ": an HDF5 file, such as a network in NIR, not a compiled image; `spikeloom check`, "
                      "`explain` and `compile` take networks, and `compile` writes their images");
  if (kind != FileKind::kImage || bytes.size() < kImageHeader)
    throw input_error(name + ": not a compiled image; expected a file that `spikeloom compile` wrote");
  if (const std::uint64_t version = get(bytes, 8, 4); version != kImageVersion)
    throw input_error(name + ": image format " + std::to_string(version) + ", this program reads " +
                      std::to_string(kImageVersion) + "; compile the network again");
  if (get(bytes, 12, 4) != hw::kHardwareHash)
    throw input_error(name + ": compiled for another hardware description (hash " +
                      std::to_string(get(bytes, 12, 4)) + ", this program has " +
                      std::to_string(hw::kHardwareHash) + "); compile the network again");
  if (const std::uint64_t size = get(bytes, 16, 8); size != bytes.size() - kImageHeader)
    throw input_error(name + ": the file is cut or grown: expected " + std::to_string(size) +
                      " bytes after its header, found " + std::to_string(bytes.size() - kImageHeader));
  if (get(bytes, 24, 8) != checksum(bytes.data() + kImageHeader, bytes.size() - kImageHeader))
    throw input_error(name + ": the file is damaged: its checksum does not match; compile the network again");
  return {bytes.begin() + static_cast<std::ptrdiff_t>(kImageHeader), bytes.end()};
}

}  // namespace spikeloom
