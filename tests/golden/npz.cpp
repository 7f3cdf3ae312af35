#include "tests/golden/npz.hpp"

#include <zip.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace spikeloom::test {

namespace {

static_assert(std::endian::native == std::endian::little);

template <class T>
std::vector<std::int64_t> widen(const char* bytes, std::size_t count) {
  std::vector<std::int64_t> result(count);
  for (std::size_t n = 0; n < count; ++n) {
    T value;
    std::memcpy(&value, bytes + n * sizeof(T), sizeof(T));
    result[n] = static_cast<std::int64_t>(value);
  }
  return result;
}

/// Values of a column-major array in row-major order.
std::vector<std::int64_t> row_major(const Array& array) {
  std::vector<std::int64_t> result(array.values.size());
  for (std::size_t n = 0; n < result.size(); ++n) {
    std::size_t rest = n;  // of the column-major index
    std::size_t place = 0;
    std::size_t stride = result.size();
    for (const std::size_t side : array.shape) {
      stride /= side;
      place += rest % side * stride;
      rest /= side;
    }
    result[place] = array.values[n];
  }
  return result;
}

std::string between(const std::string& text, const std::string& before, const std::string& after) {
  const std::size_t begin = text.find(before) + before.size();
  return text.substr(begin, text.find(after, begin) - begin);
}

/// Format: numpy.lib.format, versions 1 and 2. False when the type is not an integer.
bool parse_npy(const std::string& file, Array& array) {
  if (file.size() < 12 || file.compare(0, 6, "\x93NUMPY") != 0) throw std::runtime_error("not an .npy file");
  std::uint32_t length = 0;
  const std::size_t field = file[6] == 1 ? 2 : 4;
  std::memcpy(&length, file.data() + 8, field);
  const std::string header = file.substr(8 + field, length);
  const char* bytes = file.data() + 8 + field + length;
  std::stringstream sides(between(header, "'shape': (", ")"));
  std::size_t count = 1;
  for (std::string side; std::getline(sides, side, ',');) {
    if (side.find_first_of("0123456789") == std::string::npos) continue;
    array.shape.push_back(std::stoull(side));
    count *= array.shape.back();
  }
  const std::string type = between(header, "'descr': '", "'");
  if (type == "|u1" || type == "|b1")
    array.values = widen<std::uint8_t>(bytes, count);
  else if (type == "|i1")
    array.values = widen<std::int8_t>(bytes, count);
  else if (type == "<i2")
    array.values = widen<std::int16_t>(bytes, count);
  else if (type == "<i4")
    array.values = widen<std::int32_t>(bytes, count);
  else if (type == "<i8")
    array.values = widen<std::int64_t>(bytes, count);
  else if (type == "<f4")
    array.values = widen<float>(bytes, count);
  else if (type == "<f8")
    array.values = widen<double>(bytes, count);
  else
    return false;
  if (header.find("'fortran_order': True") != std::string::npos) array.values = row_major(array);
  return true;
}

}  // namespace

std::map<std::string, Array> read_npz(const std::string& path) {
  int error = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_RDONLY, &error);
  if (archive == nullptr) throw std::runtime_error(path + ": cannot be opened");
  std::map<std::string, Array> result;
  for (zip_int64_t n = 0; n < zip_get_num_entries(archive, 0); ++n) {
    zip_stat_t entry;
    zip_stat_index(archive, static_cast<zip_uint64_t>(n), 0, &entry);
    std::string bytes(entry.size, '\0');
    zip_file_t* file = zip_fopen_index(archive, static_cast<zip_uint64_t>(n), 0);
    const bool whole =
        file != nullptr && zip_fread(file, bytes.data(), entry.size) == static_cast<zip_int64_t>(entry.size);
    if (file != nullptr) zip_fclose(file);
    if (!whole) throw std::runtime_error(path + ": cannot be read");
    const std::string name = entry.name;
    Array array;
    if (parse_npy(bytes, array)) result[name.substr(0, name.size() - 4)] = std::move(array);
  }
  zip_close(archive);
  return result;
}

Array unpack_bits(const Array& packed) {
  Array result;
  result.shape = packed.shape;
  result.shape.back() *= 8;
  result.values.reserve(packed.values.size() * 8);
  for (const std::int64_t byte : packed.values) {
    for (int bit = 7; bit >= 0; --bit) result.values.push_back((byte >> bit) & 1);
  }
  return result;
}

Array read_npy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": cannot be opened");
  std::ostringstream bytes;
  bytes << file.rdbuf();
  Array array;
  if (!parse_npy(bytes.str(), array)) throw std::runtime_error(path + ": not integers");
  return array;
}

std::string data_directory() {
  const char* given = std::getenv("SPIKELOOM_DATA");
  return given != nullptr ? std::string(given) + "/" : std::string(SPIKELOOM_SOURCE_DIR) + "/../shared/data/";
}

}  // namespace spikeloom::test
